"""Reads whatever a spreadsheet calls CSV: any usual encoding, delimiter, way of quoting and line end; pure.

`examine` makes one plain form of it (UTF-8, \\n), which `rows` reads.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from wabox.contacts import decoding
from wabox.contacts.cells import OUR_HEAD, looks_like_phone
from wabox.contacts.decoding import bad
from wabox.languages import later

MOST_BYTES = 25 * 1024 * 1024
MOST_ROWS = 100_000
MOST_READ = 1_100_000  # with blank ones: a sheet saved to its very end
MOST_COLUMNS = 1_000  # that a page can show
MOST_LINES = 50  # of text in one row, if they look like rows: a quotation mark that was never closed
SAMPLE = 100
DELIMITERS = (",", ";", "\t", "|")
csv.field_size_limit(MOST_BYTES)


class Dialect(Struct, frozen=True):
    """How rows are written.

    spaced: blanks stand between delimiter and quotation mark. escaped: \\" is a quotation mark inside a cell.
    """

    delimiter: str
    quote: str = '"'
    spaced: bool = False
    escaped: bool = False

    def read(self, lines: Iterable[str], *, strict: bool = False) -> Iterator[list[str]]:
        """The cells of each row. Raises csv.Error."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            skipinitialspace=self.spaced,
            escapechar="\\" if self.escaped else None,
            strict=strict,
        )


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


def examine(data: bytes) -> Examined:
    """The file, understood and read through once.

    Raises Invalid `bad_csv`: empty, no text, over a limit, or with a quotation mark that is never closed.
    """
    if len(data) > MOST_BYTES:
        raise bad(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB; split it and import the parts.")
    read = decoding.decoded(data)
    text, dialect = _dialect(read.text)
    content = text.encode("utf-8")
    total, sample = _through(content, dialect)
    if not sample:
        raise bad(later("There are no rows in this file."))
    return Examined(content, read.encoding, read.spoilt, dialect, total, sample)


def rows(lines: Iterable[bytes], dialect: Dialect) -> Iterator[Row]:
    """The rows of a file in its plain form, blank ones too. Raises Invalid `bad_csv` where it cannot be read."""
    feed = _Feed(lines)
    number = 0
    width = 0
    last: list[str] = []
    reader = dialect.read(feed)
    while True:
        feed.raw.clear()
        try:
            cells = next(reader, None)
        except csv.Error:
            raise _stray(number + 1) from None
        if cells is None:
            break
        number += 1
        if len(feed.raw) > MOST_LINES and _swallows_rows(feed.raw, dialect, width):
            raise _stray(number)
        while len(cells) > MOST_COLUMNS and not cells[-1].strip():
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise bad(f"Row {number} has {len(cells):,} columns; at most {MOST_COLUMNS:,} can be shown.")
        last = list(feed.raw)
        width = max(width, len(cells))
        yield Row(number, feed.position, tuple(cells))
    if _is_open(last, dialect):
        raise bad(f"A quotation mark is opened in row {number} and never closed; close it, then upload again.")


class _Feed:
    """Lines for the csv module, counting the bytes it has taken."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.position = 0
        self.raw: list[str] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.position += len(line)
        self.raw.append(line.decode("utf-8"))
        return self.raw[-1]


def _swallows_rows(raw: list[str], dialect: Dialect, width: int) -> bool:
    """Whether most lines of one row have as many cells as rows have: no text does."""
    alike = sum(line.count(dialect.delimiter) >= max(width - 1, 1) for line in raw)
    return alike * 2 > len(raw) or width == 0


def _is_open(raw: list[str], dialect: Dialect) -> bool:
    """Whether the file ended inside quotation marks."""
    try:
        list(dialect.read(raw, strict=True))
    except csv.Error as error:
        return "end of data" in str(error)
    return False


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


# -- dialect ----------------------------------------------------------------------------------------


def _dialect(text: str) -> tuple[str, Dialect]:
    """The text without Excel's own `sep=` line, and how its rows are written."""
    named = re.match(r'"?sep=([,;|\t])"?\n', text, re.IGNORECASE)
    if named:
        text = text[named.end() :]
    if text.startswith(OUR_HEAD):
        return text, Dialect(",")
    head = text[:65_536].split("\n")
    marks = (named[1],) if named else DELIMITERS
    found = max((Dialect(mark) for mark in marks), key=lambda one: _fitness(head, one))
    return text, max(_spellings(found, head), key=lambda one: _fitness(head, one))


def _spellings(found: Dialect, head: list[str]) -> Iterator[Dialect]:
    """The dialect, then as the quotation marks in it could be meant besides."""
    yield found
    mark = re.escape(found.delimiter)
    whole = "\n".join(head)
    spaced = found.delimiter != "\t" and re.search(rf'"[ ]+{mark}|{mark}[ ]+"', whole) is not None
    escaped = '\\"' in whole
    for one in (replace(found, spaced=spaced), replace(found, escaped=escaped)):
        if one != found:
            yield one
    if spaced and escaped:
        yield replace(found, spaced=True, escaped=True)
    if len(re.findall(rf"(?:^|{mark})'[^'\n]*'(?=$|{mark})", whole, re.M)) > len(head):
        yield replace(found, quote="'")


def _fitness(head: list[str], dialect: Dialect) -> tuple[int, int, int, int]:
    """How well it divides: rows with a phone alone in a cell, of the usual width, that width, marks left over."""
    first: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        first.extend(islice(dialect.read(head), SAMPLE))
    widths = [len(cells) for cells in first if len(cells) > 1]
    usual = max(set(widths), key=widths.count) if widths else 1
    phones = sum(any(looks_like_phone(cell) for cell in cells) for cells in first)
    left = sum(cell.strip().startswith(dialect.quote) for cells in first for cell in cells)
    return (phones, widths.count(usual), usual, -left)


def too_many() -> Exception:
    """The refusal of a file with too many rows."""
    return bad(f"The file has more than {MOST_ROWS:,} rows; split it and import the parts.")


def _stray(number: int) -> Exception:
    return bad(f"Row {number} cannot be read; look for a stray quotation mark in it.")
