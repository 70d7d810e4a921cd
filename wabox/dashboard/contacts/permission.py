"""Whether one person may be written to: opting out and in by the owner, and the record of consent."""

from __future__ import annotations

from collections.abc import Callable

from litestar import Response, post

from wabox.campaigns import replies
from wabox.contacts import stored as contacts
from wabox.contacts import suppression, writing
from wabox.dashboard.contacts.forms import consent_in, errors_of, note
from wabox.dashboard.contacts.page import show_contact
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.messages import stored
from wabox.mounting import Mount


@post("/contacts/{contact_id:int}/consent")
async def consent(contact_id: int, desk: Desk) -> Response[str]:
    """That the person agreed is on record: how, when, and who wrote it down."""
    form = await desk.form()

    def verb(tx: Tx) -> None:
        agreed = consent_in(form, desk)
        writing.patch(tx, desk.user.id, known_id(contact_id), consent=agreed, now=desk.box.now())
        note(tx, desk, "contact.consent_noted", contact_id, source=agreed.source)

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await show_contact(desk, contact_id, errors=errors_of(wrong), status=422)
    return desk.go(f"/contacts/{contact_id}", said="consent_noted")


@post("/contacts/{contact_id:int}/consent/remove")
async def remove_consent(contact_id: int, desk: Desk) -> Response[str]:
    """There is no consent on record any more."""

    def verb(tx: Tx) -> None:
        writing.patch(tx, desk.user.id, known_id(contact_id), consent=None, now=desk.box.now())
        note(tx, desk, "contact.consent_removed", contact_id)

    return await _done(desk, contact_id, verb, "consent_removed")


@post("/contacts/{contact_id:int}/opt-out")
async def opt_out(contact_id: int, desk: Desk) -> Response[str]:
    """Nothing more goes to the person."""

    def verb(tx: Tx) -> int:
        phone = contacts.of_user(tx, desk.user.id, known_id(contact_id)).phone
        by = desk.user.email
        if replies.opt_out_by_owner(tx, desk.user.id, phone, source="owner", by=by, now=desk.box.now()):
            note(tx, desk, "contact.opted_out", contact_id)
        return stored.on_its_way(tx, desk.user.id, phone=phone)

    late = await desk.box.db.write(verb)
    return desk.go(f"/contacts/{contact_id}", said="opted_out_late" if late else "opted_out")


@post("/contacts/{contact_id:int}/opt-in")
async def opt_in(contact_id: int, desk: Desk) -> Response[str]:
    """The owner says that the person wants to be written to again."""

    def verb(tx: Tx) -> None:
        phone = contacts.of_user(tx, desk.user.id, known_id(contact_id)).phone
        by = desk.user.email
        if suppression.opt_in(tx, desk.user.id, phone, source="owner", by=by, now=desk.box.now()):
            note(tx, desk, "contact.opted_in", contact_id)

    return await _done(desk, contact_id, verb, "opted_in")


async def _done(desk: Desk, contact_id: int, verb: Callable[[Tx], None], said: str) -> Response[str]:
    await desk.box.db.write(verb)
    return desk.go(f"/contacts/{contact_id}", said=said)


router = Mount(path="/", route_handlers=[consent, remove_consent, opt_out, opt_in])
