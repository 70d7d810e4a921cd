"""Audiences under a name: all of them with how many they mean, and what is done with one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from msgspec.structs import replace

from wabox.campaigns import following
from wabox.campaigns.stored import Campaign
from wabox.contacts import audiences, segments
from wabox.contacts.audiences import Audience
from wabox.contacts.segments import EVERYBODY, Segment
from wabox.dashboard.contacts.forms import note
from wabox.dashboard.contacts.searching import Search, search_of
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.mounting import Mount

MEANT = {
    "no_consent": Segment(consent="no"),
    "wrote": Segment(wrote_to_us=True),
    "never": Segment(contacted="never"),
}  # what a filter of the list asks of an audience; the others are no lasting choice


@dataclass(frozen=True, slots=True)
class Shown:
    """An audience as the page shows it. planned: campaigns for it that have still to begin."""

    audience: Audience
    segment: Segment
    people: int
    planned: tuple[Campaign, ...]


@get("/contacts/audiences")
async def page(desk: Desk) -> Response[str]:
    """All of them; `tag` and `only` as on the list of contacts offer to keep what is shown there."""
    query = desk.request.query_params
    return await _page(desk, search_of(lambda name: query.get(name, "")))


@post("/contacts/audiences")
async def make(desk: Desk) -> Response[str]:
    """What the list shows is kept as an audience."""
    form = await desk.form()
    search, name = search_of(form.text), form.text("name")

    def verb(tx: Tx) -> None:
        audiences.add(tx, desk.user.id, name, _segment(search), now=desk.box.now())

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _page(desk, search, name=name, errors=wrong.details or {"name": wrong.sentence}, status=422)
    return desk.go("/contacts/audiences", said="audience_kept")


@post("/contacts/audiences/{audience_id:int}")
async def rename(audience_id: int, desk: Desk) -> Response[str]:
    """It is called otherwise."""
    name = (await desk.form()).text("name")

    def verb(tx: Tx) -> None:
        now, config = desk.box.now(), desk.box.config
        following.change(tx, desk.user.id, known_id(audience_id), name=name, config=config, now=now)

    return await _done(desk, verb, audience_id, "saved")


@post("/contacts/audiences/{audience_id:int}/delete")
async def delete(audience_id: int, desk: Desk) -> Response[str]:
    """It is gone; its people stay."""

    def verb(tx: Tx) -> None:
        gone = following.remove(tx, desk.user.id, known_id(audience_id))
        note(tx, desk, "audience.deleted", audience_id, name=gone.name)

    return await _done(desk, verb, audience_id, "audience_gone")


async def _done(desk: Desk, verb: Any, audience_id: int, said: str) -> Response[str]:
    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _page(desk, Search(), errors={f"name-{audience_id}": wrong.sentence}, status=422)
    return desk.go("/contacts/audiences", said=said)


def _segment(search: Search) -> Segment:
    """Whom the list shows, as far as an audience can say it."""
    return replace(MEANT.get(search.only, EVERYBODY), tags_any=(search.tag,) if search.tag else ())


async def _page(
    desk: Desk, search: Search, *, name: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    def ask(rows: Rows) -> list[Shown]:
        return [_shown(rows, desk, one) for one in audiences.every(rows, desk.user.id)]

    offered = bool(search.tag or search.only in MEANT)
    return desk.page(
        "contacts/audiences.html",
        status=status,
        here="contacts",
        shown=await desk.box.db.read(ask),
        search=search,
        segment=segments.tidy(_segment(Search(tag=search.tag[:64], only=search.only))) if offered else None,
        name=name or search.tag[:64],
        errors=errors or {},
    )


def _shown(rows: Rows, desk: Desk, one: Audience) -> Shown:
    people = following.count(rows, one, config=desk.box.config, at=desk.voice.now)
    return Shown(one, one.segment, people, tuple(following.planned(rows, desk.user.id, one.id)))


router = Mount(path="/", route_handlers=[page, make, rename, delete])
