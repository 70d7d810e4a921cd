"""The tables of an uploaded file, each as CSV: a workbook's sheets, an address book's cards, or the file."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass

from wabox.contacts import decoding
from wabox.contacts.decoding import bad
from wabox.languages import later

LONGEST_SECONDS = 60.0
_OLD, _PACKED = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_INSIDE = (b"xl/workbook", b"content.xml", b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet")
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table. name: "" for the only one of a file that is no workbook."""

    name: str
    data: bytes


def sheets(data: bytes) -> list[Sheet]:
    """The tables in the file that hold anything; a file that is neither workbook nor vCard is one as it is.

    Raises Invalid `bad_csv`: a workbook that cannot be read, with a password, too large, or without a row. A child
    process opens them, one at a time: never on the loop.
    """
    if data.startswith(_OLD) or (data.startswith(_PACKED) and any(one in data for one in _INSIDE)):
        return _opened(data, "workbook")
    if _may_be_cards(data[:64]):
        text = decoding.decoded(data).text
        if text.lstrip()[:11].upper() == "BEGIN:VCARD":
            return _opened(text.encode("utf-8", "replace"), "cards")
    return [Sheet("", data)]


def _may_be_cards(head: bytes) -> bool:
    plain = head.replace(b"\0", b"").lstrip(b"\xff\xfe\xef\xbb\xbf \r\n")
    return plain[:11].upper() == b"BEGIN:VCARD"


def _opened(data: bytes, kind: str) -> list[Sheet]:
    words = [sys.executable, "-I", "-m", "wabox.contacts.workbooks", kind]
    with _ONE_AT_A_TIME:
        try:
            done = subprocess.run(words, input=data, capture_output=True, timeout=LONGEST_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise bad(later("This file takes too long to open; save the sheet as CSV UTF-8.")) from None
    head, _, tables = done.stdout.partition(b"\n")
    try:
        told = json.loads(head)
    except ValueError:  # it ended badly
        raise bad(later("This workbook is too large; split it, or save the sheet as CSV UTF-8.")) from None
    if isinstance(told, dict):
        raise bad(told["wrong"])
    found: list[Sheet] = []
    for name, size in told:
        found.append(Sheet(name, tables[:size]))
        tables = tables[size:]
    if not found:
        raise bad(later("There are no rows in this file."))
    return found
