"""How the rows of a text are written: what parts the cells, how they are quoted; pure."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from wabox.contacts.lists.cells import OUR_HEAD, looks_like_phone

SAMPLE = 100
_DELIMITERS = (",", ";", "\t", "|", "^", "~", "\uff0c", "\uff1b", "\u060c", "\x1f")
_NAMED = re.compile(r'"?sep=([^\w\s"\']|\t)"?[ ,;\t]*\n', re.I)  # Excel's own first line


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

    def written(self, cells: Iterable[str]) -> str:
        """A row that `read` reads back as these cells."""
        texts = (cell.replace("\\", "\\\\") if self.escaped else cell for cell in cells)
        marked = (text.replace(self.quote, 2 * self.quote) for text in texts)
        return self.delimiter.join(f"{self.quote}{text}{self.quote}" for text in marked)


def of(text: str) -> tuple[str, Dialect]:
    """The text without Excel's own `sep=` line, and how its rows are written."""
    named = _NAMED.match(text)
    if named:
        text = text[named.end() :]
    if text.startswith(OUR_HEAD):
        return text, Dialect(",")
    head = text[:65_536].split("\n")
    marks = (named[1],) if named else _DELIMITERS
    there = [mark for mark in marks if mark in text[:65_536]] or [","]
    found = max((Dialect(mark) for mark in there), key=lambda one: _fitness(head, one))
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
