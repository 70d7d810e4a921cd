"""What a field of a user's own may be called, what a value of each kind is, and how it reads in a text; pure.

A value is kept as text of one spelling: as it was written, a number like `-1250.5`, a day like `1990-04-25`, or
`--04-25` where the year is not known. Its key is what it is found and compared by.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, get_args

from wabox.billing.money import digits
from wabox.contacts import days, fields
from wabox.errors import Invalid
from wabox.languages import ALL, later
from wabox.late import late

if TYPE_CHECKING:
    from babel import dates, numbers
else:
    dates, numbers = late("babel.dates"), late("babel.numbers")

Kind = Literal["text", "number", "date"]
Display = Literal["plain", "thousands", "money", "day", "day_and_month", "digits"]
Key = str | float
Sent = str | int | float | None  # a value as somebody sends it; None takes it away

KINDS: tuple[Kind, ...] = get_args(Kind)
DISPLAYS: Mapping[Kind, tuple[Display, ...]] = {
    "text": ("plain",),
    "number": ("plain", "thousands", "money"),
    "date": ("day", "day_and_month", "digits"),
}
MOST_FIELDS, MOST_VALUE, MOST_DIGITS = 50, 1_024, 15
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
# What a contact, a file of contacts or a text calls something else.
RESERVED = frozenset(
    {
        *(
            "phone",
            "name",
            "custom",
            "tag",
            "tags",
            "consent",
            "fields",
            "id",
            "flagged",
            "opted_out",
            "person_id",
        ),
        *(
            "consent_source",
            "consent_at",
            "consent_by",
            "consent_note",
            "last_sent_at",
            "last_received_at",
            "created_at",
            "updated_at",
        ),
    }
)
_PATTERNS = {"day": "d MMMM y", "day_and_month": "d MMMM", "digits": "dd/MM/y"}
_NUMBER = re.compile(r"([+-]?)((?:[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})|[0-9]+)(\.[0-9]+)?")
_AROUND_MONEY = re.compile(r"^(?:৳|bdt|tk\.?|taka|টাকা)|(?:৳|bdt|tk\.?|taka|টাকা)$|/[-=]$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a user's own. display: how its values read in a text. currency: of one shown as money."""

    id: int
    name: str
    kind: Kind
    display: Display
    currency: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """What a contact has in a field. text: as it is kept."""

    field: Field
    text: str

    @property
    def plain(self) -> str | int | float:
        """The value as programs read it: a number is a number."""
        if self.field.kind != "number":
            return self.text
        return float(self.text) if "." in self.text else int(self.text)

    def said(self, language: str) -> str:
        """The value as a text in this language says it."""
        return said(self.field, self.text, language)


def named(name: str) -> str:
    """The name, which may be one. Raises Invalid `bad_field`."""
    if not NAME.fullmatch(name):
        raise _wrong(name, later("A field's name is 1 to 32 small letters a to z, digits and _, a letter first."))
    if name in RESERVED:
        raise _wrong(name, f"{name} is what wabox calls something else; give the field another name.")
    return name


def shown_as(kind: Kind, display: Display | None) -> Display:
    """The display, which the kind must have; its first one for None. Raises Invalid `bad_field`."""
    if display is None:
        return DISPLAYS[kind][0]
    if display not in DISPLAYS[kind]:
        sentence = f"A field of this kind is shown as one of {', '.join(DISPLAYS[kind])}."
        raise Invalid("bad_field", sentence, details={"display": sentence})
    return display


def read(name: str, kind: Kind, value: Sent, *, month_first: bool = False) -> str | None:
    """The value as it is kept; a blank one is none. Raises Invalid `bad_value`, whose detail is `fields.<name>`.

    A number may come with its thousands marked or as money, a day in any usual spelling, both in any script's
    digits. month_first: 4/5/1990 is in April.
    """
    if value is None:
        return None
    if kind == "number":
        return _number(name, value)
    if not isinstance(value, str):
        raise _unfit(name, f"{name} holds a {kind}, so it must be a text; put it in quotes.")
    cleaned = fields.lines(value)
    if len(cleaned) > MOST_VALUE:
        raise _unfit(name, f"{name} has more than {MOST_VALUE:,} characters; shorten it.")
    if not cleaned or kind == "text":
        return cleaned or None
    found = days.read(cleaned, month_first=month_first)
    if found is None:
        raise _unfit(name, f"{name} is no date: “{cleaned[:40]}”; write it like 1990-04-25 or 25/04/1990.")
    return found


def key(kind: Kind, text: str) -> Key:
    """What a kept value is found and compared by."""
    if kind == "number":
        return float(text)
    return text if kind == "date" else folded(text)


def folded(text: str) -> str:
    """A text in one spelling, so that Dhaka and DHAKA are the same."""
    return unicodedata.normalize("NFC", text.casefold())


def said(field: Field, text: str, language: str) -> str:
    """A kept value as a text in this language says it: the field's display, the language's digits and months."""
    if field.kind == "number":
        return ALL[language].written(_said_number(field, Decimal(text)))
    if field.kind == "date":
        return ALL[language].written(_said_date(field.display, text, language))
    return text


def _said_number(field: Field, number: Decimal) -> str:
    if field.display == "plain":
        return f"{number:f}"
    if field.display == "thousands" or field.currency is None:
        return numbers.format_decimal(number, locale="en", decimal_quantization=False)
    sign = min((numbers.get_currency_symbol(field.currency, locale=one.locale) for one in ALL.values()), key=len)
    whole = number == number.to_integral_value()
    amount = numbers.format_decimal(abs(number), format="#,##0" if whole else "#,##0.00", locale="en")
    return f"{'-' if number < 0 else ''}{sign}{amount}"


def _said_date(display: Display, text: str, language: str) -> str:
    day = days.on_calendar(text)
    if day is None:
        return text
    pattern = _PATTERNS[display]
    if text.startswith("--"):
        pattern = pattern.replace(" y", "").replace("/y", "")
    return str(dates.format_date(day, pattern, locale=ALL[language].locale))


def _number(name: str, value: str | int | float) -> str | None:
    typed = repr(value) if isinstance(value, int | float) else value
    bare = re.sub(r"[\s_'’\u00a0\u202f]", "", digits(unicodedata.normalize("NFKC", typed))).replace("\u2212", "-")
    bare = _AROUND_MONEY.sub("", _AROUND_MONEY.sub("", bare))
    if not typed.strip():
        return None
    found = _NUMBER.fullmatch(bare) if len(bare) <= 3 * MOST_DIGITS else None
    if found is None:
        raise _unfit(name, f"{name} is no number: “{typed.strip()[:40]}”; write it like 1250 or 1250.50.")
    sign, whole, fraction = found.groups("")
    number = Decimal(sign + whole.replace(",", "") + fraction)
    plain = f"{number:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    if sum(one.isdigit() for one in plain) > MOST_DIGITS:
        raise _unfit(name, f"{name} has more than {MOST_DIGITS} digits; make it a field of text.")
    return "0" if plain == "-0" else plain


def _unfit(name: str, sentence: str) -> Invalid:
    return Invalid("bad_value", sentence, details={f"fields.{name}": sentence})


def _wrong(name: str, sentence: str) -> Invalid:
    return Invalid("bad_field", sentence, details={"name": sentence})
