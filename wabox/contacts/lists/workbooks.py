"""The process that opens a workbook (XLSX, XLSB, ODS, XLS), which comes on stdin: each sheet as CSV on stdout.

It takes little memory and few seconds, or it ends: what a file made to hurt brings about stays here. The one
importer of the library that knows them. Numbers and days come as lists write them: 1711000201, 2026-11-01.

On stdout: a line of JSON, [[name, bytes, is hidden], …] or {"wrong": a sentence}, then the tables, one behind the
other.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from wabox.contacts.lists.file_kinds import PASSWORD, TOO_LARGE, UNREADABLE

MOST_MEMORY = 1_024 * 1024 * 1024
MOST_SECONDS = 30
MOST_SHEETS = 50
_WHOLE = 1e15  # up to here a float is a whole number exactly


def main() -> None:
    """Do it, within the limits."""
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
        found = _workbook(data)
    except PasswordError:
        out.write(json.dumps({"wrong": PASSWORD}).encode())
    except CalamineError:
        out.write(json.dumps({"wrong": UNREADABLE}).encode())
    except MemoryError:
        out.write(json.dumps({"wrong": TOO_LARGE}).encode())
    else:
        out.write(json.dumps([(name, len(table), is_hidden) for name, table, is_hidden in found]).encode() + b"\n")
        out.writelines(table for _, table, _ in found)
    out.flush()


def _workbook(data: bytes) -> list[tuple[str, bytes, bool]]:
    """Its sheets that hold anything, and whether each is hidden."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    listed = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet][:MOST_SHEETS]
    found = [(one.name, _table(_rows(book, one.name)), one.visible != SheetVisibleEnum.Visible) for one in listed]
    return [one for one in found if one[1].strip(b',"\r\n')]


def _rows(book: CalamineWorkbook, name: str) -> Iterator[Sequence[Any]]:
    """The rows from the first one on, each from the first column on."""
    sheet = book.get_sheet_by_name(name)
    if sheet.start is None:
        return
    yield from ([] for _ in range(sheet.start[0]))
    left = [""] * sheet.start[1]
    for row in sheet.iter_rows():
        yield [*left, *row]


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


if __name__ == "__main__":
    main()
