"""The likeliest reading of a list: which row holds the names of the columns, and which column is what; pure.

What the cells hold counts for more than what a column is called: mobiles of the box's country before other valid
numbers, those before mere digits; a name decides between equals. Days and serial numbers are no phones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from wabox.contacts.lists import answers
from wabox.contacts.lists import cells as cell_texts
from wabox.contacts.lists.columns import FIELDS, Columns, Field
from wabox.contacts.lists.own_columns import OwnColumn
from wabox.languages import ALL

Sample = Sequence[Sequence[str]]
OUR_OWN = frozenset({"phone", "tags", "opted_out", "consent_source", "consent_at"})  # columns of our export


@dataclass(frozen=True, slots=True)
class Held:
    """What a column holds of phones: mobiles, valid numbers with those, digits that could be one with both."""

    mobiles: int
    valid: int
    digits: int


def header(sample: Sample, *, country: str) -> int | None:
    """Which row of the sample holds the names of the columns; None if none does. Rows above it are titles."""
    held = _held(sample, country)
    place = max(range(len(held)), key=lambda one: _worth(held[one]), default=None)
    if place is None or not held[place].digits:
        return 0 if sample else None
    first = next(
        number for number, cells in enumerate(sample) if cell_texts.weight(_at(cells, place), country=country)
    )
    above = range(first)
    named = [row for row in above if likeness("phone", plain(_at(sample[row], place)))]
    if named:
        return named[-1]
    width = max(map(_filled, sample))
    return next(
        (row for row in above if _filled(sample[row]) * 2 >= width and _at(sample[row], place).strip()), None
    )


def guess(
    names: Sequence[str] | None, sample: Sample, own: Sequence[OwnColumn] = (), *, country: str
) -> Columns | None:
    """The likeliest columns; None without phones. names: the header. own: called as fields of the user's own."""
    called = [plain(name) for name in names or ()]
    width = max([len(called), *(len(cells) for cells in sample)], default=0)
    held = _held(sample, country, width)
    phone = _phone(called, held)
    if phone is None:
        return None
    more = _more_phones(phone, called, held)
    theirs = {one.place for one in own}
    found: dict[Field, int | None] = {"phone": phone}
    more_names: tuple[int, ...] = ()
    for field in FIELDS[1:]:
        taken = {*found.values(), *theirs, *more, *more_names}
        free = [place for place in range(len(called)) if place not in taken]
        parts = _name_parts(called, sample, free) if field == "name" else ()
        if field == "opted_in":
            free = [place for place in free if _answers(called[place], sample, place)]
        found[field] = parts[0] if parts else _named(field, called, free)
        more_names = more_names or parts[1:]
    if found["opted_out"] is None:
        found["opted_out"] = _status(called, sample, {*found.values(), *theirs, *more, *more_names})
    if names is None:
        found["name"] = _texts(sample, [place for place in range(width) if not held[place].digits])
    return Columns(
        phone,
        found["name"],
        found["custom"],
        found["tag"],
        tuple(one for one in own if one.place not in (phone, *more)),
        found["opted_out"],
        more,
        more_names,
        found["opted_in"],
    )


def is_ours(names: Sequence[str] | None) -> bool:
    """Whether wabox itself wrote a file with these columns."""
    return set(names or ()) >= OUR_OWN


def name_part(name: str) -> str | None:
    """Which part of a whole name a column of this plain name holds: first, middle or last; None for any other."""
    for word in _WHOSE:
        name = name.removeprefix(f"{word} ")
    return next((part for part, heads in _PARTS.items() if name in heads), None)


def _name_parts(called: Sequence[str], sample: Sample, free: Sequence[int]) -> tuple[int, ...]:
    """First, middle and last name, as far as they are there; none where a column holds the whole name."""
    whole = _named("name", called, free)
    if whole is not None and likeness("name", called[whole]) == 3 and any(_at(cells, whole) for cells in sample):
        return ()
    parts = {part: place for place in reversed(free) if (part := name_part(called[place])) is not None}
    return tuple(parts[part] for part in _PARTS if part in parts)


def likeness(field: Field, name: str) -> int:
    """How much the plain name of a column speaks for a field; 0 = not at all.

    Names about messages that somebody wants or not may be written as one word, and are turned round by a not.
    """
    exact = 3 if name in _NAMES_OF[field] else 0
    if field in ("opted_out", "opted_in"):
        return max(exact, _about_messages(field, name))
    return exact or int(bool(_WORDS_OF[field] & set(name.split())))


def _about_messages(field: Field, name: str) -> int:
    """1 or, if it names such messages as ours, 4; 0 for the other of the two."""
    is_out = _says_one_of(_WORDS_OF["opted_out"], name)
    is_in = _says_one_of(_WORDS_OF["opted_in"], name) and not is_out
    if is_in and _NOT & set(name.split()):
        is_out, is_in = True, False
    if not (is_out if field == "opted_out" else is_in):
        return 0
    return 4 if any(one in name for one in ("whatsapp", "sms", "হোয়াটসঅ্যাপ")) else 1


def _says_one_of(words: frozenset[str], name: str) -> bool:
    joined = name.replace(" ", "")
    return any(f" {word} " in f" {name} " or (len(word) > 4 and word.replace(" ", "") in joined) for word in words)


def plain(name: str) -> str:
    """The name of a column in small letters, without marks and what stands in brackets."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(re.sub(r"\([^()]*\)|[_\-.:*#/\"'\u200b-\u200f]", " ", folded).split())


def _held(sample: Sample, country: str, width: int | None = None) -> list[Held]:
    if width is None:
        width = max((len(cells) for cells in sample), default=0)
    weights = [
        [cell_texts.weight(cells[place], country=country) for cells in sample if place < len(cells)]
        for place in range(width)
    ]
    return [
        Held(sum(one >= 3 for one in column), sum(one >= 2 for one in column), sum(one >= 1 for one in column))
        for column in weights
    ]


def _worth(held: Held, likeness: int = 0) -> tuple[int, int, int, int]:
    return (held.mobiles, held.valid, likeness, held.digits)


def _phone(called: Sequence[str], held: Sequence[Held]) -> int | None:
    """The column that is worth most as a phone; without any numbers, the one that is called so."""
    alike = [likeness("phone", called[place]) if place < len(called) else 0 for place in range(len(held))]
    faxes = {place for place, name in enumerate(called) if _is_fax(name)}
    places = [place for place in range(len(held)) if held[place].digits]
    places = [place for place in places if place not in faxes] or places
    if not places:
        named = [place for place, like in enumerate(alike) if like]
        return max(named, key=lambda place: (alike[place], -place), default=None)
    return max(places, key=lambda place: (*_worth(held[place], alike[place]), -place))


def _more_phones(phone: int, called: Sequence[str], held: Sequence[Held]) -> tuple[int, ...]:
    """Further columns that are called so and hold valid numbers."""
    return tuple(
        place
        for place, one in enumerate(held)
        if place != phone
        and one.valid
        and place < len(called)
        and likeness("phone", called[place])
        and not _is_fax(called[place])
    )


def _is_fax(name: str) -> bool:
    return bool({"fax", "pager", "telex", "ফ্যাক্স"} & set(name.split()))


def _named(field: Field, called: Sequence[str], free: Sequence[int]) -> int | None:
    best = max(free, key=lambda place: (likeness(field, called[place]), -place), default=None)
    return best if best is not None and likeness(field, called[best]) else None


def _status(called: Sequence[str], sample: Sample, taken: set[int | None]) -> int | None:
    """A column about some state, in which somebody has opted out or may have."""
    for place, name in enumerate(called):
        if place in taken or not _STATES & set(name.split()):
            continue
        if any(answers.tells_of_leaving(_at(cells, place)) for cells in sample):
            return place
    return None


def _answers(name: str, sample: Sample, place: int) -> bool:
    """Whether the column holds answers, or nothing yet under a name that asks."""
    held = [cell for cells in sample if (cell := _at(cells, place)).strip()]
    if not held:
        return name in _NAMES_OF["opted_in"]
    return sum(answers.says_anything(cell) for cell in held) * 2 > len(held)


def _texts(sample: Sample, places: Sequence[int]) -> int | None:
    """The first column that mostly holds words."""
    for place in places:
        words = sum(any(one.isalpha() for one in _at(cells, place)) for cells in sample)
        if words * 2 > len(sample):
            return place
    return None


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


_NOT = {"not", "no", "non", "never", "without", "dont", "don", "না", "নয়", "নেই", "nicht", "pas", "nao"}
_STATES = {"status", "state", "subscription", "subscriber", "list", "অবস্থা", "স্ট্যাটাস"}
_WHOSE = ("billing", "customer", "contact", "buyer", "lead", "user")
_PARTS = {
    part: frozenset(plain(head) for language in ALL.values() for head in language.name_parts[part])
    for part in ("first", "middle", "last")
}
_NAMES_OF = {
    field: frozenset(plain(head) for language in ALL.values() for head in language.heads[field])
    for field in FIELDS
}
_WORDS_OF = {
    field: frozenset(plain(word) for language in ALL.values() for word in language.head_words[field])
    for field in FIELDS
}
