"""What a cell of somebody's list says: the numbers in it, the tags; pure.

Excel's lost leading 0 is given back, Bengali digits are read; a number that Excel has cut off is refused. A cell
may hold several numbers or tags, as Google, Outlook and people write them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from wabox.contacts import notation, phones
from wabox.contacts.notation import SCIENTIFIC
from wabox.contacts.phones import MIN_DIGITS, Kind, Phone
from wabox.errors import Invalid
from wabox.languages import later

Weight = Literal[0, 1, 2, 3]  # what a cell is worth as a phone: nothing, digits, a valid number, a mobile

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
OUR_HEAD = "phone,name,tags,custom,opted_out,"  # how a file begins that wabox wrote and nothing has touched since
LONGEST_NUMBERS = 400  # characters of a cell in which numbers are looked for

_WEIGHTS: dict[Kind, Weight] = {"mobile": 3, "other": 2, "unknown": 1}
_PHONE_LIKE = re.compile(r"[\s'\"=+(]*\+?[\d(][\d\s().+/-]{5,24}[\s\"]*|[0-9][.,]?[0-9]*[eE]\+?[0-9]{1,2}")
_DATE = re.compile(r"\s*\d{1,4}([./-])\d{1,2}\1\d{1,4}(?:[T\s]+\d{1,2}[:.]\d{2}.*)?\s*", re.S)
_BETWEEN_NUMBERS = re.compile(
    r"\s*(?::::|[,;|\n&]|\s/\s|/(?=\s*[+(0০])|\b(?:or|and)\b|(?<!\S)(?:অথবা|বা|ও)(?!\S))\s*", re.I
)
_PIECE = re.compile(r"[\s+()\[\].-]*(?:\d[\s()\[\].-]*){1,6}")  # too few digits for a number
_ENDING = re.compile(r"\s*\d{1,4}\s*")
_TAG = re.compile(
    r"\s*(?:\"((?:[^\"]|\"\")*)\"(?=\s*(?:$|:::|[,;|\n]))|((?:(?!:::)[^,;|\n])*))\s*(?::::|[,;|\n]|$)"
)
LONGEST_NOTHING = 20
_NOTHING = frozenset(
    (
        "NULL",
        "(null)",
        "\\N",
        "NaN",
        "nan",
        "<NA>",
        "N/A",
        "n/a",
        "None",
        "undefined",
        "#N/A",
        "#NV",
        "#N/D",
        "#Н/Д",
    )
)
_FAILED = re.compile(r"\s*#[^\W\d_¡¿]*[¡¿]?[^\W\d_]+(?:/[0A-Z]|[!?])+[!?]*\s*")
_GOOGLES_OWN = "* mycontacts"  # everybody of an address book is in it


@dataclass(frozen=True, slots=True)
class Numbers:
    """Whom a row's cells call. others: the numbers that are not written to, as they are kept."""

    phone: Phone
    others: tuple[str, ...] = ()


def numbers(texts: Iterable[str], *, country: str) -> Numbers:
    """The first mobile in the cells, else the first valid number, else the first one at all; and the others.

    Raises Invalid `bad_phone`, whose sentence is of the first cell that is not blank.
    """
    found: dict[str, Phone] = {}
    wrong: Invalid | None = None
    for text in texts:
        try:
            there = every(text, country=country)
            found.update((one.digits, one) for one in there if one.digits not in found)
        except Invalid as refusal:
            wrong = wrong or (refusal if text.strip() else None)
    if not found:
        raise wrong or Invalid("bad_phone", later("There is no phone number in this row."))
    best = max(found.values(), key=lambda one: _WEIGHTS[phones.kind_of(one)])
    return Numbers(best, tuple(phones.display(one) for one in found if one != best.digits))


def phone_of(cell: str, *, country: str) -> Phone:
    """The phone in a cell, whatever a spreadsheet made of it. Raises Invalid `bad_phone`."""
    if not cell.strip("=\"'’‘` \t\r\n"):
        raise Invalid("bad_phone", later("There is no phone number in this row."))
    return phones.parse(cell, country=country, listed=True)


def looks_like_phone(cell: str) -> bool:
    """Whether a cell could be a phone number, also one that a spreadsheet has spoilt."""
    if len(cell) > 40 or not _PHONE_LIKE.fullmatch(cell.strip()):
        return False
    return "e" in cell.lower() or sum(character.isdecimal() for character in cell) >= MIN_DIGITS


def weight(cell: str, *, country: str) -> Weight:
    """What the cell is worth as a phone. A date is none; digits that no plan knows are worth little."""
    if sum(one.isdecimal() for one in cell[:LONGEST_NUMBERS]) < MIN_DIGITS or _DATE.fullmatch(cell):
        return 1 if SCIENTIFIC.fullmatch(cell.strip()) else 0
    try:
        return max(_WEIGHTS[phones.kind_of(one)] for one in every(cell, country=country))
    except Invalid:
        return 1 if SCIENTIFIC.fullmatch(cell.strip()) else 0


def every(cell: str, *, country: str) -> list[Phone]:
    """The numbers in the cell. Raises Invalid `bad_phone` without one, for what is wrong with the whole of it."""
    text = cell.strip()[:LONGEST_NUMBERS]
    try:
        whole = phone_of(text, country=country)
    except Invalid as wrong:
        found = _in_parts(_parts(text, country), country)
        if not found:
            raise wrong from None
        return found
    if whole.flagged:  # two short ones with a stroke between them are no long one
        found = _in_parts(_parts(text, country), country)
        if len(found) > 1:
            return found
    return [whole]


def _parts(text: str, country: str) -> list[str]:
    """What stands between the marks that part numbers, without what says that its number is not to be used."""
    parts = [part for part in _BETWEEN_NUMBERS.split(text) if part and not notation.is_disowned(part)]
    if parts == [text] and phones.endings(text, country=country) is None:
        return [part for part in re.split(r"/|\s+(?=[+0০])", text) if part.strip()]
    return parts


def _in_parts(parts: Sequence[str], country: str) -> list[Phone]:
    """The numbers in the parts; one that has only another ending, as 04 after 01711000203, is written out.

    None where a part before the first number could belong to it, as +54 in +54/9351…, or one that follows.
    """
    found: list[Phone] = []
    for number, part in enumerate(parts):
        typed = _ENDING.fullmatch(part)
        more = [typed[0].strip()] if typed and found else []
        if not typed:
            phone, more = _with_endings(part, country)
            found += [] if phone is None else [phone]
        if not found and _PIECE.fullmatch(part):
            return []
        if typed and found and _is_one(f"{parts[number - 1]} {part}", found[-1], country):
            return []
        if found:
            before = found[-1].digits
            found += (one for end in more if (one := _maybe(f"+{before[: -len(end)]}{end}", country)) is not None)
    return found


def _with_endings(part: str, country: str) -> tuple[Phone | None, list[str]]:
    bare = re.sub(r"\([^()0-9]*\)|^[^\d+(]*:\s*", "", part)
    phone = _maybe(bare, country)
    if phone is not None:
        return phone, []
    ends = phones.endings(bare, country=country)
    return (None, []) if ends is None or _is_one(bare, ends[0], country) else (ends[0], list(ends[1]))


def _is_one(text: str, first: Phone, country: str) -> bool:
    """Whether it may be one number as a whole, which goes on where the first one in it ends."""
    phone = _maybe(re.sub(r"[/\\]", " ", text), country)
    return phone is not None and not phone.flagged and phone.digits.startswith(first.digits)


def _maybe(text: str, country: str) -> Phone | None:
    try:
        return phone_of(text, country=country)
    except Invalid:
        return None


def is_power(text: str) -> bool:
    """Whether a spreadsheet wrote the number so: 8.801711123456E+12."""
    return SCIENTIFIC.fullmatch(text.strip().strip("\"'=")) is not None


# -- tags --------------------------------------------------------------------------------------------


def tags(cell: str, *, ours: bool) -> list[str]:
    """The tags in a cell, as they are spelt. ours: wabox wrote it, so a comma belongs to its tag."""
    found = _quoted(cell, ";") if ours else _of_others(cell)
    kept = (one.strip() for one in found)
    return [one.removeprefix("* ").strip() if not ours else one for one in kept if _is_tag(one, ours=ours)]


def tags_text(tagged: Sequence[str]) -> str:
    """Tags as one cell, which `tags` reads back to the same, whatever they hold."""
    return "; ".join(
        '"' + tag.replace('"', '""') + '"' if re.search(r"[,;|\"]|:::|^\* ", tag) else tag for tag in tagged
    )


def _is_tag(text: str, *, ours: bool) -> bool:
    return bool(text) and (ours or text.casefold() != _GOOGLES_OWN)


def _quoted(cell: str, mark: str) -> list[str]:
    try:
        return next(csv.reader([cell], delimiter=mark, skipinitialspace=True, strict=True), [])
    except csv.Error:
        return cell.split(mark)


def _of_others(cell: str) -> list[str]:
    """Parted at every usual mark, but not inside quotation marks."""
    found = (one.groups() for one in _TAG.finditer(cell))
    return [plain if quoted is None else quoted.replace('""', '"') for quoted, plain in found]


# -- cells that say nothing, or too much -----------------------------------------------------------


def meant(cell: str, *, ours: bool = False) -> str:
    """The cell's text; "" for what programs write where nothing is. ours: wabox wrote it, letter for letter."""
    text = unguarded(cell)
    return "" if not ours and is_nothing(text) else text


def is_nothing(text: str) -> bool:
    """Whether a formula failed there, or a program wrote that there is nothing."""
    return len(text) <= LONGEST_NOTHING and (text.strip() in _NOTHING or _FAILED.fullmatch(text) is not None)


def without_stray_quote(text: str) -> str:
    """The text without a quotation mark at one of its ends whose twin is missing."""
    return text.strip('" ') if text.count('"') == 1 and text.strip(" ").strip('"') != text.strip(" ") else text


# -- formulas ----------------------------------------------------------------------------------------


def guarded(text: str) -> str:
    """The text as it may stand in a spreadsheet: what would be a formula has an apostrophe in front."""
    return f"'{text}" if _may_be_formula(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` made safe."""
    return text[1:] if text.startswith("'") and _may_be_formula(text[1:]) else text


def _may_be_formula(text: str) -> bool:
    """Behind apostrophes as well, so that each has one more and loses just that."""
    return text.lstrip(" \u00a0\u3000'").startswith(FORMULA)
