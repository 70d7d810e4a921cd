"""All tags, and one of them to rename, join with another, or take from everybody."""

from __future__ import annotations

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.campaigns import retagging
from wabox.contacts import fields, tagging
from wabox.contacts import stored as contacts
from wabox.dashboard.contacts.forms import errors_of
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.asked import typed
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.mounting import Mount


@get("/contacts/tags")
async def page(desk: Desk) -> Response[str]:
    """Every tag with how many have it; `tag` opens one."""
    tag = typed(desk.request.query_params.get("tag", ""))
    if tag:
        return await _one(desk, tag, tag, {})
    return desk.page(
        "contacts/tags.html", here="contacts", tags=await desk.box.db.read(contacts.tags, desk.user.id)
    )


@post("/contacts/tags/rename")
async def rename(desk: Desk) -> Response[str]:
    """The tag is called so, everywhere; if there was one of that name, both are one, once that was asked."""
    form = await desk.form()
    tag, to = typed(form.text("tag")), form.text("name")
    try:
        to = fields.tag(to)
        old = fields.tag(tag)
    except Invalid as wrong:
        return await _one(desk, tag, to, errors_of(wrong), status=422)
    other = await desk.box.db.read(tagging.having, desk.user.id, to) if fields.key(old) != fields.key(to) else 0
    if other and not form.ticked("join"):
        return await _one(desk, tag, to, {}, joins=other)
    count = 0
    try:
        while touched := await desk.box.db.write(retagging.rename, desk.user.id, old, to, now=desk.box.now()):
            count += touched
    except Invalid as wrong:
        return await _one(desk, tag, to, errors_of(wrong), status=422)
    await desk.box.db.write(_note, desk, "tag.renamed", old, {"to": to, "contacts": count})
    return desk.go("/contacts/tags", said="tags_joined" if other else "saved")


@post("/contacts/tags/delete")
async def delete(desk: Desk) -> Response[str]:
    """Nobody has the tag any more; the people stay."""
    tag = typed((await desk.form()).text("tag"))
    count = 0
    try:
        while touched := await desk.box.db.write(retagging.drop, desk.user.id, tag, now=desk.box.now()):
            count += touched
    except Invalid as wrong:
        return await _one(desk, tag, tag, errors_of(wrong), status=422)
    await desk.box.db.write(_note, desk, "tag.deleted", tag, {"contacts": count})
    return desk.go("/contacts/tags", said="tag_gone")


async def _one(
    desk: Desk, tag: str, name: str, errors: dict[str, str], *, joins: int = 0, status: int = 200
) -> Response[str]:
    """joins: how many have the tag that it would be one with."""
    try:
        count = await desk.box.db.read(tagging.having, desk.user.id, tag)
    except Invalid:
        count = 0
    if not count:
        raise nothing_here()
    errors = {"name" if key == "more" else key: sentence for key, sentence in errors.items()}
    return desk.page(
        "contacts/tag.html",
        status=status,
        here="contacts",
        tag=tag,
        name=name,
        count=count,
        joins=joins,
        errors=errors,
    )


def _note(tx: Tx, desk: Desk, action: str, tag: str, details: dict[str, str | int]) -> None:
    audit.note(
        tx, user_id=desk.user.id, action=action, subject=tag, details=details, ip=desk.ip, now=desk.box.now()
    )


router = Mount(path="/", route_handlers=[page, rename, delete])
