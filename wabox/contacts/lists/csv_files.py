"""Reads whatever a spreadsheet calls CSV: any usual encoding, delimiter, way of quoting and line end; pure.

`examine` makes one plain form of it (UTF-8, \\n), which `rows` reads.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wabox.contacts.lists import decoding, dialects, mending
from wabox.contacts.lists.cells import OUR_HEAD
from wabox.contacts.lists.dialects import SAMPLE, Dialect
from wabox.contacts.lists.file_kinds import bad
from wabox.errors import Invalid
from wabox.languages import later

MOST_BYTES = 25 * 1024 * 1024
MOST_PLAIN = 4 * MOST_BYTES  # a workbook's sheet unpacked
MOST_ROWS = 100_000
MOST_READ = 1_100_000  # with blank ones: a sheet saved to its very end
MOST_COLUMNS = 1_000  # that a page can show
csv.field_size_limit(MOST_PLAIN)


@dataclass(frozen=True, slots=True)
class Row:
    """A row. number: as a spreadsheet counts, from 1, blank rows too. end: bytes of the file up to its end."""

    number: int
    end: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        """Nothing stands in it."""
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that can be read. content: UTF-8, lines end with \\n. encoding: as it came.

    spoilt: characters that could not be read. rows: that are not blank. sample: the first of them.
    """

    content: bytes
    encoding: str
    spoilt: int
    dialect: Dialect
    rows: int
    sample: tuple[Row, ...]


def examine(data: bytes, encoding: str | None = None) -> Examined:
    """The file, understood and read through once. encoding: to read it in, None = what it speaks for itself.

    Raises Invalid `bad_csv`: empty, no text, or over a limit. A quotation mark never closed spoils its own row.
    """
    if len(data) > MOST_PLAIN:
        raise too_large()
    read = decoding.decoded(data, encoding)
    text, dialect = dialects.of(read.text)
    if not text.startswith(OUR_HEAD):
        text = mending.closed(decoding.without_marks(text), dialect)
        in_lines = mending.noted(text, dialect)
        text, dialect = (text, dialect) if in_lines is None else (in_lines, mending.NOTED)
    content = text.encode("utf-8")
    total, sample = _through(content, dialect)
    if not sample:
        raise bad(later("There are no rows in this file."))
    return Examined(content, read.encoding, read.spoilt, dialect, total, sample)


def rows(lines: Iterable[bytes], dialect: Dialect) -> Iterator[Row]:
    """The rows of a file in its plain form, blank ones too. Raises Invalid `bad_csv` where it cannot be read."""
    feed = _Feed(lines)
    number = 0
    reader = dialect.read(feed)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            raise _stray(number + 1) from None
        if cells is None:
            break
        number += 1
        while len(cells) > MOST_COLUMNS and not cells[-1].strip():
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise bad(f"Row {number} has {len(cells):,} columns; at most {MOST_COLUMNS:,} can be shown.")
        yield Row(number, feed.position, tuple(cells))


class _Feed:
    """Lines for the csv module, counting the bytes it has taken."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.position = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.position += len(line)
        return line.decode("utf-8")


def _through(content: bytes, dialect: Dialect) -> tuple[int, tuple[Row, ...]]:
    """How many rows are not blank, and the first of them."""
    total = 0
    sample: list[Row] = []
    for row in rows(io.BytesIO(content), dialect):
        if not row.is_blank:
            total += 1
            if total <= SAMPLE:
                sample.append(row)
        if total > MOST_ROWS + SAMPLE or row.number > MOST_READ:
            raise too_many()
    return total, tuple(sample)


def too_large() -> Invalid:
    """The refusal of a file with too many bytes."""
    return bad(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB; split it and import the parts.")


def too_many() -> Invalid:
    """The refusal of a file with too many rows."""
    return bad(f"The file has more than {MOST_ROWS:,} rows; split it and import the parts.")


def _stray(number: int) -> Invalid:
    return bad(f"Row {number} cannot be read; look for a stray quotation mark in it.")
