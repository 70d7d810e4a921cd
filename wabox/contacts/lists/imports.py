"""An import's life: uploaded → running → done, or failed, or cancelled; its rows go in by `intake`."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from wabox import times
from wabox.contacts import exporting, fields, own
from wabox.contacts.lists import columns, guessing, own_columns
from wabox.contacts.lists.columns import Columns
from wabox.contacts.lists.csv_files import Examined
from wabox.contacts.lists.layouts import Layout
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid, NotFound
from wabox.languages import later

Status = Literal["uploaded", "running", "done", "failed", "cancelled"]
OPEN: tuple[Status, ...] = ("uploaded", "running")
UPLOADS_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Import:
    """A file on its way in. file: its name in the imports directory. tag: everybody in it gets it.

    consent_by: who attests that these people agreed, None if nobody does. position, line: bytes and rows of
    the file that are done. total: rows of data; done = created + updated + unchanged + refused.
    """

    id: int
    user_id: int
    name: str
    file: str
    encoding: str
    layout: Layout
    columns: Columns | None
    tag: str | None
    consent_by: str | None
    status: Status
    error_text: str | None
    position: int
    line: int
    total: int
    done: int
    created: int
    updated: int
    unchanged: int
    refused: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that did not go in. line: as a spreadsheet counts. reason: a sentence."""

    line: int
    reason: str
    cells: tuple[str, ...]


# -- in ----------------------------------------------------------------------------------------------


def keep(directory: Path, content: bytes) -> str:
    """The file lies in the directory, durably; its name there."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{secrets.token_hex(16)}.csv"
    with (directory / name).open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return name


def create(
    tx: Tx, user_id: int, *, name: str, file: str, examined: Examined, layout: Layout, now: datetime, country: str
) -> Import:
    """The upload stands, with the columns guessed; nothing is imported before `start`."""
    guessed = _guessed(tx, user_id, examined, layout, country=country)
    import_id = tx.insert(
        """insert into imports (user_id, name, file, encoding, dialect, mapping, total, created_at)
           values (:user_id, :name, :file, :encoding, :dialect, :mapping, :total, :now)""",
        user_id=user_id,
        name=fields.name(name[:200]) or "contacts.csv",
        file=file,
        encoding=examined.encoding,
        dialect=msgspec.json.encode(layout).decode(),
        mapping=None if guessed is None else msgspec.json.encode(guessed).decode(),
        total=layout.total,
        now=times.stored(now),
    )
    return by_id(tx, import_id)


def _guessed(rows: Rows, user_id: int, examined: Examined, layout: Layout, *, country: str) -> Columns | None:
    there = {field.name: field for field in own.every(rows, user_id)}
    data = [row.cells for row in examined.sample if not layout.has_header or row.number > layout.header_row]
    known = own_columns.known(layout.names, data, there)
    return guessing.guess(layout.names, data, known, country=country)


def turn_to(
    tx: Tx, user_id: int, import_id: int, *, file: str, examined: Examined, layout: Layout, country: str
) -> Import:
    """This is to be imported instead, with its columns guessed. Raises Invalid `wrong_state`.

    Another sheet of the workbook, or the same file with its characters read in another way.
    """
    found = of_user(tx, user_id, import_id)
    guessed = _guessed(tx, user_id, examined, layout, country=country)
    changed = tx.run(
        """update imports set file = :file, encoding = :encoding, dialect = :dialect, mapping = :mapping,
           total = :total where id = :id and status = 'uploaded'""",
        id=import_id,
        file=file,
        encoding=examined.encoding,
        dialect=msgspec.json.encode(layout).decode(),
        mapping=None if guessed is None else msgspec.json.encode(guessed).decode(),
        total=layout.total,
    )
    if not changed:
        raise _wrong_state(found)
    return by_id(tx, import_id)


def choose(
    tx: Tx,
    user_id: int,
    import_id: int,
    *,
    chosen: Columns,
    header_row: int | None,
    tag: str | None,
    consent_by: str | None,
) -> Import:
    """The owner has said what the columns are. header_row: the row that names them, None = no row does.

    Raises Invalid `bad_columns`, `bad_tag`, `wrong_state`.
    """
    found = of_user(tx, user_id, import_id)
    layout = found.layout.headed(header_row)
    columns.checked(chosen, layout.width)
    changed = tx.run(
        """update imports set dialect = :dialect, mapping = :mapping, tag = :tag, consent_by = :consent_by,
           total = :total where id = :id and status = 'uploaded'""",
        id=import_id,
        dialect=msgspec.json.encode(layout).decode(),
        mapping=msgspec.json.encode(chosen).decode(),
        tag=fields.tag(tag) if tag and tag.strip() else None,
        consent_by=consent_by,
        total=layout.total,
    )
    if not changed:
        raise _wrong_state(found)
    return by_id(tx, import_id)


def start(tx: Tx, user_id: int, import_id: int, *, now: datetime) -> Import:
    """uploaded → running; fields of the user's own that it fills are there. Asking again is fine.

    Raises Invalid `bad_columns`, `wrong_state`, or `too_many_fields`.
    """
    found = of_user(tx, user_id, import_id)
    if found.columns is None:
        sentence = later("Choose the column with the phone numbers.")
        raise Invalid("bad_columns", sentence, details={"phone": sentence})
    moved = tx.run(
        "update imports set status = 'running', started_at = :now where id = :id and status = 'uploaded'",
        id=import_id,
        now=times.stored(now),
    )
    if moved:
        _ready(tx, found, found.columns, now=now)
    elif found.status not in ("running", "done"):
        raise _wrong_state(found)
    return by_id(tx, import_id)


def _ready(tx: Tx, found: Import, chosen: Columns, *, now: datetime) -> None:
    """Each field that a column fills is there; one that was there before keeps its kind."""
    there = {field.name: field for field in own.every(tx, found.user_id)}
    filled = []
    for one in chosen.fields:
        field = there.get(one.name) or own.create(
            tx, found.user_id, name=one.name, kind=one.kind, currency="", now=now
        )
        filled.append(msgspec.structs.replace(one, kind=field.kind))
    tx.run(
        "update imports set dialect = :dialect, mapping = :mapping where id = :id",
        id=found.id,
        dialect=msgspec.json.encode(found.layout.running).decode(),
        mapping=msgspec.json.encode(msgspec.structs.replace(chosen, fields=tuple(filled))).decode(),
    )


def cancel(tx: Tx, user_id: int, import_id: int, *, now: datetime) -> Import:
    """uploaded or running → cancelled; what is in already stays. Asking again is fine. Raises `wrong_state`."""
    found = of_user(tx, user_id, import_id)
    moved = tx.run(
        """update imports set status = 'cancelled', finished_at = :now
           where id = :id and status in ('uploaded', 'running')""",
        id=import_id,
        now=times.stored(now),
    )
    if not moved and found.status != "cancelled":
        raise _wrong_state(found)
    return by_id(tx, import_id)


# -- look --------------------------------------------------------------------------------------------


def of_user(rows: Rows, user_id: int, import_id: int) -> Import:
    """The user's import. Raises NotFound, for somebody else's too."""
    row = rows.one("select * from imports where id = :id and user_id = :user_id", id=import_id, user_id=user_id)
    if row is None:
        raise NotFound("not_found", later("There is no such import; upload the file again."))
    return _import(row)


def by_id(rows: Rows, import_id: int) -> Import:
    """The import, whoever's. For the engine."""
    row = rows.one("select * from imports where id = :id", id=import_id)
    if row is None:
        raise NotFound("not_found", later("There is no such import; upload the file again."))
    return _import(row)


def latest(rows: Rows, user_id: int, *, most: int = 20) -> list[Import]:
    """The user's imports, newest first."""
    found = rows.all(
        "select * from imports where user_id = :user_id order by id desc limit :most", user_id=user_id, most=most
    )
    return [_import(row) for row in found]


def due(rows: Rows) -> list[int]:
    """Ids of imports with rows left."""
    return [row["id"] for row in rows.all("select id from imports where status = 'running'")]


def refusals(rows: Rows, user_id: int, import_id: int, *, after: int = 0, most: int = 500) -> list[Refused]:
    """Rows that did not go in, by line. after: the last line that is known already."""
    found = rows.all(
        """select line, reason, row from import_refusals where import_id = :id and user_id = :user_id
           and line > :after order by id limit :most""",
        id=import_id,
        user_id=user_id,
        after=after,
        most=most,
    )
    return [Refused(row["line"], row["reason"], tuple(json.loads(row["row"]))) for row in found]


def refused_csv(found: Import, batches: Iterator[list[Refused]], say: Callable[[str], str] = str) -> Iterator[str]:
    """The refused rows as a CSV file, with the line and the reason in front of each, to be mended.

    say: the reason in the reader's language.
    """
    width = found.layout.width
    names = found.layout.first if found.layout.has_header else tuple(f"column {n + 1}" for n in range(width))
    yield exporting.text([("line", "reason", *names)], start=True)
    for batch in batches:
        yield exporting.text([(str(one.line), say(one.reason), *one.cells) for one in batch], start=False)


# -- by itself ---------------------------------------------------------------------------------------


def fail(tx: Tx, import_id: int, sentence: str, *, now: datetime) -> bool:
    """running → failed: the rest of the file cannot be read; what is in already stays."""
    moved = tx.run(
        """update imports set status = 'failed', error_text = :sentence, finished_at = :now
           where id = :id and status = 'running'""",
        id=import_id,
        sentence=sentence,
        now=times.stored(now),
    )
    return bool(moved)


def forget_uploads(tx: Tx, *, now: datetime) -> int:
    """Uploads that nobody started for a week are cancelled. Returns how many."""
    return tx.run(
        """update imports set status = 'cancelled', finished_at = :now
           where status = 'uploaded' and created_at < :before""",
        now=times.stored(now),
        before=times.stored(now - UPLOADS_KEPT),
    )


def filling(rows: Rows, user_id: int, name: str) -> str | None:
    """What the user's running import that fills this field is called; None if none does."""
    for row in rows.all(
        "select name, mapping from imports where user_id = :id and status = 'running' order by id", id=user_id
    ):
        if any(one.name == name for one in columns.read(row["mapping"]).fields):
            return str(row["name"])
    return None


def needed_files(rows: Rows) -> set[str]:
    """Names of the files that open imports still need, with what could be chosen instead."""
    found = [_import(row) for row in rows.all("select * from imports where status in ('uploaded', 'running')")]
    kept = {
        name
        for one in found
        for name in (one.file, one.layout.original, *(sheet.file for sheet in one.layout.sheets))
    }
    return kept - {""}


_WRONG_STATE: dict[Status, str] = {
    "uploaded": later("This import has not begun yet; choose its columns and start it."),
    "running": later("This import runs already; cancel it, or wait until it is done."),
    "done": later("This import is done; upload the file again for another one."),
    "failed": later("This import has failed; upload the file again."),
    "cancelled": later("This import was cancelled; upload the file again."),
}


def _wrong_state(found: Import) -> Invalid:
    return Invalid("wrong_state", _WRONG_STATE[found.status])


_import = reader(
    Import,
    layout=lambda row: msgspec.json.decode(row["dialect"], type=Layout),
    columns=lambda row: None if row["mapping"] is None else columns.read(row["mapping"]),
)
