"""Columns of a file that become fields of the user's own: which could, and what a row says in them.

Nothing is made of a column before somebody asks for it, except where a field of that name is there already, as in
a file that was exported.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from wabox.contacts import own_values
from wabox.contacts.own_values import Field, Kind
from wabox.errors import Invalid
from wabox.languages import ALL, later

MOST_EXAMPLES, LONGEST_EXAMPLE = 3, 24
MOST_OFFERS = 100  # a form has room for them
LONG_NUMBER = 10  # digits; so long a number is a code or a phone, nothing to add up


class OwnColumn(Struct, frozen=True, forbid_unknown_fields=True):
    """A column that fills a field. place: from 0. month_first: 4/5/1990 is in April there."""

    name: str
    place: int
    kind: Kind = "text"
    month_first: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A column that nothing uses. head: its name in the file, "" without. chosen: it is to become a field.

    there: the field is there already and keeps its kind.
    """

    column: OwnColumn
    head: str
    examples: tuple[str, ...]
    chosen: bool
    there: bool


def known(
    header: Sequence[str] | None, sample: Sequence[Sequence[str]], fields: Mapping[str, Field]
) -> tuple[OwnColumn, ...]:
    """The columns that are called as a field that is there, in any language."""
    found: dict[str, OwnColumn] = {}
    for place, head in enumerate(header or ()):
        name = next((one for one in (_bare(head), _name(head)) if one in fields), None)
        if name is not None and name not in found:
            kind = fields[name].kind
            found[name] = OwnColumn(name, place, kind, kind == "date" and _is_month_first(_cells(sample, place)))
    return tuple(found.values())


def offers(
    header: Sequence[str] | None,
    sample: Sequence[Sequence[str]],
    *,
    width: int,
    used: Collection[int],
    chosen: Sequence[OwnColumn],
    fields: Mapping[str, Field],
) -> list[Offer]:
    """Every column that holds something and is not `used`: as it is chosen, else as what it could be.

    At most MOST_OFFERS of them, and those that are chosen.
    """
    picked = {one.place: one for one in chosen}
    taken = {one.name for one in chosen}
    found: list[Offer] = []
    for place in range(width):
        if place in used:
            continue
        cells = _cells(sample, place)
        if place not in picked and ((sample and not cells) or len(found) >= MOST_OFFERS):
            continue
        head = header[place].strip() if header is not None and place < len(header) else ""
        column = picked.get(place) or _suggested(place, head, cells, taken, fields)
        taken.add(column.name)
        examples = tuple(dict.fromkeys(one[:LONGEST_EXAMPLE] for one in cells))[:MOST_EXAMPLES]
        found.append(Offer(column, head, examples, place in picked, column.name in fields))
    return found


def checked(chosen: Sequence[OwnColumn], *, width: int, used: Collection[int]) -> None:
    """They are the file's, free, and may have these names. Raises Invalid `bad_columns`, details `own_<place>`."""
    names: set[str] = set()
    places = set(used)
    for one in chosen:
        try:
            own_values.named(one.name)
        except Invalid as wrong:
            raise _wrong(one, wrong.sentence) from None
        if one.name in names:
            raise _wrong(one, later("Two columns have this name; give one of them another."))
        if not 0 <= one.place < width or one.place in places:
            raise _wrong(one, later("This column is used already, or not in the file; choose another one."))
        names.add(one.name)
        places.add(one.place)


def values(cells: Sequence[str], chosen: Sequence[OwnColumn]) -> dict[str, str | int | float | None]:
    """What a row's cells say; an empty one says nothing. Raises Invalid `bad_value`."""
    found: dict[str, str | int | float | None] = {}
    for one in chosen:
        cell = cells[one.place] if one.place < len(cells) else ""
        text = own_values.read(one.name, one.kind, cell, month_first=one.month_first)
        if text is not None:
            found[one.name] = text
    return found


def _suggested(
    place: int, head: str, cells: Sequence[str], taken: Collection[str], fields: Mapping[str, Field]
) -> OwnColumn:
    name = _name(head)
    if name is None or name in taken:
        name = f"column_{place + 1}"
    if name in fields:
        kind = fields[name].kind
        return OwnColumn(name, place, kind, kind == "date" and _is_month_first(cells))
    if cells and all(_fits("number", one) and not _is_code(one) for one in cells):
        return OwnColumn(name, place, "number")
    for month_first in (False, True):
        if cells and all(_fits("date", one, month_first=month_first) for one in cells):
            return OwnColumn(name, place, "date", month_first)
    return OwnColumn(name, place)


def _is_month_first(cells: Sequence[str]) -> bool:
    """Whether the days are to be read so: the other way round one of them is none."""
    day_first = all(_fits("date", one) for one in cells)
    return not day_first and all(_fits("date", one, month_first=True) for one in cells)


def _fits(kind: Kind, cell: str, *, month_first: bool = False) -> bool:
    try:
        return own_values.read("x", kind, cell, month_first=month_first) is not None
    except Invalid:
        return False


def _is_code(cell: str) -> bool:
    """A number that is nothing to count with: with a 0 in front, or as long as a phone's."""
    digits = [one for one in cell if one.isdecimal()]
    return len(digits) >= LONG_NUMBER or (
        len(digits) > 1 and unicodedata.decimal(digits[0]) == 0 and "." not in cell
    )


def _name(head: str) -> str | None:
    """What a field could be called by the head of its column, in any language; None if it says nothing."""
    plain = _plain(head)
    for language in ALL.values():
        for name, heads in language.own_heads.items():
            if plain in heads or plain == name.replace("_", " "):
                return name
    return _fitting(_bare(head))


def _fitting(name: str) -> str | None:
    cut = re.sub(r"^[0-9_]+", "", name)[:32].rstrip("_")
    return cut if own_values.NAME.fullmatch(cut) and cut not in own_values.RESERVED else None


def _bare(head: str) -> str:
    """The head in small letters, with _ for what is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKD", head).casefold()).strip("_")


def _plain(head: str) -> str:
    folded = unicodedata.normalize("NFKC", head).casefold()
    return " ".join(re.sub(r"[_\-.:*#/\"'()\u200b-\u200f]", " ", folded).split())


def _cells(sample: Sequence[Sequence[str]], place: int) -> list[str]:
    return [cells[place].strip() for cells in sample if place < len(cells) and cells[place].strip()]


def _wrong(one: OwnColumn, sentence: str) -> Invalid:
    return Invalid("bad_columns", sentence, details={f"own_{one.place}": sentence})
