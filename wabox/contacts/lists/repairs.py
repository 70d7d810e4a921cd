"""What reading a row changed or guessed: what stood there, and what becomes of it; pure.

It compares a row's cells with the draft that was made of them, so it can tell of nothing that reading does not do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from wabox.contacts import phones
from wabox.contacts.drafts import Draft
from wabox.contacts.lists import cells as cell_texts
from wabox.contacts.lists.columns import OTHER_NUMBERS, Columns
from wabox.contacts.lists.decoding import SPOILT
from wabox.contacts.phones import Phone
from wabox.errors import Invalid

Kind = Literal[
    "spoilt",  # a character could not be read
    "several",  # one of several numbers is taken
    "zero",  # the 0 in front, which a spreadsheet took away
    "country",  # read as a number of the box's country
    "point",  # .0 behind a number
    "power",  # 8.801711000201E+12
    "digits",  # of another script
    "trunk",  # (0) after a country code
    "marks",  # tel:, wa.me/, ="…" around a number
    "unknown",  # no numbering plan knows it
    "joined",  # a name from several columns
    "quote",  # a quotation mark without its twin
    "nothing",  # #N/A, NULL
    "tags",  # parted, or without a program's own marks
    "value",  # a day or a number as wabox keeps it
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_POINT = re.compile(r"(?<=[0-9]{6})[.,]0+(?=[\"'\s]*$)")
_TRUNK = re.compile(r"[(\[]\s*0\s*[)\]]")
_AROUND = re.compile(r"[^\d\s().+/\[\]\-\u2010-\u2015\u00a0\u00ad\u200b-\u200f\u202a-\u202f\ufeff]")


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was changed or guessed. after: "" where nothing is kept of it."""

    kind: Kind
    before: str
    after: str


def of_row(
    cells: Sequence[str], columns: Columns, draft: Draft | None, *, country: str, ours: bool
) -> list[Repair]:
    """What was changed or guessed in a row. draft: what was made of it, None if it is refused."""
    used = (*columns.used, *(one.place for one in columns.fields))
    texts = [cells[place] for place in used if place < len(cells)]
    found = [Repair("spoilt", text, text) for text in texts if SPOILT in text]
    if draft is not None:
        found += _of_phone(cells, columns, draft, country)
        found += [] if ours else _of_name(cells, columns, draft)
        found += _of_tags(_at(cells, columns.tag), draft, ours=ours)
        found += _of_values(cells, columns, draft)
    if not ours:
        found += [Repair("nothing", text, "") for text in texts if cell_texts.is_nothing(text)]
    return found


# -- the phone ---------------------------------------------------------------------------------------


def _of_phone(cells: Sequence[str], columns: Columns, draft: Draft, country: str) -> Iterator[Repair]:
    texts = [text for place in (columns.phone, *columns.more_phones) if (text := _at(cells, place))]
    from_column = any(one.name == OTHER_NUMBERS for one in columns.fields)
    is_several = OTHER_NUMBERS in draft.fields and not from_column
    source = _source(texts, draft.phone, country) if is_several or len(texts) > 1 else "".join(texts)
    kinds = [*_kinds(source, draft.phone, country)]
    if is_several:
        kinds.insert(0, "several")
    if draft.phone.flagged:
        kinds.append("unknown")
    for kind in kinds:
        before = " · ".join(texts) if kind == "several" or not source else source
        yield Repair(kind, before, phones.display(draft.phone.digits))


def _source(texts: Sequence[str], phone: Phone, country: str) -> str:
    """The cell in which this number stands alone; "" if there is none."""
    for text in texts:
        try:
            found = cell_texts.every(text, country=country)
        except Invalid:
            continue
        if any(one.digits == phone.digits for one in found):
            return text if len(found) == 1 else ""
    return ""


def _kinds(text: str, phone: Phone, country: str) -> Iterator[Kind]:
    """How the text was read as this phone; nothing for a number as people write it."""
    if not text or (_is_plain(text) and text[0] == "0"):
        return
    plain = _with_plain_digits(text)
    if plain != text:
        yield "digits"
    if cell_texts.is_power(plain):
        yield "power"
        return
    if _POINT.search(plain):
        yield "point"
        plain = _POINT.sub("", plain)
    typed = re.sub("[^0-9]", "", plain)
    if _TRUNK.search(plain) and phone.digits != typed:
        yield "trunk"
    if _AROUND.search(plain):
        yield "marks"
    is_national = "+" not in plain and typed[:1] != "0" and len(typed) < len(phone.digits)
    if is_national and phone.digits.endswith(typed):
        yield "zero" if phones.drops_zero(country) else "country"


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _with_plain_digits(text: str) -> str:
    if text.isascii():
        return text
    decimals = ((character, unicodedata.decimal(character, None)) for character in text)
    return "".join(character if value is None else str(value) for character, value in decimals)


# -- everything else ---------------------------------------------------------------------------------


def _of_name(cells: Sequence[str], columns: Columns, draft: Draft) -> Iterator[Repair]:
    after = draft.name if isinstance(draft.name, str) else ""
    texts = [text for place in (columns.name, *columns.more_names) if (text := _at(cells, place))]
    if sum(not cell_texts.is_nothing(text) for text in texts) > 1:
        yield Repair("joined", " + ".join(texts), after)
    for text in texts:
        bare = cell_texts.without_stray_quote(text)
        if bare != text:
            yield Repair("quote", text, bare)


def _of_tags(text: str, draft: Draft, *, ours: bool) -> Iterator[Repair]:
    if text and not cell_texts.is_nothing(text):
        found = cell_texts.tags(text, ours=ours)
        if found != [text]:
            yield Repair("tags", text, " · ".join(found))


def _of_values(cells: Sequence[str], columns: Columns, draft: Draft) -> Iterator[Repair]:
    for one in columns.fields:
        before, after = _at(cells, one.place), draft.fields.get(one.name)
        if after is not None and one.kind != "text" and str(after) != before:
            yield Repair("value", before, str(after))


def _at(cells: Sequence[str], place: int | None) -> str:
    return cell_texts.unguarded(cells[place]).strip() if place is not None and place < len(cells) else ""
