"""Which column of a file is what, and what a row's cells say of a person; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from wabox.contacts import fields
from wabox.contacts.drafts import Draft
from wabox.contacts.lists import answers, own_columns
from wabox.contacts.lists import cells as cell_texts
from wabox.contacts.lists.own_columns import OwnColumn
from wabox.contacts.stored import Consent, ConsentSource
from wabox.errors import Invalid
from wabox.languages import later

Field = Literal["phone", "name", "custom", "tag", "opted_out", "opted_in"]
FIELDS: tuple[Field, ...] = get_args(Field)
OTHER_NUMBERS = "other_numbers"  # the field of the user's own that keeps the numbers nobody writes to


class Columns(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The place of each field, from 0; None where the file has no such column. fields: of the user's own.

    opted_out: the column that says who wants nothing more. opted_in: one that says who wants messages: a no there
    is an opt-out. more_phones: columns with further numbers. more_names:
    what follows the name in the person's whole one: middle names, the last name.
    """

    phone: int
    name: int | None = None
    custom: int | None = None
    tag: int | None = None
    fields: tuple[OwnColumn, ...] = ()
    opted_out: int | None = None
    more_phones: tuple[int, ...] = ()
    more_names: tuple[int, ...] = ()
    opted_in: int | None = None

    @property
    def used(self) -> tuple[int, ...]:
        """The places of what every contact has."""
        places = (
            self.phone,
            self.name,
            self.custom,
            self.tag,
            self.opted_out,
            self.opted_in,
            *self.more_phones,
            *self.more_names,
        )
        return tuple(place for place in places if place is not None)


def checked(columns: Columns, width: int) -> Columns:
    """The columns, which must be the file's and each used once. Raises Invalid `bad_columns`."""
    asked: list[tuple[str, int | None]] = [(field, getattr(columns, field)) for field in FIELDS]
    asked += [("more_phones", place) for place in columns.more_phones]
    asked += [("more_names", place) for place in columns.more_names]
    used = [place for _, place in asked if place is not None]
    for field, place in asked:
        if place is not None and not 0 <= place < width:
            raise _wrong(field, later("There is no such column in the file; choose one that is there."))
        if place is not None and used.count(place) > 1:
            raise _wrong(field, later("Two fields use this column; choose another one."))
    own_columns.checked(columns.fields, width=width, used=columns.used)
    return columns


def read(text: str) -> Columns:
    """The columns as they were stored."""
    return msgspec.json.decode(text, type=Columns)


def draft(
    cells: Sequence[str],
    columns: Columns,
    *,
    country: str,
    tags: tuple[str, ...] = (),
    consent: Consent | None,
    ours: bool = False,
) -> Draft:
    """What the row says of a person; an empty cell says nothing. Raises Invalid, whose sentence is the reason.

    tags: given to everybody, besides those in the row. consent: what the row has none of its own for. ours: wabox
    wrote the file. A number that is not written to stands in the field OTHER_NUMBERS.
    """
    places = {*columns.used, *(one.place for one in columns.fields)}
    cells = [cell_texts.meant(cell, ours=ours) if place in places else "" for place, cell in enumerate(cells)]
    found = cell_texts.numbers(
        (_number(_at(cells, place), ours=ours) for place in (columns.phone, *columns.more_phones)),
        country=country,
    )
    name = fields.name(_whole_name(cells, columns, ours=ours))
    custom = fields.custom(_at(cells, columns.custom))
    tagged = fields.tags((*cell_texts.tags(_at(cells, columns.tag), ours=ours), *tags))
    agreed: Consent | UnsetType = UNSET if consent is None else consent
    values = own_columns.values(cells, columns.fields) if columns.fields else {}
    if found.others:
        values.setdefault(OTHER_NUMBERS, ", ".join(found.others))
    return Draft(
        phone=found.phone,
        name=UNSET if name is None else name,
        custom=UNSET if custom is None else custom,
        tags=tagged or UNSET,
        consent=agreed,
        add_tags=True,
        fields=values,
        opted_out=answers.says_out(_at(cells, columns.opted_out))
        or answers.says_not_in(_at(cells, columns.opted_in)),
    )


def consent_of(said: Mapping[str, str], *, now: datetime) -> Consent | None:
    """The consent in a row of wabox's own export, by the names of its columns; None for none, or a strange one."""
    source, at = said.get("consent_source", ""), said.get("consent_at", "")
    if source not in get_args(ConsentSource):
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    by, note = said.get("consent_by") or None, fields.note(said.get("consent_note"))
    return Consent(source, min(moment, now), by, note)  # type: ignore[arg-type]  # one of its words


def _number(cell: str, *, ours: bool) -> str:
    """The cell with a number. wabox's own have their country code, whatever else they could be at home."""
    return f"+{cell}" if ours and cell.isdecimal() else cell


def _whole_name(cells: Sequence[str], columns: Columns, *, ours: bool) -> str:
    """First, middle and last name as one."""
    parts = (_at(cells, place).strip() for place in (columns.name, *columns.more_names))
    bare = parts if ours else (cell_texts.without_stray_quote(part) for part in parts)
    return " ".join(part for part in bare if part)


def _at(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid("bad_columns", sentence, details={field: sentence})
