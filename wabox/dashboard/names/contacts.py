"""Knows how people are called on lists, how they agreed, what their fields hold, and how far an import is."""

from __future__ import annotations

from typing import cast

from wabox.contacts.conditions import BARE, TODAY, Condition, Op
from wabox.contacts.lists.repairs import Kind as Repair
from wabox.contacts.own_values import Field, Kind, said
from wabox.dashboard.names.shown import Shown
from wabox.dashboard.voice import Voice
from wabox.languages import later

CONSENT: dict[str, str] = {
    "in_person": later("Said so in person"),
    "web_form": later("Filled in a form"),
    "order": later("Placed an order"),
    "wrote_first": later("Wrote to us first"),
    "import_attested": later("Confirmed at an import"),
    "other": later("Otherwise"),
}

OPTED_OUT = Shown("bad", "stop", later("Opted out"))

CONSENTED = Shown("good", "shield", later("Consent"))

FLAGGED = Shown("warn", "question", later("Unusual number"))

IMPORT: dict[str, Shown] = {
    "uploaded": Shown("calm", "clock", later("Not started")),
    "running": Shown("busy", "refresh", later("Running")),
    "done": Shown("good", "tick", later("Done")),
    "failed": Shown("bad", "alert", later("Failed")),
    "cancelled": Shown("calm", "stop", later("Cancelled")),
}


def choices(sources: tuple[str, ...], voice: Voice) -> list[tuple[str, str]]:
    """Ways to consent, for a list to choose from."""
    return [(source, voice.say(CONSENT[source])) for source in sources]


# A kind of field with its display, and a value as an example.
SHAPES: dict[str, tuple[str, str]] = {
    "text/plain": (later("Text"), ""),
    "number/plain": (later("Number, like %(example)s"), "1250.5"),
    "number/thousands": (later("Number, like %(example)s"), "1250.5"),
    "number/money": (later("Money, like %(example)s"), "1250"),
    "date/day": (later("Date, like %(example)s"), "1990-04-25"),
    "date/day_and_month": (later("Date, like %(example)s"), "1990-04-25"),
    "date/digits": (later("Date, like %(example)s"), "1990-04-25"),
}

# How the characters of a file are read.
ENCODINGS: dict[str, str] = {
    "utf-8": later("Unicode (UTF-8)"),
    "utf-16-le": later("Unicode (UTF-16)"),
    "utf-16-be": later("Unicode (UTF-16, big-endian)"),
    "utf-32": later("Unicode (UTF-32)"),
    "cp1252": later("Western Europe (Windows-1252)"),
    "cp1250": later("Central Europe (Windows-1250)"),
    "cp1251": later("Cyrillic (Windows-1251)"),
    "cp1253": later("Greek (Windows-1253)"),
    "cp1254": later("Turkish (Windows-1254)"),
    "cp1255": later("Hebrew (Windows-1255)"),
    "cp1256": later("Arabic (Windows-1256)"),
    "cp1257": later("Baltic (Windows-1257)"),
    "cp1258": later("Vietnamese (Windows-1258)"),
    "cp874": later("Thai (Windows-874)"),
    "koi8_r": later("Cyrillic (KOI8-R)"),
    "gb18030": later("Chinese, simplified (GB 18030)"),
    "big5": later("Chinese, traditional (Big5)"),
    "shift_jis": later("Japanese (Shift JIS)"),
    "euc_jp": later("Japanese (EUC-JP)"),
    "cp949": later("Korean (CP949)"),
    "mac_roman": later("Western Europe (old Mac)"),
    "cp850": later("Western Europe (DOS)"),
}

# What reading a row of a file changed or guessed.
REPAIRS: dict[Repair, str] = {
    "spoilt": later("A character could not be read"),
    "several": later("One of several numbers is taken"),
    "zero": later("The 0 in front, which a spreadsheet took away, is back"),
    "country": later("Read as a number of your country"),
    "point": later(".0 at the end is cut off"),
    "power": later("Written out in all its digits"),
    "digits": later("Digits of another script are read"),
    "trunk": later("(0) after the country code is left out"),
    "marks": later("What stands around the number is left out"),
    "unknown": later("An unusual number, kept as it is"),
    "joined": later("The name is joined from several columns"),
    "quote": later("A stray quotation mark is left out"),
    "nothing": later("Means nothing, and is left out"),
    "tags": later("Split into tags"),
    "value": later("A date or number as wabox keeps it"),
}

# Those after which a number stands as it is called.
OF_PHONES: frozenset[Repair] = frozenset(
    ("several", "zero", "country", "point", "power", "digits", "trunk", "marks", "unknown")
)

# What a column of a file can hold.
COLUMN_KINDS: dict[str, str] = {
    "text": later("Text"),
    "number": later("Number"),
    "date": later("Date, the day first"),
    "date_month_first": later("Date, the month first"),
}

OPS: dict[str, str] = {
    "is": later("is"),
    "is_not": later("is not"),
    "contains": later("contains"),
    "more": later("is more than"),
    "less": later("is less than"),
    "before": later("is before"),
    "after": later("is after"),
    TODAY: later("falls on today, in any year"),
    "within_days": later("falls within the next days"),
    "on_day": later("falls on this day, in any year"),
    "present": later("is filled in"),
    "empty": later("is empty"),
}


def shapes(voice: Voice, currency: str) -> list[tuple[str, str]]:
    """What a field can hold, each with an example in the reader's language, for a list to choose from."""
    return [(shape, _shape(shape, currency, voice)) for shape in SHAPES]


def shape(field: Field, voice: Voice) -> str:
    """What a field holds, with an example in the reader's language."""
    return _shape(f"{field.kind}/{field.display}", field.currency or "", voice)


def _shape(shape: str, currency: str, voice: Voice) -> str:
    words, example = SHAPES[shape]
    kind, _, display = shape.partition("/")
    field = Field(0, "", cast(Kind, kind), display, currency or None)  # type: ignore[arg-type]
    return voice.say(words, example=said(field, example, voice.language)) if example else voice.say(words)


def column_kinds(voice: Voice) -> list[tuple[str, str]]:
    """What a column of a file can hold, for a list to choose from."""
    return [(kind, voice.say(words)) for kind, words in COLUMN_KINDS.items()]


def ops(voice: Voice) -> list[tuple[str, str]]:
    """What can be asked of a field, for a list to choose from."""
    return [(op, voice.say(words)) for op, words in OPS.items()]


def condition(wanted: Condition, voice: Voice) -> str:
    """A condition on a field in words, without the field's name."""
    op: Op | str = TODAY if (wanted.op, wanted.value) == ("on_day", TODAY) else wanted.op
    words = voice.say(OPS[op])
    return words if op in BARE or op == TODAY else f"{words} {voice.digits(str(wanted.value))}"
