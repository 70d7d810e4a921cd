"""A file as somebody uploads it: its tables are read, laid out and kept; the likeliest is what is imported."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path

from msgspec.structs import replace

from wabox.contacts.lists import csv_files, file_kinds, imports, layouts, sheets
from wabox.contacts.lists.csv_files import Examined
from wabox.contacts.lists.decoding import SPOILT
from wabox.contacts.lists.layouts import Layout, SheetFile
from wabox.contacts.lists.sheets import Sheet
from wabox.errors import Invalid
from wabox.languages import later

MOST_SHEETS = 20
Taken = tuple[str, Examined, Layout]  # the name of its plain form, what it says, how it is laid out


def taken(directory: Path, data: bytes, country: str) -> Taken:
    """The file's likeliest table lies in the directory under this name, the others beside it. Raises `bad_csv`.

    So does the file itself, where its characters could be read in another way.
    """
    if len(data) > csv_files.MOST_BYTES:
        raise csv_files.too_large()
    file, examined, layout = _read(directory, data, country, None)
    if not data.isascii() and not file_kinds.is_workbook(data):
        layout = replace(layout, original=imports.keep(directory, data), likeliest=examined.encoding)
    return file, examined, layout


def another_sheet(directory: Path, found: Layout, file: str, country: str) -> Taken:
    """A table of the workbook that lies there already. Raises Invalid `bad_csv` if it is gone."""
    examined = csv_files.examine(_kept(directory, file))
    return file, examined, replace(layouts.laid_out(examined, country=country), sheets=found.sheets)


def read_as(directory: Path, found: Layout, encoding: str, country: str) -> Taken:
    """The file that was uploaded, read once more, in this encoding. Raises Invalid `bad_csv`."""
    data = _kept(directory, found.original)
    try:
        file, examined, layout = _read(directory, data, country, encoding)
    except Invalid:
        sentence = later("Read like this, the file is no list; choose another.")
        raise Invalid("bad_csv", sentence, details={"encoding": sentence}) from None
    return file, examined, replace(layout, original=found.original, likeliest=found.likeliest)


def _read(directory: Path, data: bytes, country: str, encoding: str | None) -> Taken:
    found: list[tuple[Sheet, Examined, Layout]] = []
    wrong: Invalid | None = None
    for sheet in sheets.sheets(data, encoding)[:MOST_SHEETS]:
        try:
            examined = csv_files.examine(sheet.data, sheet.encoding)
            if sheet.written_in is not None:
                spoilt = examined.content.decode().count(SPOILT)
                examined = changed(examined, encoding=sheet.written_in, spoilt=spoilt)
            found.append((sheet, examined, layouts.laid_out(examined, country=country)))
        except Invalid as refusal:
            wrong = wrong or refusal
    if wrong is not None and not found:
        raise wrong
    shown = [examined for sheet, examined, _ in found if not sheet.is_hidden] or [one[1] for one in found]
    best = layouts.likeliest(shown, country=country)  # hidden ones come last
    files = [imports.keep(directory, examined.content) for _, examined, _ in found]
    others = tuple(
        SheetFile(sheet.name, file, sheet.is_hidden) for (sheet, _, _), file in zip(found, files, strict=True)
    )
    _, examined, layout = found[best]
    return files[best], examined, replace(layout, sheets=others if len(others) > 1 else ())


def _kept(directory: Path, file: str) -> bytes:
    try:
        return (directory / file).read_bytes()
    except OSError:
        raise Invalid("bad_csv", later("The uploaded file is gone; upload it again.")) from None
