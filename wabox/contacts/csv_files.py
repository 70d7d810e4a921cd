"""Reads whatever a spreadsheet calls CSV: any usual encoding, delimiter and line end; pure.

`examine` makes one plain form of it (UTF-8, \\n), which `rows` reads.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from wabox.contacts.phones import MIN_DIGITS
from wabox.errors import Invalid

MOST_BYTES = 25 * 1024 * 1024
MOST_ROWS = 100_000
MOST_READ = 1_100_000  # with blank ones: a sheet saved to its very end
MOST_COLUMNS = 50
MOST_FIELD = 4_096
MOST_LINE = 256 * 1024
MOST_LINES = 50  # of text in one row: more is a quotation mark that was never closed
SAMPLE = 50
DELIMITERS = (",", ";", "\t", "|")
_PHONE_LIKE = re.compile(r"[\s'\"=+(]*\+?[\d(][\d\s().+/-]{5,24}[\s\"]*|[0-9][.,]?[0-9]*[eE]\+?[0-9]{1,2}")
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_ARCHIVES = {
    b"PK\x03\x04": "This is an Excel workbook or a ZIP file; in Excel choose Save as, CSV UTF-8, and upload that.",
    b"\xd0\xcf\x11\xe0": "This is an old Excel workbook; in Excel choose Save as, CSV UTF-8, and upload that.",
    b"\x1f\x8b": "This file is packed; unpack it, then upload the CSV file in it.",
    b"%PDF": "This is a PDF; upload a CSV file.",
}


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
    """A file that can be imported. content: UTF-8, lines end with \\n. encoding: as it came.

    has_header: the first row holds names. rows: that are not blank, with the header. sample: the first of them.
    """

    content: bytes
    encoding: str
    delimiter: str
    has_header: bool
    rows: int
    sample: tuple[Row, ...]

    @property
    def header(self) -> tuple[str, ...] | None:
        """The names in the first row, if it holds names."""
        return self.sample[0].cells if self.has_header else None

    @property
    def data(self) -> list[tuple[str, ...]]:
        """The cells of the sample, without the header."""
        return [row.cells for row in self.sample[self.has_header :]]


def examine(data: bytes) -> Examined:
    """The file, understood and read through once.

    Raises Invalid `bad_csv`: empty, no text, over a limit, or with a quotation mark that is never closed.
    """
    if len(data) > MOST_BYTES:
        raise _bad(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB; split it and import the parts.")
    text, encoding = _decoded(data)
    text, delimiter = _delimiter(text)
    content = text.encode("utf-8")
    total, sample = _through(content, delimiter)
    if not sample:
        raise _bad("There are no rows in this file.")
    has_header = not any(looks_like_phone(cell) for cell in sample[0].cells)
    if total == has_header:
        raise _bad("There is only a header in this file, and no rows.")
    if total - has_header > MOST_ROWS:
        raise _bad(f"The file has more than {MOST_ROWS:,} rows; split it and import the parts.")
    return Examined(content, encoding, delimiter, has_header, total, sample)


def rows(lines: Iterable[bytes], delimiter: str) -> Iterator[Row]:
    """The rows of a file in its plain form, blank ones too. Raises Invalid `bad_csv` where it cannot be read."""
    feed = _Feed(lines)
    number = 0
    last: list[str] = []
    reader = csv.reader(feed, delimiter=delimiter)
    while True:
        feed.raw.clear()
        try:
            cells = next(reader, None)
        except csv.Error:
            raise _bad(f"Row {number + 1} cannot be read; look for a stray quotation mark in it.") from None
        if cells is None:
            break
        number += 1
        while len(cells) > MOST_COLUMNS and not cells[-1].strip():
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise _bad(f"Row {number} has {len(cells)} columns; at most {MOST_COLUMNS} are read.")
        last = list(feed.raw)
        yield Row(number, feed.position, tuple(cells))
    if _is_open(last, delimiter):
        raise _unclosed(number)


def looks_like_phone(cell: str) -> bool:
    """Whether a cell could be a phone number, also one that a spreadsheet has spoilt."""
    if len(cell) > 40 or not _PHONE_LIKE.fullmatch(cell.strip()):
        return False
    return "e" in cell.lower() or sum(character.isdecimal() for character in cell) >= MIN_DIGITS


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
        if len(line) > MOST_LINE or len(self.raw) > MOST_LINES:
            raise csv.Error("too long")
        self.position += len(line)
        self.raw.append(line.decode("utf-8"))
        return self.raw[-1]


def _is_open(raw: list[str], delimiter: str) -> bool:
    """Whether the file ended inside quotation marks."""
    try:
        list(csv.reader(raw, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "end of data" in str(error)
    return False


def _through(content: bytes, delimiter: str) -> tuple[int, tuple[Row, ...]]:
    """How many rows are not blank, and the first of them."""
    total = 0
    sample: list[Row] = []
    for row in rows(io.BytesIO(content), delimiter):
        if not row.is_blank:
            total += 1
            if total <= SAMPLE:
                sample.append(row)
        if total > MOST_ROWS + 1 or row.number > MOST_READ:
            raise _bad(f"The file has more than {MOST_ROWS:,} rows; split it and import the parts.")
    return total, tuple(sample)


# -- encoding ----------------------------------------------------------------------------------------


def _decoded(data: bytes) -> tuple[str, str]:
    """The text with \\n at the end of lines, and what it was encoded in."""
    for magic, sentence in _ARCHIVES.items():
        if data.startswith(magic):
            raise _bad(sentence)
    encoding = _encoding(data)
    try:
        text = data.decode(encoding, "replace" if encoding == "cp1252" else "strict")
    except UnicodeDecodeError:
        raise _bad("The text of this file is damaged; save it again as CSV UTF-8.") from None
    if "\0" in text or len(_CONTROL.findall(text[:65_536])) > len(text[:65_536]) // 100:
        raise _bad("This is no text file; upload a CSV file.")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), encoding


def _encoding(data: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return encoding
    head = data[:4_096]
    zeros = (head[0::2].count(0), head[1::2].count(0))
    if max(zeros) * 10 > len(head):
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


# -- delimiter --------------------------------------------------------------------------------------


def _delimiter(text: str) -> tuple[str, str]:
    """The text without Excel's own `sep=` line, and what stands between its fields."""
    named = re.match(r'"?sep=([,;|\t])"?\n', text, re.IGNORECASE)
    if named:
        return text[named.end() :], named[1]
    head = text[:65_536].split("\n")
    return text, max(DELIMITERS, key=lambda delimiter: _fitness(head, delimiter))


def _fitness(head: list[str], delimiter: str) -> tuple[int, int, int]:
    """How well it divides: rows with a phone alone in a cell, rows of the usual width, that width."""
    first: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        first.extend(islice(csv.reader(head, delimiter=delimiter), SAMPLE))
    widths = [len(cells) for cells in first if len(cells) > 1]
    usual = max(set(widths), key=widths.count) if widths else 1
    phones = sum(any(looks_like_phone(cell) for cell in cells) for cells in first)
    return (phones, widths.count(usual), usual)


def _unclosed(number: int) -> Invalid:
    return _bad(f"A quotation mark is opened in row {number} and never closed; close it, then upload again.")


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_csv", sentence, details={"file": sentence})
