"""The tables of an uploaded file, each as CSV: a workbook's sheets, an address book's cards, or the file."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import threading
from dataclasses import dataclass

from wabox.contacts.lists import cards, decoding, file_kinds
from wabox.contacts.lists.file_kinds import TOO_LARGE, bad
from wabox.languages import later

LONGEST_SECONDS = 60.0
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table. name: "" for the only one of a file that is no workbook. is_hidden: Excel does not show it.

    encoding: in which data are to be read, None = as they speak for themselves. written_in: in which the cards of
    an address book were, None for others.
    """

    name: str
    data: bytes
    encoding: str | None = None
    written_in: str | None = None
    is_hidden: bool = False


def sheets(data: bytes, encoding: str | None = None) -> list[Sheet]:
    """The tables in the file that hold anything; a file that is neither workbook nor vCard is one as it is.

    encoding: as the owner chose it. Raises Invalid `bad_csv`: a workbook that cannot be read, with a password, too
    large, or without a row. A child process opens workbooks, one at a time: never on the loop.
    """
    if file_kinds.is_workbook(data):
        return _opened(data)
    if b"VCARD" in data[:8_192].replace(b"\0", b"").upper():
        read = decoding.decoded(data, encoding or _of_cards(data))
        text = decoding.without_marks(read.text)
        if cards.is_book(text):
            return [Sheet("", _csv(cards.table(text)), "utf-8", read.encoding)]
    return [Sheet("", data, encoding)]


def _of_cards(data: bytes) -> str | None:
    """The encoding that cards name for themselves, where they are no UTF-8."""
    return cards.charset(data) if decoding.encoding_of(data) not in ("utf-8", "utf-16-le", "utf-16-be") else None


def _csv(table: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue().encode("utf-8", "replace")


def _opened(data: bytes) -> list[Sheet]:
    words = [sys.executable, "-I", "-m", "wabox.contacts.lists.workbooks"]
    with _ONE_AT_A_TIME:
        try:
            done = subprocess.run(words, input=data, capture_output=True, timeout=LONGEST_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise bad(later("This file takes too long to open; save the sheet as CSV UTF-8.")) from None
    head, _, tables = done.stdout.partition(b"\n")
    try:
        told = json.loads(head)
    except ValueError:  # it ended badly
        raise bad(TOO_LARGE) from None
    if isinstance(told, dict):
        raise bad(told["wrong"])
    found: list[Sheet] = []
    for name, size, is_hidden in told:
        found.append(Sheet(name, tables[:size], "utf-8", is_hidden=is_hidden))
        tables = tables[size:]
    if not found:
        raise bad(later("There are no rows in this file."))
    return sorted(found, key=lambda sheet: sheet.is_hidden)
