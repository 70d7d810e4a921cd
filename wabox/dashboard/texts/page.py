"""Stored texts: the list, and one of them to read, change and delete, with what people would read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from litestar import Response, get, post

from wabox.campaigns import launching
from wabox.campaigns import stored as campaigns
from wabox.contacts import own
from wabox.dashboard.frame import file_forms, picking
from wabox.dashboard.frame.asked import typed
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.form import Form
from wabox.db import Rows, Tx
from wabox.errors import Invalid, Refusal
from wabox.media import stored as files
from wabox.messages import template
from wabox.messages.carrying import Carried
from wabox.messages.spintax import VARIABLES
from wabox.mounting import Mount
from wabox.texts import ready
from wabox.texts import stored as texts
from wabox.texts.stored import Draft, Text, Wanted

SAMPLES = 3
MOST_CAMPAIGNS = 20
MOST_PICKED = 8
SOMEBODY = {"name": "Rina Akter", "custom": "", "phone": "8801711123456"}


@dataclass(frozen=True, slots=True)
class Filled:
    """The form of a text, as it was filled in. version: of the text that it was made from.

    media_id: of the file that goes with it. as_document: a picture or video, as a file to save.
    """

    name: str = ""
    message: str = ""
    category: str = "service"
    language: str = ""
    version: int | None = None
    media_id: str = ""
    as_document: bool = False

    @property
    def draft(self) -> Draft:
        """What it means, but for the file."""
        return Draft(self.name, self.message, self.category, self.language or None)


@dataclass(frozen=True, slots=True)
class Preview:
    """What people read, with a made-up person. by_contact, by_sender, needed: who fills in which variables.

    error: what is wrong with the text. verdict: what the rules of the box say of it. hints: what may be meant.
    """

    samples: list[str] = field(default_factory=list)
    by_contact: list[str] = field(default_factory=list)
    by_sender: list[str] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)
    error: str | None = None
    verdict: str | None = None
    hints: list[str] = field(default_factory=list)


@get("/texts")
async def page(desk: Desk) -> Response[str]:
    """All of them, or those that were looked for."""
    return await list_page(desk, {})


@get("/texts/new")
async def new(desk: Desk) -> Response[str]:
    """The empty form."""
    return await _form(desk, Filled(language=desk.voice.language), {})


@post("/texts", streams=True, request_max_body_size=None)
async def add(desk: Desk) -> Response[str]:
    """The text is kept. A file that came with the form is kept first."""
    form, file = await file_forms.sent(desk)
    filled = _filled(form)
    try:
        if file is not None:
            filled = replace(filled, media_id=file.number())
        draft = texts.checked(filled.draft, file=bool(filled.media_id))

        def verb(tx: Tx) -> None:
            texts.add(tx, desk.user.id, draft.with_file(_carried(tx, desk, filled)), now=desk.box.now())

        await desk.box.db.write(verb)
    except file_forms.REFUSED as wrong:
        return await _form(desk, filled, _errors(wrong), status=wrong.status)
    return desk.go("/texts", said="text_saved")


@post("/texts/ready")
async def add_ready(desk: Desk) -> Response[str]:
    """The ready ones are there, in the reader's language."""
    try:
        await desk.box.db.write(ready.add, desk.user.id, desk.voice.language, now=desk.box.now())
    except Invalid as wrong:
        return await list_page(desk, {"form": wrong.sentence}, status=422)
    return desk.go("/texts", said="texts_ready")


@post("/texts/preview")
async def preview(desk: Desk) -> Response[str]:
    """What people would read, as it is typed."""
    filled = _filled(await desk.form())
    return desk.page("texts/_preview.html", preview=await desk.box.db.read(_preview, desk, filled))


@get("/texts/pick")
async def pick(desk: Desk) -> Response[str]:
    """Texts to choose from while one writes, those first whose names begin as is typed; or the one of this id."""
    query = desk.request.query_params
    q = typed(query.get("q", ""))

    def ask(rows: Rows) -> list[picking.Picked]:
        if "id" in query:
            one = picking.known(rows, desk.user.id, query["id"])
            return picking.picked(rows, desk.user.id, [] if one is None else [one])
        found = texts.page(rows, desk.user.id, Wanted(q=q or None)).texts
        found.sort(key=lambda one: not texts.key(one.name).startswith(texts.key(q)))
        return picking.picked(rows, desk.user.id, found[:MOST_PICKED])

    return desk.page("texts/_pick.html", found=await desk.box.db.read(ask))


@get("/texts/{text_id:int}")
async def show(text_id: int, desk: Desk) -> Response[str]:
    """One text."""
    found = await desk.box.db.read(texts.of_user, desk.user.id, known_id(text_id))
    return await _form(desk, await desk.box.db.read(_as_filled, desk, found), {}, text=found)


@post("/texts/{text_id:int}", streams=True, request_max_body_size=None)
async def change(text_id: int, desk: Desk) -> Response[str]:
    """The text is what the form says, unless somebody changed it since the form was shown."""
    await desk.box.db.read(texts.of_user, desk.user.id, known_id(text_id))
    form, file = await file_forms.sent(desk)
    filled = _filled(form)
    try:
        if file is not None:
            filled = replace(filled, media_id=file.number())
        await desk.box.db.write(_change, desk, text_id, filled)
    except file_forms.REFUSED as wrong:
        found = await desk.box.db.read(texts.of_user, desk.user.id, text_id)
        return await _form(desk, filled, _errors(wrong), text=found, status=wrong.status)
    return desk.go(f"/texts/{text_id}", said="text_saved")


@post("/texts/{text_id:int}/delete")
async def delete(text_id: int, desk: Desk) -> Response[str]:
    """The text is gone; what was made from it stays."""
    await desk.box.db.write(texts.delete, desk.user.id, known_id(text_id), now=desk.box.now())
    return desk.go("/texts", said="text_deleted")


async def list_page(desk: Desk, errors: Mapping[str, str], *, status: int = 200) -> Response[str]:
    """The list with its search, the ready texts while there are none, and the file. errors: of its forms."""
    query = desk.request.query_params
    q, category = typed(query.get("q", "")), query.get("category", "")
    category = category if category in texts.CATEGORIES else ""

    def ask(rows: Rows) -> dict[str, Any]:
        found = texts.page(rows, desk.user.id, Wanted(category or None, None, q or None))
        return {
            "found": found,
            "media": files.named(rows, (one.media_id for one in found.texts)),
            "any": bool(found.total) or bool(texts.every(rows, desk.user.id)),
        }

    return desk.page(
        "texts/page.html",
        status=status,
        here="texts",
        q=q,
        category=category,
        errors=errors,
        offered=ready.drafts(desk.voice.language),
        **await desk.box.db.read(ask),
    )


async def _form(
    desk: Desk, filled: Filled, errors: Mapping[str, str], *, text: Text | None = None, status: int = 200
) -> Response[str]:
    def ask(rows: Rows) -> dict[str, Any]:
        used = campaigns.from_text(rows, desk.user.id, text.id, most=MOST_CAMPAIGNS) if text else []
        attached = file_forms.known(rows, desk.user.id, filled.media_id)
        return {
            "preview": _preview(rows, desk, filled),
            "used": used,
            "attached": attached,
            **file_forms.allowed(rows, desk),
        }

    shown = await desk.box.db.read(ask)
    return desk.page(
        "texts/show.html" if text else "texts/new.html",
        status=status,
        here="texts",
        filled=filled,
        errors=errors,
        text=text,
        **shown,
    )


def _change(tx: Tx, desk: Desk, text_id: int, filled: Filled) -> None:
    before = texts.of_user(tx, desk.user.id, text_id)
    draft = filled.draft.with_file(_carried(tx, desk, filled, before))
    texts.change(tx, desk.user.id, text_id, draft, version=filled.version, now=desk.box.now())


def _carried(tx: Tx, desk: Desk, filled: Filled, before: Text | None = None) -> Carried | None:
    """The file of the form. One that was there goes as it did, unless the form says otherwise."""
    media = file_forms.known(tx, desk.user.id, filled.media_id)
    if media is not None and before is not None and before.media_kind is not None:
        as_before = file_forms.as_document(media, before.media_kind) == filled.as_document
        if before.media_id == media.id and as_before:
            return Carried(media, before.media_kind)
    return file_forms.carried(tx, desk, filled.media_id, as_document=filled.as_document)


def _preview(rows: Rows, desk: Desk, filled_in: Filled) -> Preview:
    message = filled_in.message
    if not message.strip():
        return Preview()
    media = file_forms.known(rows, desk.user.id, filled_in.media_id)
    fields = own.names(rows, desk.user.id)
    try:
        parsed = template.written(message, None, fields)
        parsed = parsed if media is None else parsed.as_caption()
    except Invalid as wrong:
        return Preview(error=wrong.sentence)
    filled = (*VARIABLES, *fields)
    needed = template.needed_of(parsed, filled)
    shown = [name for name in parsed.needed() if name not in VARIABLES]
    verdict = launching.judged(rows, parsed, "" if media is None else media.filename)
    return Preview(
        samples=parsed.preview(SAMPLES, {**SOMEBODY, **{name: f"[{name}]" for name in shown}}),
        by_contact=[name for name in parsed.variables if name in filled],
        by_sender=[name for name in parsed.variables if name not in filled and name not in needed],
        needed=needed,
        verdict=None if verdict is None else verdict.reason,
        hints=parsed.hints(fields),
    )


def _filled(form: Form) -> Filled:
    version = form.text("version")
    return Filled(
        name=form.text("name"),
        message=form.text("message", trim=False),
        category=form.text("category") or "service",
        language=form.text("language"),
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 19 else None,
        media_id="" if form.ticked("without_file") else form.text("media_id")[: file_forms.MOST_NUMBER],
        as_document=form.ticked("as_document"),
    )


def _as_filled(rows: Rows, desk: Desk, text: Text) -> Filled:
    media = file_forms.of_text(rows, desk.user.id, text)
    return Filled(
        text.name,
        text.message,
        text.category,
        text.language or "",
        text.version,
        "" if media is None else media.number,
        media is not None and file_forms.as_document(media, text.media_kind),
    )


def _errors(wrong: Refusal) -> dict[str, str]:
    return dict(wrong.details) or {"form": wrong.sentence}


router = Mount(path="/", route_handlers=[page, new, add, add_ready, preview, show, change, delete, pick])
