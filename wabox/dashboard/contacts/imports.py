"""Contacts from a file: upload, choose the columns with every row's fate in view, watch, and what was refused."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Stream

from wabox.contacts import own
from wabox.contacts.lists import cells as cell_texts
from wabox.contacts.lists import columns, csv_files, decoding, guessing, imports, intake, own_columns, uploads
from wabox.contacts.lists.columns import Columns
from wabox.contacts.lists.imports import Import
from wabox.contacts.lists.own_columns import OwnColumn
from wabox.contacts.own_values import KINDS
from wabox.dashboard.frame.answers import download, is_fragment
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.form import Form
from wabox.dashboard.names import contacts as names
from wabox.db import Rows, Tx
from wabox.errors import Invalid, TooLarge
from wabox.languages import later
from wabox.mounting import Mount

EXAMPLE = 24  # characters of a cell, where a column has no name
MOST_SHOWN = 30  # columns in the table that nothing uses
VALID = 2


@get("/contacts/import")
async def page(desk: Desk) -> Response[str]:
    """The upload, and what was imported before."""
    return await _page(desk, {})


@post("/contacts/import", streams=True, request_max_body_size=None)
async def upload(desk: Desk) -> Response[str]:
    """The file is read through and kept; nothing is imported yet."""
    _, file = await desk.form_with("file", most_bytes=csv_files.MOST_BYTES)
    if file is None:
        return await _page(desk, {"file": later("Choose a file first.")}, status=422)
    country = desk.box.config.locale.country
    try:
        kept, examined, layout = await asyncio.to_thread(uploads.taken, _directory(desk), file.data(), country)
    except (Invalid, TooLarge) as wrong:
        return await _page(desk, wrong.details or {"file": wrong.sentence}, status=wrong.status)
    made = await desk.box.db.write(
        imports.create,
        desk.user.id,
        name=Path(file.name).name,
        file=kept,
        examined=examined,
        layout=layout,
        country=country,
        now=desk.box.now(),
    )
    return desk.go(f"/contacts/import/{made.id}")


@get("/contacts/import/{import_id:int}")
async def show(import_id: int, desk: Desk) -> Response[str]:
    """The columns to choose, or how far it is, or what came of it."""
    return await _show(desk, import_id, {})


@get("/contacts/import/{import_id:int}/live")
async def live(import_id: int, desk: Desk) -> Response[str]:
    """How far it is."""
    found = await desk.box.db.read(imports.of_user, desk.user.id, known_id(import_id))
    return desk.page("contacts/_import.html", found=found)


@post("/contacts/import/{import_id:int}/columns")
async def choose(import_id: int, desk: Desk) -> Response[str]:
    """The columns are these; the rows are shown as they would go in."""
    form = await desk.form()
    try:
        if await _turned(desk, known_id(import_id), form):
            return _anew(desk, import_id)
        await desk.box.db.write(_choose, desk, known_id(import_id), form)
    except Invalid as wrong:
        return await _show(desk, import_id, wrong.details or {"form": wrong.sentence}, status=422)
    if is_fragment(desk.request):
        if desk.request.headers.get("HX-Trigger-Name") == "header_row":  # the columns have other names now
            return _anew(desk, import_id)
        return await _show(desk, import_id, {})
    return desk.go(f"/contacts/import/{import_id}")


@post("/contacts/import/{import_id:int}/start")
async def start(import_id: int, desk: Desk) -> Response[str]:
    """It runs, with the columns of this form; what nobody has seen yet, as another sheet, is shown first."""
    form = await desk.form()

    def verb(tx: Tx) -> None:
        if imports.of_user(tx, desk.user.id, known_id(import_id)).status == "uploaded":
            _choose(tx, desk, import_id, form)
        imports.start(tx, desk.user.id, import_id, now=desk.box.now())

    try:
        if await _turned(desk, known_id(import_id), form):
            return _anew(desk, import_id)
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _show(desk, import_id, wrong.details or {"form": wrong.sentence}, status=422)
    return desk.go(f"/contacts/import/{import_id}", said="import_started")


@post("/contacts/import/{import_id:int}/cancel")
async def cancel(import_id: int, desk: Desk) -> Response[str]:
    """Nothing more of it goes in."""
    await desk.box.db.write(imports.cancel, desk.user.id, known_id(import_id), now=desk.box.now())
    return desk.go(f"/contacts/import/{import_id}", said="import_cancelled")


@get("/contacts/import/{import_id:int}/refused.csv")
async def refused(import_id: int, desk: Desk) -> Stream:
    """The rows that did not go in, each with its line and the reason."""
    found = await desk.box.db.read(imports.of_user, desk.user.id, known_id(import_id))

    async def pieces() -> AsyncIterator[str]:
        for piece in imports.refused_csv(found, iter(())):
            yield piece
        last = 0
        while batch := await desk.box.db.read(imports.refusals, desk.user.id, found.id, after=last):
            last = batch[-1].line
            yield list(imports.refused_csv(found, iter([batch]), desk.voice.say))[-1]

    return download(pieces, f"refused-{found.id}.csv")


def _directory(desk: Desk) -> Path:
    return desk.box.config.data.dir / "imports"


async def _turned(desk: Desk, import_id: int, form: Form) -> bool:
    """Whether another sheet or encoding was chosen; then the import is of that one."""
    found = await desk.box.db.read(imports.of_user, desk.user.id, import_id)
    layout, country = found.layout, desk.box.config.locale.country
    file, encoding = form.text("sheet"), form.text("encoding")
    if file != found.file and file in {one.file for one in layout.sheets}:
        taken = await asyncio.to_thread(uploads.another_sheet, _directory(desk), layout, file, country)
    elif layout.original and encoding != found.encoding and encoding in decoding.ENCODINGS:
        taken = await asyncio.to_thread(uploads.read_as, _directory(desk), layout, encoding, country)
    else:
        return False
    file, examined, turned = taken
    await desk.box.db.write(
        imports.turn_to, desk.user.id, import_id, file=file, examined=examined, layout=turned, country=country
    )
    return True


def _anew(desk: Desk, import_id: int) -> Response[str]:
    """The whole page once more."""
    if is_fragment(desk.request):
        return Response("", headers={"HX-Refresh": "true"})
    return desk.go(f"/contacts/import/{import_id}")


def _choose(tx: Tx, desk: Desk, import_id: int, form: Form) -> None:
    places = {name: _place(form.text(f"column_{name}")) for name in columns.FIELDS}
    phone = places["phone"]
    if phone is None:
        sentence = later("Choose the column with the phone numbers.")
        raise Invalid("bad_columns", sentence, details={"phone": sentence})
    chosen = Columns(
        phone,
        places["name"],
        places["custom"],
        places["tag"],
        opted_out=places["opted_out"],
        opted_in=places["opted_in"],
        more_phones=_ticked(form, "more_phones", places.values()),
    )
    names = _ticked(form, "more_names", chosen.used)
    chosen = msgspec.structs.replace(chosen, more_names=names)
    width = imports.of_user(tx, desk.user.id, import_id).layout.width
    asked = tuple(_own(form, place) for place in range(width) if _is_own(form, place, chosen))
    imports.choose(
        tx,
        desk.user.id,
        import_id,
        chosen=msgspec.structs.replace(chosen, fields=asked),
        header_row=_place(form.text("header_row")),
        tag=form.text("tag") or None,
        consent_by=desk.user.email if form.ticked("agreed") else None,
    )


def _ticked(form: Form, what: str, used: Iterable[int | None]) -> tuple[int, ...]:
    """The columns that were ticked for further numbers or names; not those that have another use meanwhile."""
    ticked, used = (_place(text) for text in form.texts(what)), set(used)
    return tuple(dict.fromkeys(place for place in ticked if place is not None and place not in used))


def _is_own(form: Form, place: int, chosen: Columns) -> bool:
    """Whether this column is to become a field; one that has another use meanwhile is not."""
    return form.ticked(f"own_{place}") and place not in chosen.used


def _own(form: Form, place: int) -> OwnColumn:
    kind, _, order = form.text(f"own_kind_{place}").partition("_")
    name = form.text(f"own_name_{place}")[:64]
    return OwnColumn(name, place, next((one for one in KINDS if one == kind), "text"), order == "month_first")


def _place(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


async def _page(desk: Desk, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    past = await desk.box.db.read(imports.latest, desk.user.id)
    return desk.page(
        "contacts/imports.html",
        status=status,
        here="contacts",
        errors=errors,
        past=past,
        most_megabytes=csv_files.MOST_BYTES // 1024 // 1024,
        most_rows=csv_files.MOST_ROWS,
    )


async def _show(desk: Desk, import_id: int, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    def ask(rows: Rows) -> dict[str, Any]:
        found = imports.of_user(rows, desk.user.id, known_id(import_id))
        foreseen = _foreseen(rows, desk, found)
        cells = [one.cells for one in foreseen["foreseen"]]
        return {
            "found": found,
            **foreseen,
            "offers": _offers(rows, desk, found, cells),
            "places": _places(found, cells),
            "named": _named(found),
            "numbered": _numbered(found, cells, country=desk.box.config.locale.country),
        }

    shown = await desk.box.db.read(ask)
    repaired = await _repaired(desk, shown["found"]) if shown["foreseen"] else None
    fragment = is_fragment(desk.request)
    return desk.page(
        "contacts/_import_rows.html" if fragment else "contacts/import.html",
        status=status,
        here="contacts",
        errors=errors,
        columns=_names(shown["found"]),
        encodings=_encodings(desk, shown["found"]),
        repaired=repaired,
        **shown,
    )


def _foreseen(rows: Rows, desk: Desk, found: Import) -> dict[str, Any]:
    """The first rows with what would become of each, while nothing has started."""
    if found.status != "uploaded" or found.columns is None:
        return {"foreseen": [], "problem": None}
    try:
        foreseen = intake.preview(
            rows, _directory(desk), found, country=desk.box.config.locale.country, now=desk.box.now()
        )
    except Invalid as wrong:
        return {"foreseen": [], "problem": wrong.sentence}
    return {"foreseen": foreseen, "problem": None}


async def _repaired(desk: Desk, found: Import) -> intake.Repaired | None:
    """In how many rows something was changed in reading; None where it cannot be read any more."""
    asked = dataclasses.replace(found, tag=None, consent_by=None)  # which change nothing of it
    country = desk.box.config.locale.country
    try:
        return await asyncio.to_thread(intake.repaired, _directory(desk), asked, country=country)
    except Invalid:
        return None


def _encodings(desk: Desk, found: Import) -> list[tuple[str, str]]:
    """In which ways the file's characters can be read; none where all of them come to the same."""
    if not found.layout.original:
        return []
    there = dict.fromkeys((found.layout.likeliest, found.encoding, *decoding.ENCODINGS))
    return [(one, desk.voice.say(names.ENCODINGS.get(one, one))) for one in there]


def _offers(rows: Rows, desk: Desk, found: Import, cells: list[tuple[str, ...]]) -> list[own_columns.Offer]:
    """The columns that nothing uses and that could become fields."""
    if found.columns is None or not cells:
        return []
    return own_columns.offers(
        found.layout.names,
        cells,
        width=found.layout.width,
        used=found.columns.used,
        chosen=found.columns.fields,
        fields={field.name: field for field in own.every(rows, desk.user.id)},
    )


def _places(found: Import, cells: list[tuple[str, ...]]) -> list[int]:
    """The columns that the table shows: those that are used, and the first ones that hold something."""
    chosen = found.columns
    used = [] if chosen is None else [*chosen.used, *(one.place for one in chosen.fields)]
    held = [
        place
        for place in range(found.layout.width)
        if any(place < len(row) and row[place].strip() for row in cells)
    ]
    return sorted({*used, *held[:MOST_SHOWN]})


def _numbered(found: Import, cells: list[tuple[str, ...]], *, country: str) -> list[int]:
    """The columns with further numbers: those that are chosen, and those that hold valid ones."""
    if found.columns is None:
        return []
    held = {
        place
        for row in cells
        for place, cell in enumerate(row)
        if cell_texts.weight(cell, country=country) >= VALID
    }
    taken = {*found.columns.used, *(one.place for one in found.columns.fields)}
    return sorted({*(held - taken), *found.columns.more_phones})


def _named(found: Import) -> list[int]:
    """The columns with further parts of a name: those that are chosen, then those that are called so."""
    if found.columns is None:
        return []
    called = [guessing.name_part(guessing.plain(name)) for name in found.layout.names or ()]
    parts = (place for place, part in enumerate(called) if part is not None)
    taken = {*found.columns.used, *(one.place for one in found.columns.fields)}
    return list(dict.fromkeys((*found.columns.more_names, *(place for place in parts if place not in taken))))


def _names(found: Import) -> list[str]:
    """What the columns are called: by the first row, or by what stands in it."""
    cells = [*found.layout.first, *[""] * (found.layout.width - len(found.layout.first))]
    return [cell.strip()[:EXAMPLE] for cell in cells]


router = Mount(path="/", route_handlers=[page, upload, show, live, choose, start, cancel, refused])
