"""A place, a contact card or a poll, sent into a talk: a form each, and the user's contacts to choose from."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Any

from litestar import Response, get, post

from wabox.contacts import stored as contacts
from wabox.contacts import suppression
from wabox.dashboard.frame.asked import cursor_of, typed
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.tickets import Tickets, fresh, ticket_of
from wabox.dashboard.inbox.talk import device_of, known_address, queue, said_of
from wabox.dashboard.names.enclosed import degrees
from wabox.db import Rows, Tx
from wabox.errors import Forbidden, InsufficientCredits, Invalid, NotFound, Refusal, Unavailable
from wabox.languages import later
from wabox.messages import carrying, log
from wabox.messages.stored import Enclosed
from wabox.mounting import Kept, Mount

MOST_FOUND = 8
MOST_TYPED = 4_000

_POINT = re.compile(r"([+-]?\d{1,3}(?:\.\d{1,17})?)(?:\s*,\s*|\s+)([+-]?\d{1,3}(?:\.\d{1,17})?)")
_FIELDS = {
    "location": {"latitude": "point", "longitude": "point", "name": "place"},
    "contact": {"phone": "number"},
    "poll": {},
}


@dataclass(frozen=True, slots=True)
class Draft:
    """The forms as they were filled in. point: latitude and longitude, as maps copy them. options: one a line."""

    point: str = ""
    place: str = ""
    address: str = ""
    name: str = ""
    number: str = ""
    question: str = ""
    options: str = ""
    many: bool = field(default=False, kw_only=True)


@get("/inbox/{phone:str}/enclose")
async def page(phone: str, desk: Desk) -> Response[str]:
    """The forms; the place in it is the one that was sent last, whomever to."""
    return await _page(desk, phone)


@post("/inbox/{phone:str}/enclose")
async def send(phone: str, desk: Desk, tickets: Tickets) -> Response[str]:
    """The place, the card or the poll is queued for this person, from the phone they wrote to."""
    await desk.box.db.read(_known, desk, phone)
    form = await desk.form()
    kind = form.text("kind") if form.text("kind") in _FIELDS else "location"
    names = ("point", "place", "address", "name", "number", "question")
    options, many = form.text("options")[:MOST_TYPED], form.ticked("many")
    draft = replace(Draft(*(form.text(name)[:400] for name in names)), options=options, many=many)

    def send() -> Awaitable[int]:
        given = _given(draft, kind, desk.box.config.locale.country)
        return desk.box.db.write(_send, desk, phone, given, keep=form.ticked("keep"))

    try:
        sent = await tickets.once(desk.user.id, ticket_of(form), send)
    except (Invalid, Unavailable, Forbidden, InsufficientCredits) as refusal:
        return await _page(desk, phone, draft=draft, kind=kind, refusal=refusal)
    said = "replied" if sent.again else desk.box.db.read_here(said_of, sent.id)
    return desk.go(f"/inbox/{phone}#latest", said=said)


def _given(draft: Draft, kind: str, country: str) -> Enclosed:
    if kind == "contact":
        return carrying.card(draft.name, draft.number, country=country)
    if kind == "poll":
        lines = [line for line in draft.options.splitlines() if line.strip()]
        return carrying.poll(draft.question, lines, many=draft.many)
    found = _POINT.fullmatch(draft.point.strip(" ()"))
    if found is None:
        sentence = later("Write the point as a map shows it: 23.7806, 90.2792.")
        raise Invalid("bad_location", sentence, details={"point": sentence})
    return carrying.place(float(found[1]), float(found[2]), draft.place, draft.address)


def _send(tx: Tx, desk: Desk, phone: str, given: Enclosed, *, keep: bool) -> int:
    return queue(tx, desk, known_address(tx, desk, phone), keep=keep, instead=given)


def _known(rows: Rows, desk: Desk, phone: str) -> tuple[str, str | None]:
    """Where this person's talk stands, and what the user calls them. Raises NotFound for whom nobody knows."""
    address = known_address(rows, desk, phone)
    contact = contacts.by_phone(rows, desk.user.id, address)
    if contact is None and not log.talk(rows, desk.user.id, address, most=1).said:
        raise NotFound("not_found", "Nothing was said with this number yet.")
    return address, contact.name if contact else None


def _begun(rows: Rows, desk: Desk) -> Draft:
    """The place that was sent last, and the contact that was chosen from those found."""
    last = log.last_place(rows, desk.user.id)
    chosen = contacts.some(rows, desk.user.id, [cursor_of(desk.request.query_params.get("contact", "")) or 0])
    point = "" if last is None else degrees(last)
    return Draft(
        point,
        (last.name or "") if last else "",
        (last.address or "") if last else "",
        (chosen[0].name or "") if chosen else "",
        f"+{chosen[0].phone}" if chosen else "",
    )


def _errors(refusal: Refusal | None, kind: str) -> dict[str, str]:
    """A sentence for each field of the form that was sent; what is about no field stands above them."""
    if refusal is None:
        return {}
    names = _FIELDS[kind]
    fields = {names.get(one, one.partition("[")[0]): text for one, text in refusal.details.items()}
    here = {one: text for one, text in fields.items() if one in Draft.__slots__}
    return here or {"form": refusal.sentence}


async def _page(
    desk: Desk,
    phone: str,
    *,
    draft: Draft | None = None,
    kind: str = "",
    refusal: Refusal | None = None,
) -> Response[str]:
    def ask(rows: Rows) -> dict[str, Any]:
        address, called = _known(rows, desk, phone)
        q = typed(desk.request.query_params.get("q", ""))
        wanted = contacts.Wanted(text=q)
        return {
            "phone": address,
            "called": called,
            "opted_out": suppression.is_out(rows, desk.user.id, address),
            "device": device_of(rows, desk.user.id, address),
            "draft": draft or _begun(rows, desk),
            "q": q,
            "found": contacts.page(rows, desk.user.id, wanted, per_page=MOST_FOUND).contacts if q else [],
        }

    return desk.page(
        "inbox/enclosing.html",
        status=200 if refusal is None else refusal.status,
        here="inbox",
        kind=kind,
        errors=_errors(refusal, kind),
        offline=refusal is not None and refusal.code == "device_not_ready",
        ticket=fresh(),
        **await desk.box.db.read(ask),
    )


router = Mount(
    path="/",
    route_handlers=[page, send],
    dependencies={"tickets": Kept(lambda _: Tickets()).provide},
)
