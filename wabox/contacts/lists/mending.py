"""Makes a table of what is hardly one: a quotation mark without its twin, and lines of names and numbers; pure.

A stray mark spoils its own row. Every line stays where it was, so that rows are counted as a spreadsheet does.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from wabox.contacts.lists.cells import looks_like_phone
from wabox.contacts.lists.decoding import SPOILT
from wabox.contacts.lists.dialects import Dialect
from wabox.contacts.lists.file_kinds import bad
from wabox.contacts.phones import MIN_DIGITS

MOST_LINES = 50  # of text in one cell, if they look like rows
NOTED = Dialect("\t")
_ASKED = 200  # lines that say whether it is a list in lines

_BETWEEN = re.compile(r"\s*(?::::|[,;&])\s*")
_LABEL = re.compile(
    r"^(?:p|ph|phone|tel|telephone|mob|mobile|cell|contact|whats ?app|wa|number|no|মোবাইল|ফোন|নম্বর)\b[. ]*:\s*",
    re.I,
)
_NUMBER = re.compile(r"(?<![\w.@/#])[+(]{0,2}\d[\d ().\-\u2010-\u2015/\u00a0]{5,28}\d(?![\w@])")
_DAY = re.compile(r"(?<!\d)\d{1,4}([./-])\d{1,2}\1\d{1,4}(?!\d)")
_CHUNK = re.compile(r"[+0\u09e6]\S{8,}")
_BULLET = re.compile(r"^\s*(?:\d{1,4}\s*[.):\]\u0964\-]+(?=\s|\D)|[-*\u2022\u25cf>#]+)\s*")
_QUOTED = f"\"'= {SPOILT}"
_AROUND = " \t\u00a0-\u2010\u2011\u2012\u2013\u2014:=,;|>.\u2192()"


def closed(text: str, dialect: Dialect) -> str:
    """The text with every quotation mark that is never closed taken as a letter. Raises Invalid `bad_csv`."""
    if dialect.quote not in text:
        return text
    lines = text.split("\n")
    out: list[str] = []
    left = 4 * len(lines) + 10_000  # lines to be read: each stray mark has those behind it read once more
    at = 0
    while at < len(lines):
        if left < 0:
            raise bad(f"Row {at + 1} cannot be read; look for a stray quotation mark in it.")
        good, read = _sound(lines, at, dialect)
        left -= read - at
        out += lines[at:good]
        if good < len(lines):
            out.append(_literally(lines[good], dialect))
        at = good + 1
    return "\n".join(out)


def _sound(lines: list[str], at: int, dialect: Dialect) -> tuple[int, int]:
    """Up to which line all rows from this one on are well, and up to which was read to know it."""
    feed = _Feed(lines, at)
    good, width = at, 0
    try:
        for cells in dialect.read(feed):
            is_last = feed.at == len(lines)
            if (feed.at - good > 1 or is_last) and _is_torn(lines[good : feed.at], dialect, width, len(cells)):
                return good, feed.at
            good, width = feed.at, max(width, len(cells))
    except csv.Error:
        return good, feed.at
    return len(lines), feed.at


class _Feed:
    """Lines for the csv module, knowing how many it has taken."""

    def __init__(self, lines: list[str], at: int) -> None:
        self._lines = lines
        self.at = at

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at >= len(self._lines):
            raise StopIteration
        self.at += 1
        return self._lines[self.at - 1] + "\n"


def _is_torn(raw: list[str], dialect: Dialect, width: int, cells: int) -> bool:
    """Whether one row of several lines is so because a mark was not closed where it should have been."""
    try:
        list(dialect.read([f"{line}\n" for line in raw], strict=True))
    except csv.Error:
        return True
    if len(raw) > MOST_LINES:
        alike = sum(line.count(dialect.delimiter) >= max(width - 1, 1) for line in raw)
        return alike * 2 > len(raw) or width == 0
    return len(raw) > 1 and all(_is_row(line.split(dialect.delimiter), max(width, cells)) for line in raw)


def _is_row(cells: list[str], width: int) -> bool:
    return len(cells) >= width > 1 and any(looks_like_phone(cell) for cell in cells)


def _literally(line: str, dialect: Dialect) -> str:
    """The line with its quotation marks as letters, but for cells that stand in a pair of them."""
    mark = dialect.quote
    cells = (cell.strip(" ") if dialect.spaced else cell for cell in line.split(dialect.delimiter))
    pairs = (cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == mark else cell for cell in cells)
    return dialect.written(pairs)


# -- lines of names and numbers ----------------------------------------------------------------------


def noted(text: str, dialect: Dialect) -> str | None:
    """The lines as rows of NOTED, where no mark parts names from numbers; None where one does."""
    lines = text.split("\n")
    asked = [line for line in lines if line.strip()][:_ASKED]
    alone = next(dialect.read(asked), []) if len(asked) == 1 else []
    if len(alone) > 1 and all(looks_like_phone(cell) for cell in alone):  # a list that lies down
        return _rows([cell.strip()] for cell in alone)
    found = [None if _DAY.search(line) else _NUMBER.search(line) for line in asked]
    numbers = sum(one is not None for one in found)
    if _holding(dialect.read(asked)) * 2 >= numbers or numbers * 2 < len(asked):
        return None
    columns = [re.split(r"\s{2,}|\t+", line.strip()) for line in asked]
    if _holding(columns) * 2 >= numbers and max(map(len, columns)) > 1:
        return _rows(re.split(r"\s{2,}|\t+", line.strip()) for line in lines)
    is_first = sum(
        one is not None and not line[: one.start()].strip(_AROUND) for one, line in zip(found, asked, strict=True)
    )
    return _rows(_parted(line, is_first=is_first * 2 > len(asked)) for line in lines)


def _holding(rows: Iterator[list[str]] | list[list[str]]) -> int:
    """Rows with a number alone in a cell, whatever stands around it."""
    try:
        return sum(
            any(
                looks_like_phone(_LABEL.sub("", part))
                for cell in cells
                for part in _BETWEEN.split(cell.strip(_QUOTED))
            )
            for cells in rows
        )
    except csv.Error:
        return 0


def _parted(line: str, *, is_first: bool) -> list[str]:
    """What stands before the number, it, and what stands after it. is_first: in most lines it comes first."""
    found = _NUMBER.search(line)
    if found is None:  # the names of the columns, perhaps
        words = line.split()
        return ["", *words[:1], " ".join(words[1:])] if is_first else [" ".join(words[:-1]), *words[-1:], ""]
    start, end = found.span()
    chunk = _CHUNK.search(found[0])
    beside = sum(one.isdecimal() for one in found[0]) - sum(one.isdecimal() for one in chunk[0]) if chunk else 0
    if chunk is not None and 0 < beside < MIN_DIGITS:  # an age or a price beside it
        start, end = start + chunk.start(), start + chunk.end()
    before = _BULLET.sub("", line[:start]).strip(_AROUND)
    return [before, line[start:end], line[end:].strip(_AROUND)]


def _rows(rows: Iterator[list[str]]) -> str:
    return "\n".join(NOTED.written(cells) if any(cells) else "" for cells in rows)
