"""The process that opens workbooks (XLSX, ODS, XLS) and vCards, which come on stdin: each table as CSV on stdout.

It takes little memory and few seconds, or it ends: what a file made to hurt brings about stays here. The one
importer of the libraries that know them. Numbers and days come as lists write them: 1711000201, 2026-11-01.

On stdout: a line of JSON, [[name, bytes], …] or {"wrong": a sentence}, then the tables one behind the other.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import resource
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

import python_calamine
import vobject

from wabox.languages import later

MOST_MEMORY = 1_024 * 1024 * 1024
MOST_SECONDS = 30
MOST_SHEETS = 50
HEADER = (
    *("Name", "Organization", "Phone", "Phone 2", "Phone 3", "Phone 4", "Tags", "Note", "Email", "Birthday"),
    "Address",
)
TOO_LARGE = later("This workbook is too large; split it, or save the sheet as CSV UTF-8.")
CLOSED = later("This workbook cannot be read; open it in Excel, save it as CSV UTF-8, and upload that.")
PASSWORD = later("This workbook has a password; take it away in Excel, and upload it again.")
_CARD = re.compile(r"^BEGIN:VCARD[ \t\r]*$.*?^END:VCARD[ \t\r]*$", re.I | re.M | re.S)
_PHONES = 4
_WHOLE = 1e15  # up to here a float is a whole number exactly


def main() -> None:
    """Do it, within the limits. The first argument says which: workbook or cards."""
    for name, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (most, most))
    logging.disable()  # the libraries tell of what they do not understand, word for word
    data = sys.stdin.buffer.read()
    out = sys.stdout.buffer
    try:
        found = _workbook(data) if sys.argv[1] == "workbook" else [("", _table(_cards(data.decode("utf-8"))))]
    except python_calamine.PasswordError:
        out.write(json.dumps({"wrong": PASSWORD}).encode())
    except python_calamine.CalamineError:
        out.write(json.dumps({"wrong": CLOSED}).encode())
    except MemoryError:
        out.write(json.dumps({"wrong": TOO_LARGE}).encode())
    else:
        out.write(json.dumps([(name, len(table)) for name, table in found]).encode() + b"\n")
        out.writelines(table for _, table in found)
    out.flush()


def _workbook(data: bytes) -> list[tuple[str, bytes]]:
    """Its sheets that hold anything."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    found = [(name, _table(_rows(book, name))) for name in book.sheet_names[:MOST_SHEETS]]
    return [(name, table) for name, table in found if table.strip(b',"\r\n')]


def _rows(book: python_calamine.CalamineWorkbook, name: str) -> Iterable[Sequence[Any]]:
    sheet = book.get_sheet_by_name(name)
    return sheet.to_python(skip_empty_area=False) if sheet.end is not None else []


def _table(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        texts = [_written(cell) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        writer.writerow(texts)
    return out.getvalue().encode("utf-8", "replace")


def _written(cell: Any) -> str:
    """The cell as its people write it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _WHOLE:
        return str(int(cell))
    if isinstance(cell, datetime):
        return str(cell.date() if cell.time() == time() else cell.replace(microsecond=0))
    return str(cell).replace("\r\n", "\n").replace("\0", "")


# -- vCards ------------------------------------------------------------------------------------------


def _cards(text: str) -> list[list[str]]:
    """A row a card; one that cannot be read is a row with its name alone, so that it is told of."""
    return [list(HEADER), *(_card(one.group()) for one in _CARD.finditer(text))]


def _card(text: str) -> list[str]:
    try:
        card = vobject.readOne(text, ignoreUnreadable=True)
        lines: dict[str, list[Any]] = card.contents
        name = _first(lines, "fn") or " ".join(_first(lines, "n").split())
        phones = [_said(one) for one in sorted(lines.get("tel", []), key=_rank)][:_PHONES]
    except Exception:  # noqa: BLE001  the library raises whatever a strange card makes it raise
        found = re.search(r"^FN[^:\n]*:(.*)$", text, re.I | re.M)
        return [found[1].strip() if found else ""]
    return [
        name,
        "; ".join(_parts(lines, "org")),
        *phones,
        *[""] * (_PHONES - len(phones)),
        "; ".join(_parts(lines, "categories")),
        _first(lines, "note"),
        _first(lines, "email"),
        _first(lines, "bday"),
        ", ".join(part.strip() for part in _first(lines, "adr").split("\n") if part.strip(" ,")),
    ]


def _rank(line: Any) -> int:
    """The preferred one first, then mobiles, faxes last."""
    kinds = {kind.casefold() for kind in [*line.params.get("TYPE", []), *line.singletonparams]}
    if kinds & {"fax", "pager"}:
        return 3
    return 0 if "pref" in kinds or "PREF" in line.params else 1 if kinds & {"cell", "mobile", "iphone"} else 2


def _first(lines: dict[str, list[Any]], name: str) -> str:
    return _said(lines[name][0]) if lines.get(name) else ""


def _said(line: Any) -> str:
    return str(line.value).strip()


def _parts(lines: dict[str, list[Any]], name: str) -> list[str]:
    """The parts of every line of that name."""
    found: list[str] = []
    for line in lines.get(name, []):
        value = line.value
        found += [str(part).strip() for part in (value if isinstance(value, list) else [value])]
    return [part for part in found if part]


if __name__ == "__main__":
    main()
