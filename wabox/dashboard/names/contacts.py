"""Knows how people are called on lists, how they agreed, what their fields hold, and how far an import is."""

from __future__ import annotations

from typing import cast

from wabox.contacts.conditions import BARE, TODAY, Condition, Op
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
