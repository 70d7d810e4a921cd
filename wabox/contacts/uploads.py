"""A file as somebody uploads it: its tables are read, laid out and kept; the likeliest is what is imported."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from wabox.contacts import csv_files, imports, layouts, sheets
from wabox.contacts.csv_files import Examined
from wabox.contacts.layouts import Layout, SheetFile
from wabox.errors import Invalid
from wabox.languages import later

MOST_SHEETS = 20


def taken(directory: Path, data: bytes, country: str) -> tuple[str, Examined, Layout]:
    """The file's likeliest table lies in the directory under this name, the others beside it. Raises `bad_csv`."""
    found: list[tuple[str, Examined, Layout]] = []
    wrong: Invalid | None = None
    for sheet in sheets.sheets(data)[:MOST_SHEETS]:
        try:
            examined = csv_files.examine(sheet.data)
            found.append((sheet.name, examined, layouts.laid_out(examined, country=country)))
        except Invalid as refusal:
            wrong = wrong or refusal
    if wrong is not None and not found:
        raise wrong
    best = layouts.likeliest([examined for _, examined, _ in found], country=country)
    files = [imports.keep(directory, examined) for _, examined, _ in found]
    others = tuple(SheetFile(name, file) for (name, _, _), file in zip(found, files, strict=True))
    _, examined, layout = found[best]
    return files[best], examined, replace(layout, sheets=others if len(others) > 1 else ())


def again(directory: Path, file: str, country: str) -> tuple[Examined, Layout]:
    """A table that lies there already. Raises Invalid `bad_csv` if it is gone."""
    try:
        examined = csv_files.examine((directory / file).read_bytes())
    except OSError:
        raise Invalid("bad_csv", later("The uploaded file is gone; upload it again.")) from None
    return examined, layouts.laid_out(examined, country=country)
