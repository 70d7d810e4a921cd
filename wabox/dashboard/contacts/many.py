"""What is done to many people at once: those ticked on the list, or all that a search found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from litestar import Response, post

from wabox.accounts import audit
from wabox.contacts import fields, tagging, writing
from wabox.contacts import stored as contacts
from wabox.dashboard.contacts.searching import Search, search_of
from wabox.dashboard.frame.asked import cursor_of, number
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.mounting import Mount

DEEDS = ("tag", "untag", "remove")
MOST_UNASKED = 100  # people that are removed without typing how many they are


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom the form means. all: everybody that the search finds, up to the id that was there when it was asked."""

    ids: tuple[int, ...]
    all: bool
    search: Search
    until: int

    @property
    def fields(self) -> list[tuple[str, str]]:
        """As a form has it, to be asked again."""
        kept = [("q", self.search.q), ("tag", self.search.tag), ("only", self.search.only)]
        if self.all:
            return [("all", "1"), ("until", str(self.until)), *kept]
        return [*(("ids", str(one)) for one in self.ids), *kept]


@post("/contacts/many")
async def act(desk: Desk) -> Response[str]:
    """Everybody chosen has the tag, or has it no more; for removing them the next page asks."""
    form = await desk.form()
    chosen, deed, tag = await _chosen(desk, form), form.text("deed"), form.text("new_tag")
    back = f"/contacts{chosen.search.query()}"
    if deed not in DEEDS or not (chosen.all or chosen.ids):
        return desk.go(back, said="nobody_chosen")
    if deed == "remove":
        return await _asked(desk, chosen)
    try:
        tag = fields.tag(tag)
    except Invalid:
        return desk.go(back, said="no_tag")
    verb = tagging.put if deed == "tag" else tagging.take
    touched = 0
    async for ids in _pieces(desk, chosen):
        touched += await desk.box.db.write(verb, desk.user.id, ids, tag, now=desk.box.now())
    await desk.box.db.write(_note, desk, "contacts.tagged" if deed == "tag" else "contacts.untagged", tag, touched)
    return desk.go(back, said="many_tagged" if deed == "tag" else "many_untagged")


@post("/contacts/many/remove")
async def remove(desk: Desk) -> Response[str]:
    """They are gone from the list; the log of messages, and who wants no more, stay."""
    form = await desk.form()
    chosen = await _chosen(desk, form)
    count = await desk.box.db.read(_count, desk.user.id, chosen)
    if count > MOST_UNASKED and number(form.text("sure")) != count:
        return await _asked(desk, chosen, error=later("Type the number that stands here."))
    gone = 0
    async for ids in _pieces(desk, chosen):
        gone += await desk.box.db.write(writing.remove_many, desk.user.id, ids)
    await desk.box.db.write(_note, desk, "contacts.deleted", "", gone)
    return desk.go("/contacts", said="many_removed")


async def _chosen(desk: Desk, form: Form) -> Chosen:
    """Whom it means; nobody who came after it was shown, or is there only now."""
    ids = tuple(one for text in form.texts("ids") if (one := cursor_of(text)))
    newest = await desk.box.db.read(contacts.newest, desk.user.id)
    until = min(cursor_of(form.text("until")) or newest, newest)
    return Chosen(ids, form.ticked("all"), search_of(form.text), until)


def _some(rows: Rows, user_id: int, chosen: Chosen, after: int) -> list[int]:
    if chosen.all:
        wanted, most = chosen.search.wanted, tagging.MOST_AT_ONCE
        return contacts.ids(rows, user_id, wanted, after=after, until=chosen.until, most=most)
    return [one.id for one in contacts.some(rows, user_id, sorted(one for one in chosen.ids if one > after))]


def _count(rows: Rows, user_id: int, chosen: Chosen) -> int:
    if not chosen.all:
        return len(contacts.some(rows, user_id, list(chosen.ids)))
    count, after = 0, 0
    while found := _some(rows, user_id, chosen, after):
        count, after = count + len(found), found[-1]
    return count


async def _pieces(desk: Desk, chosen: Chosen) -> AsyncIterator[list[int]]:
    """The ids that are meant, some at a time."""
    after = 0
    while ids := await desk.box.db.read(_some, desk.user.id, chosen, after):
        yield ids
        after = ids[-1]


async def _asked(desk: Desk, chosen: Chosen, *, error: str = "") -> Response[str]:
    count = await desk.box.db.read(_count, desk.user.id, chosen)
    if not count:
        return desk.go(f"/contacts{chosen.search.query()}", said="nobody_chosen")
    return desk.page(
        "contacts/many.html",
        status=422 if error else 200,
        here="contacts",
        chosen=chosen,
        count=count,
        typed=count > MOST_UNASKED,
        errors={"sure": error} if error else {},
    )


def _note(tx: Tx, desk: Desk, action: str, tag: str, count: int) -> None:
    audit.note(
        tx,
        user_id=desk.user.id,
        action=action,
        subject=tag or None,
        details={"contacts": count},
        ip=desk.ip,
        now=desk.box.now(),
    )


router = Mount(path="/", route_handlers=[act, remove])
