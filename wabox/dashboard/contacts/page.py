"""People: the list with its search, one person with everything known of them, and the file of all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litestar import Response, get, post
from litestar.response import Stream
from msgspec import UNSET

from wabox.accounts import audit
from wabox.contacts import exporting, fields, identities, own, phones, segments, suppression, writing
from wabox.contacts import stored as contacts
from wabox.contacts.segments import Segment
from wabox.contacts.stored import Contact
from wabox.dashboard.contacts.forms import SOURCES, Draft, consent_in, draft_of, errors_of, note, tags_of
from wabox.dashboard.contacts.searching import ONLY, Search, search_of
from wabox.dashboard.frame.answers import download
from wabox.dashboard.frame.asked import cursor_of, typed
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.media import intake
from wabox.messages import addressees, log
from wabox.mounting import Mount

PER_PAGE = 50
TALK = 30


@get("/contacts")
async def page(desk: Desk) -> Response[str]:
    """Everybody, newest first."""

    def ask(rows: Rows) -> dict[str, Any]:
        query = desk.request.query_params
        search = search_of(lambda name: query.get(name, ""))
        cursor = cursor_of(query.get("cursor", ""))
        return {
            "search": search,
            "cursor": cursor,
            "found": contacts.page(rows, desk.user.id, search.wanted, per_page=PER_PAGE, cursor=cursor),
            "tags": contacts.tags(rows, desk.user.id),
            "newest": contacts.newest(rows, desk.user.id),
            "only": ONLY,
            "hidden": identities.hidden(rows, desk.user.id, search.q)
            if search == Search(q=search.q or "?")
            else [],
        }

    return desk.page("contacts/page.html", here="contacts", **await desk.box.db.read(ask))


@get("/contacts/new")
async def new(desk: Desk) -> Response[str]:
    """The empty form; `phone` fills it for somebody who wrote, `name` too for whose card came."""
    phone, name = (typed(desk.request.query_params.get(one, "")) for one in ("phone", "name"))
    whole = phone.isdecimal() and not phone.startswith("0")
    return await _form(desk, Draft(phone=f"+{phone}" if whole else phone, name=name), {})


@post("/contacts")
async def add(desk: Desk) -> Response[str]:
    """The person is written down; one that was known is brought up to date."""
    form = await desk.form()
    draft = draft_of(form, await desk.box.db.read(own.names, desk.user.id))

    def verb(tx: Tx) -> tuple[Contact, bool]:
        phone = phones.parse(draft.phone, country=desk.box.config.locale.country)
        name, custom = fields.name(draft.name), fields.custom(draft.custom)
        tags = tags_of(draft)
        return writing.upsert(
            tx,
            desk.user.id,
            phone=phone.digits,
            flagged=phone.flagged,
            name=UNSET if name is None else name,
            custom=UNSET if custom is None else custom,
            tags=tags or UNSET,
            consent=consent_in(form, desk) if form.text("source") else UNSET,
            fields={name: text for name, text in draft.own.items() if text},
            now=desk.box.now(),
        )

    try:
        contact, is_new = await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _form(desk, draft, errors_of(wrong), status=422)
    return desk.go(f"/contacts/{contact.id}", said="contact_added" if is_new else "contact_known")


@get("/contacts/{contact_id:int}")
async def show(contact_id: int, desk: Desk) -> Response[str]:
    """One person."""
    return await show_contact(desk, contact_id)


@post("/contacts/{contact_id:int}")
async def edit(contact_id: int, desk: Desk) -> Response[str]:
    """Name, tags and text are what the form says now."""
    draft = draft_of(await desk.form(), await desk.box.db.read(own.names, desk.user.id))

    def verb(tx: Tx) -> None:
        writing.patch(
            tx,
            desk.user.id,
            known_id(contact_id),
            name=fields.name(draft.name),
            custom=fields.custom(draft.custom),
            tags=tags_of(draft),
            fields=draft.own,
            now=desk.box.now(),
        )

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await show_contact(desk, contact_id, draft=draft, errors=errors_of(wrong), status=422)
    return desk.go(f"/contacts/{contact_id}", said="saved")


@post("/contacts/{contact_id:int}/delete")
async def delete(contact_id: int, desk: Desk) -> Response[str]:
    """The contact is gone; the log of messages stays."""

    def verb(tx: Tx) -> None:
        writing.remove(tx, desk.user.id, known_id(contact_id))
        note(tx, desk, "contact.deleted", contact_id)

    await desk.box.db.write(verb)
    return desk.go("/contacts", said="contact_deleted")


@post("/contacts/{contact_id:int}/erase")
async def erase(contact_id: int, desk: Desk) -> Response[str]:
    """The person is forgotten, messages and all; only that they opted out stays, as a hash."""
    contact = await desk.box.db.read(contacts.of_user, desk.user.id, known_id(contact_id))
    found = await desk.box.db.read(addressees.traces, desk.user.id, contact.phone)

    def verb(tx: Tx) -> None:
        addressees.erase(tx, desk.user.id, contact.phone, found, now=desk.box.now())
        note(tx, desk, "contact.erased", contact_id)

    await desk.box.db.write(verb)
    await intake.cleared(desk.box.db, desk.box.media)
    return desk.go("/contacts", said="contact_erased")


@get("/contacts/export.csv")
async def export(desk: Desk) -> Stream:
    """Everybody, or everybody with a tag, as a file for spreadsheets."""
    tag = typed(desk.request.query_params.get("tag", ""))
    segment = segments.of_tag(tag) if tag else Segment()
    day = desk.voice.now.astimezone(desk.voice.zone).date()

    await desk.box.db.write(_note_export, desk, tag)
    names = await desk.box.db.read(own.names, desk.user.id)

    async def pieces() -> AsyncIterator[str]:
        yield exporting.text([(*exporting.HEADER, *names)], start=True)
        last = 0
        while batch := await desk.box.db.read(exporting.batch, desk.user.id, segment, after=last):
            last = batch[-1].id
            yield exporting.text([exporting.cells(one, names) for one in batch], start=False)
        last = 0
        while not tag and (unseen := await desk.box.db.read(exporting.hidden, desk.user.id, after=last)):
            last = unseen[-1].person_id
            yield exporting.text([exporting.cells_of_hidden(one, names) for one in unseen], start=False)

    return download(pieces, f"contacts-{day}.csv")


def _note_export(tx: Tx, desk: Desk, tag: str) -> None:
    details = {"tag": tag} if tag else {}
    now = desk.box.now()
    audit.note(tx, user_id=desk.user.id, action="contact.exported", details=details, ip=desk.ip, now=now)


async def _form(desk: Desk, draft: Draft, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    known = await desk.box.db.read(contacts.tags, desk.user.id)
    fields_of_own = await desk.box.db.read(own.every, desk.user.id)
    return desk.page(
        "contacts/new.html",
        own=fields_of_own,
        status=status,
        here="contacts",
        draft=draft,
        errors=errors,
        known=known,
        sources=SOURCES,
    )


async def show_contact(
    desk: Desk,
    contact_id: int,
    *,
    draft: Draft | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    """One person's page, with a form as it was filled in and what is wrong with it."""

    def ask(rows: Rows) -> dict[str, Any]:
        contact = contacts.of_user(rows, desk.user.id, known_id(contact_id))
        return {
            "contact": contact,
            "known": contacts.tags(rows, desk.user.id),
            "own": own.every(rows, desk.user.id),
            "keeps": desk.box.config.media,
            "talk": log.talk(rows, desk.user.id, contact.phone, most=TALK),
            "changes": suppression.changes(rows, desk.user.id, contact.phone),
            "identity": identities.find(rows, desk.user.id, contact.phone),
            "hidden_ids": len(identities.every(rows, desk.user.id, contact.phone)) - 1,
        }

    shown = await desk.box.db.read(ask)
    contact = shown["contact"]
    held = {one.field.name: one.text for one in contact.fields}
    filled = draft or Draft(contact.phone, contact.name or "", contact.custom or "", contact.tags, own=held)
    return desk.page(
        "contacts/show.html",
        status=status,
        here="contacts",
        draft=filled,
        errors=errors or {},
        sources=SOURCES,
        today=desk.voice.now.astimezone(desk.voice.zone).date().isoformat(),
        **shown,
    )


router = Mount(path="/", route_handlers=[page, new, add, show, edit, delete, erase, export])
