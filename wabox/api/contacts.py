"""Contacts: list, write one or a thousand, change, remove, opt out and in; and the tags they have."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from wabox import times
from wabox.accounts.keys import Caller
from wabox.api import idempotency, strict, wire
from wabox.api.strict import StrictRequest, moment
from wabox.box import Box
from wabox.campaigns import replies
from wabox.contacts import fields, own_values, phones, suppression, writing
from wabox.contacts import stored as contacts
from wabox.contacts.conditions import Condition
from wabox.contacts.writing import Draft
from wabox.db import Rows, Tx
from wabox.errors import Invalid, Refusal
from wabox.messages import stored
from wabox.mounting import Mount

ContactId = Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="A contact's id.")]
BULK_BYTES = 8 * 1024 * 1024  # a thousand contacts with every field full, escaped
MOST_WRONG = 50

_PLAIN = {"pattern": wire.PLAIN_PATTERN}
Name = Annotated[str, Meta(max_length=fields.MOST_NAME, extra_json_schema=_PLAIN)]
Custom = Annotated[str, Meta(max_length=fields.MOST_CUSTOM, extra_json_schema=_PLAIN)]
Tag = Annotated[
    str,
    Meta(min_length=1, max_length=fields.MOST_TAG, extra_json_schema={"pattern": r"^[^\u0000-\u0020]+$"}),
]
Tags = Annotated[list[Tag], Meta(max_length=fields.MOST_TAGS)]
_Value = Annotated[str, Meta(max_length=own_values.MOST_VALUE, extra_json_schema=_PLAIN)] | int | float | None
Fields = Annotated[
    dict[str, _Value],
    Meta(
        description="Your own fields: a text, a number or a date like `1990-04-25`; null takes one away, what is "
        "absent stays. A name that is new becomes a field, of numbers for a number, else of text.",
        extra_json_schema={
            "propertyNames": {"pattern": wire.FIELD_PATTERN, "not": {"enum": sorted(own_values.RESERVED)}},
            "maxProperties": own_values.MOST_FIELDS,
            "examples": [{"city": "Dhaka", "due": 1250}],
        },
    ),
]
_TagFilter = Annotated[
    str | None,
    Parameter(max_length=fields.MOST_TAG, description="Only with this tag, in any case.", schema_extra=_PLAIN),
]
_FieldFilter = Annotated[
    str | None,
    Parameter(
        max_length=own_values.MOST_VALUE + 64,
        description="Only who has just this in a field of yours: `city:Dhaka`, `due:250`, `born:1990-04-25`. Case "
        "does not matter. `city:` finds who has nothing there.",
        schema_extra=_PLAIN,
    ),
]
_Search = Annotated[
    str | None,
    Parameter(
        max_length=200,
        description="In name, phone, custom, a tag or a field; `city:dhaka` in that field.",
        schema_extra=_PLAIN,
    ),
]


_OptedOut = Annotated[
    bool | None,
    Parameter(description="`true`: only who wants nothing more. `false`: only who may be written to."),
]
_UpdatedSince = Annotated[
    str | None,
    Parameter(
        max_length=40,
        description="Only who changed at this time or later: their name, tags, fields, consent or opt-out, not "
        "when they were written to. A time with an offset; write its + as %2B.",
        schema_extra={"format": "date-time"},
    ),
]


class NewConsent(Struct, forbid_unknown_fields=True):
    """That the person agreed to be written to. at: now, unless it is said."""

    source: contacts.ConsentSource
    at: wire.Aware | None = None
    note: Annotated[str, Meta(max_length=fields.MOST_NOTE, extra_json_schema=_PLAIN)] | None = None


class Changes(Struct, forbid_unknown_fields=True):
    """What is to be changed: null clears, what is absent stays. tag or tags replaces the whole set.

    fields: those named are changed, the others stay.
    """

    name: Name | UnsetType | None = UNSET
    tag: Tag | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    custom: Custom | UnsetType | None = UNSET
    fields: Fields | UnsetType = UNSET
    consent: NewConsent | UnsetType | None = UNSET


class NewContact(Changes, forbid_unknown_fields=True, kw_only=True):
    """A contact to be, or one that is there already, by its phone; then as in PATCH."""

    phone: wire.Phone


class Bulk(Struct, forbid_unknown_fields=True):
    """Up to 1,000 contacts, all or none."""

    contacts: Annotated[list[NewContact], Meta(max_length=writing.MOST_AT_ONCE)]


class Processed(Struct):
    """updated: rows that met a contact, changed or not. total_processed: rows sent."""

    created: int
    updated: int
    total_processed: int


class Consent(Struct):
    """by: who wrote it down."""

    source: contacts.ConsentSource
    at: wire.Time
    by: str | None
    note: str | None


class Contact(Struct):
    """tag: the first of tags. flagged: no numbering plan knows the phone. opted_out: nothing is sent to them."""

    id: int
    phone: str
    name: str | None
    tag: str | None
    tags: list[str]
    custom: str | None
    fields: dict[str, str | int | float]
    consent: Consent | None
    opted_out: bool
    flagged: bool
    last_sent_at: wire.Time | None
    last_received_at: wire.Time | None
    created_at: wire.Time
    updated_at: wire.Time


class OptedOut(Contact):
    """on_its_way: messages to this person that were being handed over. They may have gone; none is tried again."""

    on_its_way: int = 0


class TagCount(Struct):
    """A tag and how many contacts have it."""

    tag: str
    contacts: int


@get("/contacts", responses=wire.errors(), summary="Your contacts")
async def list_contacts(
    box: Box,
    caller: Caller,
    page: wire.PageNumber = 1,
    per_page: wire.PerPage = 50,
    cursor: wire.Cursor = None,
    tag: _TagFilter = None,
    q: _Search = None,
    field: _FieldFilter = None,
    phone: Annotated[
        str | None,
        Parameter(
            description="Only this number, however it is written; write its + as %2B.",
            schema_extra={"pattern": wire.PHONE_PATTERN},
        ),
    ] = None,
    opted_out: _OptedOut = None,
    updated_since: _UpdatedSince = None,
) -> wire.Page[Contact]:
    """Newest first. All that is asked for must hold. A contact that is deleted is in no list."""
    at = strict.cursor_of(cursor)
    country = box.config.locale.country
    wanted = contacts.Wanted(
        tag=tag or None,
        text=q,
        field=_condition(field),
        phone=None if phone is None else strict.in_field("phone", phones.parse, phone, country=country).digits,
        opted_out=opted_out,
        updated_since=strict.time_of(updated_since, "updated_since"),
    )

    def ask(rows: Rows) -> wire.Page[Contact]:
        found = strict.in_field(
            "field", contacts.page, rows, caller.user.id, wanted, number=page, per_page=per_page, cursor=at
        )
        return wire.listed(found, found.contacts, on_wire, page=page, per_page=per_page)

    return await box.db.read(ask)


def _condition(asked: str | None) -> Condition | None:
    """`city:Dhaka` is in that field, `city:` has nothing in it. Raises Invalid."""
    if asked is None:
        return None
    name, colon, value = asked.partition(":")
    if not colon or not name.strip():
        sentence = "Write a field of yours and what is in it, like city:Dhaka; city: finds who has nothing there."
        raise Invalid("invalid", sentence, details={"field": sentence})
    if not value.strip():
        return Condition(name.strip(), "empty")
    return Condition(name.strip(), "is", value.strip())


@get("/contacts/{contact_id:int}", responses=wire.errors(404), summary="One contact")
async def contact(contact_id: ContactId, box: Box, caller: Caller) -> Contact:
    """The contact as it stands now."""
    return on_wire(await box.db.read(contacts.of_user, caller.user.id, contact_id))


@post(
    "/contacts",
    status_code=201,
    responses={**wire.errors(409), 200: ResponseSpec(Contact, description="It was there; this is it now.")},
    summary="Create or update a contact",
)
async def upsert(data: NewContact, request: StrictRequest, box: Box, caller: Caller) -> Response[Contact]:
    """One contact a phone: 201 if it is new, 200 if it was there. Phones are normalized to digits."""
    draft = _draft(data, box, caller)
    new = False

    def verb(tx: Tx) -> Contact:
        nonlocal new
        new = writing.write(tx, caller.user.id, [draft], now=box.now())[draft.phone.digits] == "created"
        found = contacts.by_phone(tx, caller.user.id, draft.phone.digits)
        assert found is not None
        return on_wire(found)

    return await idempotency.once(box, request, caller, verb, kind=Contact, status=lambda: 201 if new else 200)


@patch("/contacts/{contact_id:int}", responses=wire.errors(404), summary="Change a contact")
async def change(data: Changes, contact_id: ContactId, box: Box, caller: Caller) -> Contact:
    """Name, custom, own fields, tags and consent. The phone stays: delete the contact and create another one."""
    now = box.now()
    changes = _fields(data, caller, now)
    return on_wire(await box.db.write(writing.patch, caller.user.id, contact_id, **changes, now=now))


@delete("/contacts/{contact_id:int}", status_code=204, responses=wire.errors(404), summary="Delete a contact")
async def remove(contact_id: ContactId, box: Box, caller: Caller) -> None:
    """The message log stays, and so does an opt-out: the same phone created again is still opted out."""
    await box.db.write(writing.remove, caller.user.id, contact_id)


@post(
    "/contacts/bulk",
    status_code=200,
    responses=wire.errors(409),
    opt={"meter": "bulk"},
    request_max_body_size=BULK_BYTES,
    summary="Create or update up to 1,000 contacts",
)
async def bulk(data: Bulk, request: StrictRequest, box: Box, caller: Caller) -> Response[Processed]:
    """All of them in one transaction, or none: `details` then names each wrong row, as `contacts[3].phone`."""
    drafts = _drafts(data.contacts, box, caller)

    def verb(tx: Tx) -> Processed:
        counts = writing.bulk(tx, caller.user.id, drafts, now=box.now())
        return Processed(counts.created, counts.updated, counts.total)

    return await idempotency.once(box, request, caller, verb, kind=Processed, status=200)


@post("/contacts/{contact_id:int}/opt-out", status_code=200, responses=wire.errors(404), summary="Opt out")
async def opt_out(contact_id: ContactId, box: Box, caller: Caller) -> OptedOut:
    """Nothing more is sent to this person, on any device; what waits is skipped. Outlives the contact.

    `on_its_way`: messages to them that were being handed over. They may have gone; none is tried once more.
    """

    def act(tx: Tx) -> OptedOut:
        phone = contacts.of_user(tx, caller.user.id, contact_id).phone
        by = caller.user.email
        replies.opt_out_by_owner(tx, caller.user.id, phone, source="api", by=by, now=box.now())
        shown = on_wire(contacts.of_user(tx, caller.user.id, contact_id))
        in_hand = stored.on_its_way(tx, caller.user.id, phone=phone)
        return OptedOut(**msgspec.structs.asdict(shown), on_its_way=in_hand)

    return await box.db.write(act)


@post("/contacts/{contact_id:int}/opt-in", status_code=200, responses=wire.errors(404), summary="Opt in again")
async def opt_in(contact_id: ContactId, box: Box, caller: Caller) -> Contact:
    """The person may be written to again. Only do so if they asked for it."""

    def act(tx: Tx) -> Contact:
        phone = contacts.of_user(tx, caller.user.id, contact_id).phone
        suppression.opt_in(tx, caller.user.id, phone, source="api", by=caller.user.email, now=box.now())
        return on_wire(contacts.of_user(tx, caller.user.id, contact_id))

    return await box.db.write(act)


@get("/tags", responses=wire.errors(), summary="Your tags")
async def list_tags(
    box: Box, caller: Caller, page: wire.PageNumber = 1, per_page: wire.PerPage = 50
) -> wire.Page[TagCount]:
    """Every tag that contacts have, by name. `VIP` and `vip` are one."""
    found = await box.db.read(contacts.tags, caller.user.id)
    shown = found[(page - 1) * per_page : page * per_page]
    return wire.page_of(
        shown,
        lambda one: TagCount(one.tag, one.contacts),
        page=page,
        per_page=per_page,
        total=len(found),
        next_cursor=None,
    )


def on_wire(found: contacts.Contact) -> Contact:
    """A contact as the API shows it."""
    consent = found.consent
    return Contact(
        id=found.id,
        phone=found.phone,
        name=found.name,
        tag=found.tag,
        tags=list(found.tags),
        custom=found.custom,
        fields={one.field.name: one.plain for one in found.fields},
        consent=None
        if consent is None
        else Consent(consent.source, times.wire(consent.at), consent.by, consent.note),
        opted_out=found.opted_out,
        flagged=found.flagged,
        last_sent_at=times.wire_or_none(found.last_out_at),
        last_received_at=times.wire_or_none(found.last_in_at),
        created_at=times.wire(found.created_at),
        updated_at=times.wire(found.updated_at),
    )


def _drafts(rows: list[NewContact], box: Box, caller: Caller) -> list[Draft]:
    """All rows, or a refusal that names what is wrong with each."""
    drafts: list[Draft] = []
    details: dict[str, str] = {}
    for number, row in enumerate(rows):
        try:
            drafts.append(_draft(row, box, caller))
        except Refusal as refusal:
            details |= {f"contacts[{number}].{name}": why for name, why in refusal.details.items()}
            if len(details) >= MOST_WRONG:
                break
    if details:
        raise Invalid("invalid", f"Something is wrong with {', '.join(details)}; see details.", details=details)
    return drafts


def _draft(data: NewContact, box: Box, caller: Caller) -> Draft:
    phone = phones.parse(data.phone, country=box.config.locale.country)
    return Draft(phone, **_fields(data, caller, box.now()))


def _fields(data: Changes, caller: Caller, now: datetime) -> dict[str, Any]:
    """What is to be written, cleaned. Raises Invalid whose details name the field."""
    if data.tag is not UNSET and data.tags is not UNSET:
        sentence = "Send either tag or tags, not both."
        raise Invalid("invalid", sentence, details={"tag": sentence})
    return {
        "name": data.name if isinstance(data.name, UnsetType) else fields.name(data.name),
        "custom": data.custom if isinstance(data.custom, UnsetType) else fields.custom(data.custom),
        "tags": _tags(data),
        "fields": {} if isinstance(data.fields, UnsetType) else data.fields,
        "consent": _consent(data.consent, caller, now),
    }


def _tags(data: Changes) -> tuple[str, ...] | UnsetType:
    if not isinstance(data.tags, UnsetType):
        return strict.in_field("tags", fields.tags, data.tags)
    if isinstance(data.tag, UnsetType):
        return UNSET
    return () if data.tag is None else (fields.tag(data.tag),)


def _consent(
    given: NewConsent | UnsetType | None, caller: Caller, now: datetime
) -> contacts.Consent | UnsetType | None:
    if given is None or isinstance(given, UnsetType):
        return given
    at = moment(given.at, "consent.at") or now
    if at > now:
        sentence = "A consent cannot lie in the future; leave at out, or send when it was given."
        raise Invalid("bad_time", sentence, details={"consent.at": sentence})
    return contacts.Consent(given.source, at, caller.user.email, fields.note(given.note))


router = Mount(
    path="",
    route_handlers=[list_contacts, contact, upsert, change, remove, bulk, opt_out, opt_in, list_tags],
    tags=["Contacts"],
    opt={"scope": "contacts"},
)
