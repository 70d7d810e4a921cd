"""How a file of contacts is laid out: its dialect, and which row holds the names of its columns; pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from wabox.contacts.lists import cells as cell_texts
from wabox.contacts.lists import csv_files, guessing
from wabox.contacts.lists.csv_files import Examined
from wabox.contacts.lists.dialects import Dialect
from wabox.contacts.lists.file_kinds import bad
from wabox.errors import Invalid
from wabox.languages import later

TOPS, MOST_OF_TOP = 15, 80


class Top(Struct, frozen=True):
    """One of the first rows that are not blank. number: as a spreadsheet counts. cells: their beginnings."""

    number: int
    cells: tuple[str, ...]


class SheetFile(Struct, frozen=True):
    """A sheet of a workbook that could be imported. file: its plain form in the imports directory.

    is_hidden: Excel does not show it.
    """

    name: str
    file: str
    is_hidden: bool = False


class Layout(Struct, frozen=True):
    """How the file is laid out.

    has_header, header_row: whether a row holds the names of the columns, and which; what stands above it is no
    data. first: the cells of that row, else of the first one. rows: that are not blank, with all those. tops: the
    rows that could hold the names. spoilt: characters that could not be read. sheets: of a workbook with several.
    original: the file as it was uploaded, where its characters could be read in another way. likeliest: the
    encoding that speaks for itself.
    """

    delimiter: str
    has_header: bool
    first: tuple[str, ...]
    rows: int
    width: int
    quote: str = '"'
    spaced: bool = False
    escaped: bool = False
    header_row: int = 1
    tops: tuple[Top, ...] = ()
    spoilt: int = 0
    sheets: tuple[SheetFile, ...] = ()
    original: str = ""
    likeliest: str = ""

    @property
    def dialect(self) -> Dialect:
        """How its rows are written."""
        return Dialect(self.delimiter, self.quote, self.spaced, self.escaped)

    @property
    def names(self) -> tuple[str, ...] | None:
        """What the columns are called; None where no row says so."""
        return self.first if self.has_header else None

    @property
    def total(self) -> int:
        """Rows of data."""
        if not self.has_header:
            return self.rows
        return self.rows - (sum(top.number <= self.header_row for top in self.tops) or 1)

    @property
    def running(self) -> Layout:
        """What the import still needs once it runs: nothing of what its people's rows say."""
        return replace(self, tops=(), sheets=(), original="", first=self.first if self.has_header else ())

    def headed(self, number: int | None) -> Layout:
        """The same with the names in this row, None = in none. Raises Invalid `bad_columns`."""
        top = next((one for one in self.tops if one.number == number), None)
        if number is None or number == self.header_row:
            return replace(self, has_header=number is not None)
        if top is None:
            raise _wrong(later("Choose one of the first rows."))
        found = replace(self, has_header=True, header_row=top.number, first=top.cells)
        if found.total <= 0:
            raise _wrong(later("There are no rows below this one; choose another."))
        return found


def laid_out(examined: Examined, *, country: str) -> Layout:
    """How the file is laid out, its header found. Raises Invalid `bad_csv` for no rows of data, or too many."""
    dialect, sample = examined.dialect, examined.sample
    head = guessing.header([row.cells for row in sample], country=country)
    layout = Layout(
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        spaced=dialect.spaced,
        escaped=dialect.escaped,
        has_header=head is not None,
        header_row=sample[head or 0].number,
        first=sample[head or 0].cells,
        rows=examined.rows,
        width=max(len(row.cells) for row in sample),
        tops=tuple(
            Top(row.number, tuple(cell[:MOST_OF_TOP] for cell in row.cells))
            for row in sample[: max(TOPS, (head or 0) + 3)]
        ),
        spoilt=examined.spoilt,
    )
    if layout.total <= 0:
        raise bad(later("There is only a header in this file, and no rows."))
    if layout.total > csv_files.MOST_ROWS:
        raise csv_files.too_many()
    return layout


def likeliest(found: Sequence[Examined], *, country: str) -> int:
    """Which of a workbook's sheets holds the most numbers; the first of equals."""
    worth = [
        sum(max((cell_texts.weight(cell, country=country) for cell in row.cells), default=0) for row in one.sample)
        for one in found
    ]
    return worth.index(max(worth))


def _wrong(sentence: str) -> Invalid:
    return Invalid("bad_columns", sentence, details={"header_row": sentence})
