"""Which column of a file is what, and what a row's cells say of a person; pure.

Excel's lost leading 0 is given back, Bengali digits are read; a number that Excel has cut off is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from wabox.contacts import csv_files, fields, own_columns, phones
from wabox.contacts.own_columns import OwnColumn
from wabox.contacts.phones import Phone
from wabox.contacts.stored import Consent
from wabox.contacts.writing import Draft
from wabox.errors import Invalid
from wabox.languages import ALL

Field = Literal["phone", "name", "custom", "tag"]
FIELDS: tuple[Field, ...] = ("phone", "name", "custom", "tag")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]*))?[eE]\+?([0-9]{1,2})")
_SPOILT = "A spreadsheet has cut this number off ({}); format the column as text there, and save it again."


class Columns(Struct, frozen=True, forbid_unknown_fields=True):
    """The place of each field, from 0; None where the file has no such column. fields: of the user's own."""

    phone: int
    name: int | None = None
    custom: int | None = None
    tag: int | None = None
    fields: tuple[OwnColumn, ...] = ()

    @property
    def used(self) -> tuple[int, ...]:
        """The places of what every contact has."""
        return tuple(place for place in (self.phone, self.name, self.custom, self.tag) if place is not None)


def checked(columns: Columns, width: int) -> Columns:
    """The columns, which must be the file's and each used once. Raises Invalid `bad_columns`."""
    places = [getattr(columns, field) for field in FIELDS]
    used = [place for place in places if place is not None]
    for field, place in zip(FIELDS, places, strict=True):
        if place is not None and not 0 <= place < width:
            raise _wrong(field, "There is no such column in the file; choose one that is there.")
        if place is not None and used.count(place) > 1:
            raise _wrong(field, "Two fields use this column; choose another one.")
    own_columns.checked(columns.fields, width=width, used=columns.used)
    return columns


def read(text: str) -> Columns:
    """The columns as they were stored."""
    return msgspec.json.decode(text, type=Columns)


def guess(
    header: Sequence[str] | None, sample: Sequence[Sequence[str]], own: Sequence[OwnColumn] = ()
) -> Columns | None:
    """The likeliest columns, by their names in any language and by what they hold; None without phones.

    own: those that are called as a field of the user's own.
    """
    theirs = {one.place for one in own}
    names = [_plain(name) for name in header or ()]
    width = max([len(names), *(len(cells) for cells in sample)], default=0)
    held = [_phones_in(sample, place) for place in range(width)]
    phone = _phone_column(names, held)
    if phone is None:
        return None
    found: dict[Field, int | None] = {"phone": phone}
    for field in FIELDS[1:]:
        free = [place for place in range(len(names)) if place not in found.values() and place not in theirs]
        found[field] = _named(field, names, free)
    if header is None:
        found["name"] = _texts(sample, [place for place in range(width) if not held[place]])
    fields = tuple(one for one in own if one.place != phone)
    return Columns(phone, found["name"], found["custom"], found["tag"], fields)


def draft(
    cells: Sequence[str], columns: Columns, *, country: str, tags: tuple[str, ...] = (), consent: Consent | None
) -> Draft:
    """What the row says of a person; an empty cell says nothing. Raises Invalid, whose sentence is the reason.

    tags: given to everybody, besides those in the row. A row's tags stand between commas, semicolons or bars.
    """
    if any(len(cell) > csv_files.MOST_FIELD for cell in cells):
        raise Invalid("too_long", f"A cell has more than {csv_files.MOST_FIELD:,} characters.")
    name = fields.name(_cell(cells, columns.name))
    custom = fields.custom(_cell(cells, columns.custom))
    listed = [tag for tag in re.split(r"[,;|]", _cell(cells, columns.tag)) if tag.strip()]
    tagged = fields.tags((*listed, *tags))
    agreed: Consent | UnsetType = UNSET if consent is None else consent
    return Draft(
        phone=phone_of(cells[columns.phone] if columns.phone < len(cells) else "", country=country),
        name=UNSET if name is None else name,
        custom=UNSET if custom is None else custom,
        tags=tagged or UNSET,
        consent=agreed,
        add_tags=True,
        fields=own_columns.values([unguarded(cell) for cell in cells], columns.fields) if columns.fields else {},
    )


def phone_of(cell: str, *, country: str) -> Phone:
    """The phone in a cell, whatever a spreadsheet made of it. Raises Invalid `bad_phone`."""
    typed = cell.strip().removeprefix("=").strip("\"'’‘` ").strip()
    typed = re.sub(r"(?<=[0-9]{6})[.,]0+$", "", typed)
    if not typed:
        raise Invalid("bad_phone", "There is no phone number in this row.")
    scientific = _SCIENTIFIC.fullmatch(typed)
    if scientific:
        typed = _whole(typed, *scientific.groups(""))
    return phones.parse(typed, country=country)


def _whole(typed: str, first: str, rest: str, power: str) -> str:
    """The digits of 8.801711123456E+12, if all of them are there."""
    if len(rest) != int(power):
        raise Invalid("bad_phone", _SPOILT.format(typed))
    return first + rest


def guarded(text: str) -> str:
    """The text as it may stand in a spreadsheet: what would be a formula has an apostrophe in front."""
    bare = text.lstrip(" \u00a0\u3000")
    return (
        f"'{text}" if bare.startswith(FORMULA) or (bare.startswith("'") and bare[1:].startswith(FORMULA)) else text
    )


def unguarded(text: str) -> str:
    """The text that `guarded` made safe."""
    return text[1:] if text.startswith("'") and guarded(text[1:]) == text else text


def _cell(cells: Sequence[str], place: int | None) -> str:
    return unguarded(cells[place]) if place is not None and place < len(cells) else ""


def _phone_column(names: list[str], held: list[int]) -> int | None:
    """The column with such a name that holds the most phones; else the one that holds the most at all."""
    named = [place for place in range(len(names)) if _likeness("phone", names[place])]
    places = [place for place in named if held[place]] or [place for place in range(len(held)) if held[place]]
    if not places:
        return named[0] if named else None
    return max(places, key=lambda place: (held[place], place in named, -place))


def _named(field: Field, names: list[str], free: list[int]) -> int | None:
    best = max(free, key=lambda place: (_likeness(field, names[place]), -place), default=None)
    return best if best is not None and _likeness(field, names[best]) else None


def _likeness(field: Field, name: str) -> int:
    """How much the name of a column speaks for a field; 0 = not at all."""
    if name in _NAMES_OF[field]:
        return 3
    return 1 if _WORDS_OF[field] & set(name.split()) else 0


def _phones_in(sample: Sequence[Sequence[str]], place: int) -> int:
    return sum(place < len(cells) and csv_files.looks_like_phone(cells[place]) for cells in sample)


def _texts(sample: Sequence[Sequence[str]], places: list[int]) -> int | None:
    """The first column that mostly holds words."""
    for place in places:
        words = sum(place < len(cells) and any(one.isalpha() for one in cells[place]) for cells in sample)
        if words * 2 > len(sample):
            return place
    return None


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(re.sub(r"\([^()]*\)|[_\-.:*#/\"'\u200b-\u200f]", " ", folded).split())


_NAMES_OF = {
    field: frozenset(_plain(head) for language in ALL.values() for head in language.heads[field])
    for field in FIELDS
}
_WORDS_OF = {
    field: frozenset(_plain(word) for language in ALL.values() for word in language.head_words[field])
    for field in FIELDS
}


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid("bad_columns", sentence, details={field: sentence})
