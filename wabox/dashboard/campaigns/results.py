"""Whom a campaign did not reach: as a file, with a tag, and in the composer once more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.response import Stream

from wabox import times
from wabox.accounts import audit
from wabox.campaigns import not_reached
from wabox.campaigns import stored as campaigns
from wabox.campaigns.not_reached import Missed
from wabox.contacts import exporting, fields, identities, tagging
from wabox.dashboard.frame.answers import download
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.mounting import Mount

HEADER = ("phone", "name", "status", "reason", "explanation", "ended_at")
EVERY, NONE = "*", "none"  # reasons


@get("/campaigns/{campaign_id:int}/not-reached.csv")
async def export(campaign_id: int, desk: Desk) -> Stream:
    """Everybody who did not get it, with the reason."""
    known = known_id(campaign_id)
    await desk.box.db.read(campaigns.of_user, desk.user.id, known)

    async def pieces() -> AsyncIterator[str]:
        yield exporting.text([HEADER], start=True)
        after = 0
        while found := await desk.box.db.read(not_reached.some, desk.user.id, known, after=after):
            after = found[-1].message_id
            yield exporting.text([_cells(one) for one in found], start=False)

    await desk.box.db.write(_note, desk, "contact.exported", str(known), {})
    return download(pieces, f"campaign-{known}-not-reached.csv")


@post("/campaigns/{campaign_id:int}/not-reached")
async def act(campaign_id: int, desk: Desk) -> Response[str]:
    """They have a tag; to write to them again, the composer opens with it as the audience."""
    form, known = await desk.form(), known_id(campaign_id)
    reason, back = form.text("reason"), f"/campaigns/{known}#not-reached"
    error = None if reason in ("", EVERY) else "" if reason == NONE else reason
    ids = await desk.box.db.read(not_reached.again, desk.user.id, known, error=error)
    try:
        tag = fields.tag(form.text("tag"))
    except Invalid:
        return desk.go(back, said="no_tag")
    if not ids:
        return desk.go(back, said="nobody_to_write_to")
    if form.text("deed") == "write":
        tag = await desk.box.db.read(_of_its_own, desk.user.id, tag, ids)
    touched = 0
    for at in range(0, len(ids), tagging.MOST_AT_ONCE):
        piece = ids[at : at + tagging.MOST_AT_ONCE]
        touched += await desk.box.db.write(tagging.put, desk.user.id, piece, tag, now=desk.box.now())
    await desk.box.db.write(_note, desk, "contacts.tagged", tag, {"contacts": touched})
    if form.text("deed") == "write":
        return desk.go(f"/campaigns/new?{urlencode({'like': known, 'tag': tag})}")
    return desk.go(back, said="many_tagged")


def _of_its_own(rows: Rows, user_id: int, tag: str, contact_ids: list[int]) -> str:
    """The tag, or one with a number behind it that nobody else has: an audience of these alone."""
    tried, number = tag, 1
    while tagging.having_beside(rows, user_id, tried, contact_ids):
        number += 1
        tried = f"{tag[: fields.MOST_TAG - 1 - len(str(number))].rstrip()} {number}"
    return tried


def _note(tx: Tx, desk: Desk, action: str, subject: str, details: dict[str, object]) -> None:
    now = desk.box.now()
    audit.note(tx, user_id=desk.user.id, action=action, subject=subject, details=details, ip=desk.ip, now=now)


def _cells(one: Missed) -> tuple[str, ...]:
    return (
        identities.number(one.phone) or "",
        one.name or "",
        one.status,
        one.error,
        one.text,
        times.wire_or_none(one.at) or "",
    )


router = Mount(path="/", route_handlers=[export, act])
