"""The rows of an import, a batch at a time: read outside the transaction, written in one.

The transaction first checks that the import still stands where the batch began, so a crash, a second
worker or a cancel in between writes no row twice.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from wabox import times
from wabox.contacts import own, suppression, writing
from wabox.contacts.lists import columns, csv_files, guessing, repairs
from wabox.contacts.lists.imports import Import, Refused
from wabox.contacts.lists.repairs import Repair
from wabox.contacts.own_values import MOST_FIELDS
from wabox.contacts.stored import Consent
from wabox.contacts.writing import Draft
from wabox.db import Rows, Tx
from wabox.errors import Invalid, Refusal
from wabox.languages import later

BATCH = 500
PREVIEW = 20
MOST_COUNTED = 30_000  # rows in which repairs are counted: it takes a second or two
MOST_KEPT = 4_096  # characters of a cell that are kept of a refused row


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were read: where they begin and end, and what they say.

    silenced: phones of those who want nothing more, of rows that are refused because they come twice, too.
    """

    found: Import
    drafts: tuple[Draft, ...]
    refused: tuple[Refused, ...]
    silenced: tuple[str, ...]
    position: int
    line: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of a row. draft: None if it would be refused, with the reason.

    repairs: what was changed or guessed in reading it. others: further numbers in it, which are kept.
    """

    line: int
    cells: tuple[str, ...]
    draft: Draft | None
    outcome: writing.Outcome | Literal["refused"]
    reason: str | None
    opted_out: bool
    repairs: tuple[Repair, ...]
    others: str | None


@dataclass(frozen=True, slots=True)
class Repaired:
    """In how many rows of a file which repair was made. rows: that were looked at. is_all: none were left out."""

    rows: int
    kinds: Mapping[repairs.Kind, int]
    is_all: bool


def preview(rows: Rows, directory: Path, found: Import, *, country: str, now: datetime) -> list[Foreseen]:
    """What would become of the first rows, as columns are chosen now. Raises Invalid `bad_csv`."""
    with Reading(directory, found, country=country, now=now) as reading:
        read = list(reading.read(PREVIEW))
    drafts = [one for _, one in read if isinstance(one, Draft)]
    outcomes = iter(writing.foreseen(rows, found.user_id, drafts))
    return [
        Foreseen(
            line=row.number,
            cells=row.cells,
            draft=one if isinstance(one, Draft) else None,
            outcome=next(outcomes) if isinstance(one, Draft) else "refused",
            reason=None if isinstance(one, Draft) else one.reason,
            opted_out=isinstance(one, Draft)
            and (one.opted_out or suppression.is_out(rows, found.user_id, one.phone.digits)),
            repairs=tuple(reading.repairs(row, one)),
            others=_others(one),
        )
        for row, one in read
    ]


@functools.lru_cache(maxsize=32)
def repaired(directory: Path, found: Import, *, country: str, most: int = MOST_COUNTED) -> Repaired:
    """In how many rows of the file something is changed or guessed. Raises Invalid `bad_csv`.

    most: rows to look at. Slow, so never on the loop, nor in a transaction; an import asked for again is known.
    """
    counted: Counter[repairs.Kind] = Counter()
    rows = 0
    with Reading(directory, found, country=country, now=found.created_at) as reading:
        for row, one in reading.read(most):
            rows += 1
            counted.update({repair.kind for repair in reading.repairs(row, one)})
        return Repaired(rows, counted, is_all=reading.is_done)


def _others(one: Draft | Refused) -> str | None:
    found = one.fields.get(columns.OTHER_NUMBERS) if isinstance(one, Draft) else None
    return None if found is None else str(found)


class Reading:
    """A file being read from where its import stands; remembers which phones came already.

    Opened anew after a crash, it reads the rows before that point once more, to know their phones.
    """

    def __init__(self, directory: Path, found: Import, *, country: str, now: datetime) -> None:
        """Raises Invalid `bad_csv` if the file is gone."""
        self._import = found
        self._country = country
        self._consent = _attested(found, now)
        self._tags = () if found.tag is None else (found.tag,)
        self._now = now
        self._ours = guessing.is_ours(found.layout.names)
        self._seen: dict[str, int] = {}
        self._silenced: dict[str, None] = {}
        self.line = found.line  # the last row that was given out
        try:
            self._file = (directory / found.file).open("rb")
        except OSError:
            raise Invalid("bad_csv", later("The uploaded file is gone; upload it again.")) from None
        self._rows = csv_files.rows(self._file, found.layout.dialect)
        self._ahead = self._next()
        above = found.layout.header_row if found.layout.has_header else 0
        while self._ahead is not None and self._ahead.number <= above:
            self._ahead = self._next()
        while self._ahead is not None and self._ahead.number <= found.line:
            self._judge(self._ahead)
            self._ahead = self._next()

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The file is closed."""
        self._file.close()

    def read(self, most: int) -> Iterator[tuple[csv_files.Row, Draft | Refused]]:
        """The next rows, with what each says."""
        while most > 0 and self._ahead is not None:
            row, self._ahead = self._ahead, self._next()
            self.line = row.number
            yield row, self._judge(row)
            most -= 1

    def repairs(self, row: csv_files.Row, one: Draft | Refused) -> list[Repair]:
        """What was changed or guessed in a row that was read."""
        assert self._import.columns is not None
        draft = one if isinstance(one, Draft) else None
        return repairs.of_row(row.cells, self._import.columns, draft, country=self._country, ours=self._ours)

    @property
    def is_done(self) -> bool:
        """No row is left."""
        return self._ahead is None

    def batch(self, found: Import, most: int = BATCH) -> Batch:
        """The next rows as one batch. found: the import, standing where the batch before this ended."""
        self._silenced.clear()
        read = list(self.read(most))
        last = read[-1][0] if read else None
        return Batch(
            found=found,
            drafts=tuple(one for _, one in read if isinstance(one, Draft)),
            refused=tuple(one for _, one in read if isinstance(one, Refused)),
            silenced=tuple(self._silenced),
            position=found.position if last is None else last.end,
            line=found.line if last is None else last.number,
            is_last=self._ahead is None,
        )

    def _next(self) -> csv_files.Row | None:
        return next((row for row in self._rows if not row.is_blank), None)

    def _judge(self, row: csv_files.Row) -> Draft | Refused:
        assert self._import.columns is not None
        if row.cells == self._import.layout.names:
            return Refused(row.number, later("This row repeats the names of the columns."), row.cells)
        try:
            draft = columns.draft(
                row.cells,
                self._import.columns,
                country=self._country,
                tags=self._tags,
                consent=self._consent_in(row) or self._consent,
                ours=self._ours,
            )
        except Refusal as refusal:
            return Refused(row.number, refusal.sentence, row.cells)
        if draft.opted_out:
            self._silenced[draft.phone.digits] = None
        before = self._seen.setdefault(draft.phone.digits, row.number)
        if before != row.number:
            return Refused(
                row.number, f"The same phone number is in line {before}; the first one counts.", row.cells
            )
        return draft

    def _consent_in(self, row: csv_files.Row) -> Consent | None:
        """What a row of wabox's own export has."""
        if not self._ours:
            return None
        said = zip(self._import.layout.first, row.cells, strict=False)
        return columns.consent_of(dict(said), now=self._now)


def write(tx: Tx, batch: Batch, *, now: datetime) -> bool:
    """The batch is in. False: the import does not stand there any more, or does not run."""
    found = batch.found
    moved = tx.run(
        """update imports set position = :position, line = :line
           where id = :id and status = 'running' and position = :from and line = :from_line""",
        **{"from": found.position, "from_line": found.line},
        id=found.id,
        position=batch.position,
        line=batch.line,
    )
    if not moved:
        return False
    drafts = _with_room(tx, found.user_id, batch.drafts)
    outcomes = list(writing.write(tx, found.user_id, drafts, now=now).values())
    tx.many(
        "insert into import_refusals (user_id, import_id, line, reason, row) values (?, ?, ?, ?, ?)",
        [(found.user_id, found.id, one.line, one.reason, _row_text(one.cells)) for one in batch.refused],
    )
    tx.run(
        """update imports set created = created + :created, updated = updated + :updated,
           unchanged = unchanged + :unchanged, refused = refused + :refused, done = done + :done,
           status = iif(:is_last, 'done', status), finished_at = iif(:is_last, :now, null) where id = :id""",
        id=found.id,
        created=outcomes.count("created"),
        updated=outcomes.count("updated"),
        unchanged=outcomes.count("unchanged"),
        refused=len(batch.refused),
        done=len(outcomes) + len(batch.refused),
        is_last=batch.is_last,
        now=times.stored(now),
    )
    return True


def _with_room(rows: Rows, user_id: int, drafts: tuple[Draft, ...]) -> tuple[Draft, ...]:
    """The drafts; without further numbers where the user has no text field for them, nor room for one more."""
    if not any(columns.OTHER_NUMBERS in draft.fields for draft in drafts):
        return drafts
    there = {field.name: field.kind for field in own.every(rows, user_id)}
    kind = there.get(columns.OTHER_NUMBERS, "text" if len(there) < MOST_FIELDS else None)
    if kind == "text":
        return drafts
    kept = ({name: one for name, one in draft.fields.items() if name != columns.OTHER_NUMBERS} for draft in drafts)
    return tuple(replace(draft, fields=fields) for draft, fields in zip(drafts, kept, strict=True))


def _attested(found: Import, now: datetime) -> Consent | None:
    if found.consent_by is None:
        return None
    return Consent("import_attested", found.started_at or now, found.consent_by, found.name)


def _row_text(cells: tuple[str, ...]) -> str:
    return json.dumps([cell[:MOST_KEPT] for cell in cells], ensure_ascii=False)
