"""Stored texts: list, make, look, change, delete; and what a text becomes for real contacts before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar, Literal

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from wabox import languages, times
from wabox.accounts.keys import Caller
from wabox.api import carrying, idempotency, strict, wire
from wabox.api.carrying import Carries, GivenFile
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.campaigns import launching
from wabox.campaigns import stored as campaigns
from wabox.contacts import own, segments
from wabox.contacts import stored as contacts
from wabox.db import Rows, Tx
from wabox.errors import Invalid, Refusal
from wabox.media import stored as files
from wabox.messages import template
from wabox.messages.spintax import VARIABLES
from wabox.mounting import Mount
from wabox.texts import stored as texts
from wabox.texts.stored import Draft

SAMPLES = 5
MOST_VARIANTS = 2**53 - 1
MOST_CAMPAIGNS = 20
PLAIN = ("name", "message", "category", "language")

TemplateId = Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="A stored text's id.")]
Name = Annotated[
    str, Meta(min_length=1, max_length=texts.MOST_NAME, extra_json_schema={"pattern": wire.NAME_PATTERN})
]
Language = Annotated[str, Meta(extra_json_schema={"enum": list(languages.ALL), "examples": ["en"]})]


class NewTemplate(Struct, forbid_unknown_fields=True):
    """A text to be kept. name: yours, and unique. category: a label for you. language: null = any.

    media, as_document, voice: the file that goes with it, as in POST /send; then the message may be left out.
    """

    ELSEWHERE: ClassVar[Mapping[str, str]] = carrying.NOT_STORED

    name: Name
    message: wire.StoredText = ""
    category: texts.Category = "service"
    language: Language | None = None
    media: GivenFile | None = None
    as_document: bool = False
    voice: bool | None = None


class TemplateChanges(Struct, forbid_unknown_fields=True):
    """What is left out stays. version: the one that you read; 422 if the text has another by now.

    media: null takes the file off. as_document and voice are read together, and say anew how the file goes, the
    one that is there too.
    """

    ELSEWHERE: ClassVar[Mapping[str, str]] = carrying.NOT_STORED

    name: Name | UnsetType = UNSET
    message: wire.StoredText | UnsetType = UNSET
    category: texts.Category | UnsetType = UNSET
    language: Language | UnsetType | None = UNSET
    media: GivenFile | UnsetType | None = UNSET
    as_document: bool | UnsetType = UNSET
    voice: bool | UnsetType | None = UNSET
    version: Annotated[int, Meta(ge=1, le=wire.BIGGEST_ID)] | UnsetType = UNSET


class Template(Struct):
    """variables: those that the text uses. needed: those that POST /send must send, for they have no fallback.

    media: the file that goes with it; message is then its caption. version: grows with each change.
    """

    id: int
    name: str
    message: str
    media: Carries | None
    category: texts.Category
    language: str | None
    variables: list[str]
    needed: list[str]
    version: int
    created_at: wire.Time
    updated_at: wire.Time


class FromTemplate(Struct):
    """A campaign whose message was copied from the text."""

    id: int
    name: str
    status: campaigns.Status


class Looked(Template):
    """One text. content: `refuse` or `hold` where the rules of the box would not let it go at once; with a reason.

    campaigns: those whose message was copied from it, the newest 20. hints: what in it may be meant otherwise.
    """

    content: Literal["refuse", "hold"] | None = None
    content_reason: str | None = None
    campaigns: list[FromTemplate] = []
    hints: list[str] = []


@get("/templates", responses=wire.errors(), summary="Your stored texts")
async def list_templates(
    box: Box,
    caller: Caller,
    page: wire.PageNumber = 1,
    per_page: wire.PerPage = 50,
    category: texts.Category | None = None,
    language: Annotated[str | None, Parameter(schema_extra={"enum": list(languages.ALL)})] = None,
    q: Annotated[
        str | None,
        Parameter(
            max_length=200,
            description="A part of the name or the message.",
            schema_extra={"pattern": wire.PLAIN_PATTERN},
        ),
    ] = None,
) -> wire.Page[Template]:
    """By name."""
    strict.in_field("language", texts.check_language, language)
    wanted = texts.Wanted(category, language, q)

    def ask(rows: Rows) -> wire.Page[Template]:
        found = texts.page(rows, caller.user.id, wanted, number=page, per_page=per_page)
        media = files.named(rows, (one.media_id for one in found.texts))
        shown = partial(on_wire, own.names(rows, caller.user.id), media)
        return wire.listed(found, found.texts, shown, page=page, per_page=per_page)

    return await box.db.read(ask)


@post("/templates", status_code=201, responses=wire.errors(404, 409), summary="Store a text")
async def create(data: NewTemplate, request: StrictRequest, box: Box, caller: Caller) -> Response[Looked]:
    """It is judged when it is sent; `content` says now what the rules of the box would say. 422 `name_taken`."""
    given = Draft(data.name, data.message, data.category, data.language)
    draft = texts.checked(given, file=data.media is not None)
    again = None if data.media is None else await idempotency.kept(box, request, caller, kind=Looked)
    if again is not None:
        return again
    async with carrying.carried(
        box, caller, data.media, as_document=data.as_document, voice=data.voice
    ) as carried_by:

        def verb(tx: Tx) -> Looked:
            whole = draft.with_file(carried_by(tx))
            return looked(tx, caller.user.id, texts.add(tx, caller.user.id, whole, now=box.now()))

        return await idempotency.once(box, request, caller, verb, kind=Looked, status=201)


@get("/templates/{template_id:int}", responses=wire.errors(404), summary="One stored text")
async def show(template_id: TemplateId, box: Box, caller: Caller) -> Looked:
    """The text as it stands now, and where it was used."""

    def ask(rows: Rows) -> Looked:
        return looked(rows, caller.user.id, texts.of_user(rows, caller.user.id, template_id))

    return await box.db.read(ask)


@patch("/templates/{template_id:int}", responses=wire.errors(404), summary="Change a stored text")
async def change(data: TemplateChanges, template_id: TemplateId, box: Box, caller: Caller) -> Looked:
    """What was sent or launched with it stays as it was. 422 `changed_meanwhile`: it has another version now."""
    user_id, stays = caller.user.id, data.media is UNSET
    given = {name: getattr(data, name) for name in PLAIN if getattr(data, name) is not UNSET}
    version = None if isinstance(data.version, UnsetType) else data.version
    file = None if isinstance(data.media, UnsetType) else data.media
    as_document = data.as_document is True
    voice = None if isinstance(data.voice, UnsetType) else data.voice
    await box.db.read(texts.of_user, user_id, template_id)  # before anything is fetched for it
    async with carrying.carried(
        box, caller, file, as_document=as_document and not stays, voice=None if stays else voice
    ) as carried_by:

        def verb(tx: Tx) -> Looked:
            before, now = texts.of_user(tx, user_id, template_id), box.now()
            draft = replace(Draft.of(before), **given)
            if not stays:
                draft = draft.with_file(carried_by(tx))
            elif data.as_document is not UNSET or data.voice is not UNSET:
                how = carrying.anew(
                    tx,
                    user_id,
                    before.media_id,
                    as_document=as_document,
                    voice=voice,
                    name=before.media_name,
                    now=now,
                )
                draft = draft.with_file(how)
            return looked(tx, user_id, texts.change(tx, user_id, template_id, draft, version=version, now=now))

        return await box.db.write(verb)


@delete(
    "/templates/{template_id:int}", status_code=204, responses=wire.errors(404), summary="Delete a stored text"
)
async def remove(template_id: TemplateId, box: Box, caller: Caller) -> None:
    """What was sent or launched with it stays as it was."""
    await box.db.write(texts.delete, caller.user.id, template_id, now=box.now())


def on_wire(names: tuple[str, ...], media: Mapping[int, files.Media], found: texts.Text) -> Template:
    """A stored text as the API lists it. names: of the user's own fields, which contacts fill in.

    media: the files that it may name.
    """
    parsed = found.parsed
    return Template(
        id=found.id,
        name=found.name,
        message=found.message,
        media=carrying.on_wire(media.get(found.media_id or 0), found.media_kind, found.media_name),
        category=found.category,
        language=found.language,
        variables=list(parsed.variables),
        needed=list(template.needed_of(parsed, (*VARIABLES, *names))),
        version=found.version,
        created_at=times.wire(found.created_at),
        updated_at=times.wire(found.updated_at),
    )


def looked(rows: Rows, user_id: int, found: texts.Text) -> Looked:
    """A stored text as the API shows it alone."""
    media = files.named(rows, [found.media_id])
    verdict = launching.judged(
        rows, found.parsed, "".join(found.media_name or one.filename for one in media.values())
    )
    used = campaigns.from_text(rows, user_id, found.id, most=MOST_CAMPAIGNS)
    names = own.names(rows, user_id)
    return Looked(
        **msgspec.structs.asdict(on_wire(names, media, found)),
        content=None if verdict is None else verdict.action,
        content_reason=None if verdict is None else verdict.reason,
        campaigns=[FromTemplate(one.id, one.name, one.status) for one in used],
        hints=found.parsed.hints(names),
    )


class Wanted(Struct, forbid_unknown_fields=True):
    """A text, and for whom: one contact, those with a tag, or those of a segment; the newest without any."""

    message: wire.Text
    contact_id: Annotated[int, Meta(ge=1, le=wire.BIGGEST_ID)] | None = None
    tag: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    segment: segments.Segment | None = None


class Sample(Struct):
    """The text one person would read. contact_id and phone are null where there was no contact to try it on.

    text is null where it cannot be rendered for this person; error and error_text then say why.
    """

    contact_id: int | None
    phone: str | None
    name: str | None
    text: str | None
    error: str | None
    error_text: str | None


class Preview(Struct):
    """variables: those the text uses. variants: how many ways its alternatives can be drawn.

    hints: what in it may be meant otherwise, a sentence each.
    """

    variables: list[str]
    variants: int
    samples: list[Sample]
    hints: list[str]


@post(
    "/templates/preview",
    status_code=200,
    responses=wire.errors(404),
    opt={"scope": "read"},
    summary="Preview a text",
)
async def preview(data: Wanted, box: Box, caller: Caller) -> Preview:
    """Renders spintax and variables for up to five contacts. A mistake in the text is named by its position."""
    names = await box.db.read(own.names, caller.user.id)
    parsed = strict.in_field("message", template.written, data.message, names)
    if sum(one is not None for one in (data.contact_id, data.tag, data.segment)) > 1:
        sentence = "Send one of contact_id, tag and segment."
        raise Invalid("invalid", sentence, details={"contact_id": sentence})

    def ask(rows: Rows) -> Preview:
        samples = [_sample(one, parsed) for one in _people(rows, box, caller.user.id, data)]
        return Preview(
            variables=list(parsed.variables),
            variants=min(parsed.variants, MOST_VARIANTS),
            samples=samples or [_plain(text) for text in parsed.preview(SAMPLES)],
            hints=parsed.hints(names),
        )

    return await box.db.read(ask)


def _people(rows: Rows, box: Box, user_id: int, data: Wanted) -> list[contacts.Contact]:
    if data.contact_id is not None:
        return [contacts.of_user(rows, user_id, data.contact_id)]
    segment = data.segment or segments.of_tag(data.tag)
    today = segments.day(rows, user_id, box.config, box.now())
    return contacts.some(rows, user_id, segments.first(rows, user_id, segment, most=SAMPLES, today=today))


def _sample(contact: contacts.Contact, parsed: template.Template) -> Sample:
    try:
        text = parsed.render(contacts.values(contact, parsed.language), seed=f"preview:{contact.id}")
    except Refusal as refusal:
        return Sample(contact.id, contact.phone, contact.name, None, refusal.code, refusal.sentence)
    return Sample(contact.id, contact.phone, contact.name, text, None, None)


def _plain(text: str) -> Sample:
    return Sample(None, None, None, text, None, None)


router = Mount(
    path="",
    route_handlers=[list_templates, create, show, change, remove, preview],
    tags=["Stored texts"],
    opt={"scope": "campaigns"},
)
