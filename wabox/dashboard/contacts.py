"""People: the list with its search, one person with everything known of them, and the file of all of them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast, get_args
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.response import Stream
from msgspec import UNSET

from wabox.accounts import audit
from wabox.box import Box
from wabox.campaigns import replies
from wabox.contacts import contacts, exporting, fields, phones, segments, suppression
from wabox.contacts.people import Consent, ConsentSource, Contact
from wabox.contacts.segments import Segment
from wabox.dashboard import answers, labels
from wabox.dashboard.campaigns import cursor_of
from wabox.dashboard.desk import Desk, known_id
from wabox.dashboard.form import Form
from wabox.dashboard.language import later
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.messages import talks

PER_PAGE = 50
TALK = 30
SOURCES = tuple(source for source in get_args(ConsentSource) if source != "import_attested")


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked of the list, as it was typed."""

    q: str
    tag: str

    def query(self, cursor: int | None = None) -> str:
        """The address of this search, for links."""
        pairs = [(name, text) for name, text in (("q", self.q), ("tag", self.tag)) if text]
        if cursor is not None:
            pairs.append(("cursor", str(cursor)))
        return "?" + urlencode(pairs) if pairs else ""


@dataclass(frozen=True, slots=True)
class Draft:
    """The form of one person, as it was filled in. tags: kept ones; more: new ones between commas."""

    phone: str = ""
    name: str = ""
    custom: str = ""
    tags: tuple[str, ...] = ()
    more: str = ""


@get("/contacts")
async def page(desk: Desk) -> Response[str]:
    """Everybody, newest first."""

    def ask(rows: Rows) -> dict[str, Any]:
        query = desk.request.query_params
        search = Search(_typed(query.get("q", "")), _typed(query.get("tag", "")))
        cursor = cursor_of(query.get("cursor", ""))
        wanted = contacts.Wanted(search.tag or None, search.q or None)
        return {
            "search": search,
            "cursor": cursor,
            "found": contacts.page(rows, desk.user.id, wanted, per_page=PER_PAGE, cursor=cursor),
            "tags": contacts.tags(rows, desk.user.id),
        }

    return desk.page("contacts/page.html", here="contacts", labels=labels, **await desk.box.db.read(ask))


@get("/contacts/new")
async def new(desk: Desk) -> Response[str]:
    """The empty form; `phone` fills it for somebody who wrote."""
    typed = _typed(desk.request.query_params.get("phone", ""))
    return await _form(desk, Draft(phone=f"+{typed}" if typed.isdecimal() else typed), {})


@post("/contacts")
async def add(desk: Desk) -> Response[str]:
    """The person is written down; one that was known is brought up to date."""
    form = await desk.form()
    draft = _draft(form)

    def verb(tx: Tx) -> tuple[Contact, bool]:
        phone = phones.parse(draft.phone, country=desk.box.config.locale.country)
        name, custom = fields.name(draft.name), fields.custom(draft.custom)
        tags = _tags(draft)
        return contacts.upsert(
            tx,
            desk.user.id,
            phone=phone.digits,
            flagged=phone.flagged,
            name=UNSET if name is None else name,
            custom=UNSET if custom is None else custom,
            tags=tags or UNSET,
            consent=_consent(form, desk) if form.text("source") else UNSET,
            now=desk.box.now(),
        )

    try:
        contact, is_new = await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _form(desk, draft, _errors(wrong), status=422)
    return desk.go(f"/contacts/{contact.id}", said="contact_added" if is_new else "contact_known")


@get("/contacts/{contact_id:int}")
async def show(contact_id: int, desk: Desk) -> Response[str]:
    """One person."""
    return await _show(desk, contact_id)


@post("/contacts/{contact_id:int}")
async def edit(contact_id: int, desk: Desk) -> Response[str]:
    """Name, tags and text are what the form says now."""
    draft = _draft(await desk.form())

    def verb(tx: Tx) -> None:
        contacts.patch(
            tx,
            desk.user.id,
            known_id(contact_id),
            name=fields.name(draft.name),
            custom=fields.custom(draft.custom),
            tags=_tags(draft),
            now=desk.box.now(),
        )

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _show(desk, contact_id, draft=draft, errors=_errors(wrong), status=422)
    return desk.go(f"/contacts/{contact_id}", said="saved")


@post("/contacts/{contact_id:int}/consent")
async def consent(contact_id: int, desk: Desk) -> Response[str]:
    """That the person agreed is on record: how, when, and who wrote it down."""
    form = await desk.form()

    def verb(tx: Tx) -> None:
        agreed = _consent(form, desk)
        contacts.patch(tx, desk.user.id, known_id(contact_id), consent=agreed, now=desk.box.now())
        _note(tx, desk, "contact.consent_noted", contact_id, source=agreed.source)

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _show(desk, contact_id, errors=_errors(wrong), status=422)
    return desk.go(f"/contacts/{contact_id}", said="consent_noted")


@post("/contacts/{contact_id:int}/consent/remove")
async def remove_consent(contact_id: int, desk: Desk) -> Response[str]:
    """There is no consent on record any more."""

    def verb(tx: Tx) -> None:
        contacts.patch(tx, desk.user.id, known_id(contact_id), consent=None, now=desk.box.now())
        _note(tx, desk, "contact.consent_removed", contact_id)

    return await _done(desk, contact_id, verb, "consent_removed")


@post("/contacts/{contact_id:int}/opt-out")
async def opt_out(contact_id: int, desk: Desk) -> Response[str]:
    """Nothing more goes to the person."""

    def verb(tx: Tx) -> None:
        phone = contacts.of_user(tx, desk.user.id, known_id(contact_id)).phone
        by = desk.user.email
        if replies.opt_out_by_owner(tx, desk.user.id, phone, source="owner", by=by, now=desk.box.now()):
            _note(tx, desk, "contact.opted_out", contact_id)

    return await _done(desk, contact_id, verb, "opted_out")


@post("/contacts/{contact_id:int}/opt-in")
async def opt_in(contact_id: int, desk: Desk) -> Response[str]:
    """The owner says that the person wants to be written to again."""

    def verb(tx: Tx) -> None:
        phone = contacts.of_user(tx, desk.user.id, known_id(contact_id)).phone
        by = desk.user.email
        if suppression.opt_in(tx, desk.user.id, phone, source="owner", by=by, now=desk.box.now()):
            _note(tx, desk, "contact.opted_in", contact_id)

    return await _done(desk, contact_id, verb, "opted_in")


@post("/contacts/{contact_id:int}/delete")
async def delete(contact_id: int, desk: Desk) -> Response[str]:
    """The contact is gone; the log of messages stays."""

    def verb(tx: Tx) -> None:
        contacts.remove(tx, desk.user.id, known_id(contact_id))
        _note(tx, desk, "contact.deleted", contact_id)

    await desk.box.db.write(verb)
    return desk.go("/contacts", said="contact_deleted")


@get("/contacts/export.csv")
async def export(desk: Desk) -> Stream:
    """Everybody, or everybody with a tag, as a file for spreadsheets."""
    tag = _typed(desk.request.query_params.get("tag", ""))
    segment = segments.of_tag(tag) if tag else Segment()
    day = desk.voice.now.astimezone(desk.voice.zone).date()

    async def pieces() -> AsyncIterator[str]:
        yield exporting.text([exporting.HEADER], start=True)
        last = 0
        while batch := await desk.box.db.read(exporting.batch, desk.user.id, segment, after=last):
            last = batch[-1].id
            yield exporting.text([exporting.cells(one) for one in batch], start=False)

    return download(pieces, f"contacts-{day}.csv")


def download(pieces: Callable[[], AsyncIterator[str]], name: str) -> Stream:
    """A CSV file, made while it is fetched."""
    headers = {**answers.HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(pieces, media_type="text/csv; charset=utf-8", headers=headers)


async def _done(desk: Desk, contact_id: int, verb: Callable[[Tx], None], said: str) -> Response[str]:
    await desk.box.db.write(verb)
    return desk.go(f"/contacts/{contact_id}", said=said)


def _note(tx: Tx, desk: Desk, action: str, contact_id: int, **details: str) -> None:
    audit.note(
        tx,
        user_id=desk.user.id,
        action=action,
        subject=str(contact_id),
        details=details,
        ip=desk.ip,
        now=desk.box.now(),
    )


def _draft(form: Form) -> Draft:
    return Draft(
        phone=form.text("phone")[:64],
        name=form.text("name"),
        custom=form.text("custom"),
        tags=tuple(form.texts("tags")),
        more=form.text("more"),
    )


def _tags(draft: Draft) -> tuple[str, ...]:
    return fields.tags((*draft.tags, *(one for one in re.split(r"[,;\n]", draft.more) if one.strip())))


def _consent(form: Form, desk: Desk) -> Consent:
    """The consent in a form. Raises Invalid."""
    source = form.text("source")
    if source not in SOURCES:
        raise _wrong("source", later("Choose how this person agreed."))
    now = desk.box.now()
    at = now
    if form.text("day"):
        try:
            noon = datetime.fromisoformat(form.text("day")).replace(hour=12, tzinfo=desk.voice.zone)
        except ValueError:
            raise _wrong("day", later("That date could not be read; choose it again.")) from None
        if noon.date() > now.astimezone(desk.voice.zone).date() or noon < now - timedelta(days=36_500):
            raise _wrong("day", later("Choose today or a day before."))
        at = min(noon, now)
    return Consent(cast(ConsentSource, source), at, desk.user.email, fields.note(form.text("note")))


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid("bad_consent", sentence, details={field: sentence})


def _errors(wrong: Invalid) -> dict[str, str]:
    """Sentences by field; a tag's belongs to the field with the new ones."""
    errors = wrong.details or {"form": wrong.sentence}
    return {"more" if name == "tag" else name: sentence for name, sentence in errors.items()}


def _typed(text: str) -> str:
    return text.replace("\0", "").strip()[:200]


async def _form(desk: Desk, draft: Draft, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    known = await desk.box.db.read(contacts.tags, desk.user.id)
    return desk.page(
        "contacts/new.html",
        status=status,
        here="contacts",
        draft=draft,
        errors=errors,
        known=known,
        sources=SOURCES,
        labels=labels,
    )


async def _show(
    desk: Desk,
    contact_id: int,
    *,
    draft: Draft | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    def ask(rows: Rows) -> dict[str, Any]:
        contact = contacts.of_user(rows, desk.user.id, known_id(contact_id))
        return {
            "contact": contact,
            "known": contacts.tags(rows, desk.user.id),
            "talk": talks.talk(rows, desk.user.id, contact.phone, most=TALK),
            "changes": talks.changes(rows, desk.user.id, contact.phone),
        }

    shown = await desk.box.db.read(ask)
    contact = shown["contact"]
    filled = draft or Draft(contact.phone, contact.name or "", contact.custom or "", contact.tags)
    return desk.page(
        "contacts/show.html",
        status=status,
        here="contacts",
        draft=filled,
        errors=errors or {},
        sources=SOURCES,
        labels=labels,
        today=desk.voice.now.astimezone(desk.voice.zone).date().isoformat(),
        **shown,
    )


def router(_box: Box) -> Router:
    """These pages."""
    handlers = [page, new, add, show, edit, consent, remove_consent, opt_out, opt_in, delete, export]
    return Router(path="/", route_handlers=handlers)
