"""Conditions on fields of a user's own, as a segment has them, turned into SQL on `contacts c`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from wabox.contacts import days, own_values
from wabox.contacts.own_values import Field, Kind
from wabox.errors import Invalid
from wabox.languages import later

Op = Literal[
    "is",
    "is_not",
    "contains",
    "more",
    "less",
    "before",
    "after",
    "on_day",
    "within_days",
    "present",
    "empty",
]
MOST, MOST_DAYS = 10, 366
ANY: tuple[Op, ...] = ("is", "is_not", "present", "empty")
OPS: Mapping[Kind, tuple[Op, ...]] = {
    "text": (*ANY, "contains"),
    "number": (*ANY, "more", "less"),
    "date": (*ANY, "before", "after", "on_day", "within_days"),
}
BARE: tuple[Op, ...] = ("present", "empty")
TODAY = "today"
_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")

_HAS = "c.id in (select v.contact_id from field_values v where v.field_id = :field_{n}{test})"
_TESTS: Mapping[Op, str] = {
    "is": " and v.key = :value_{n}",
    "contains": " and instr(v.key, :value_{n}) > 0",
    "more": " and v.key > :value_{n}",
    "less": " and v.key < :value_{n}",
    "before": " and v.key >= '0' and v.key < :value_{n}",  # a day without a year is before no other
    "after": " and v.key > :value_{n}",
    "on_day": " and substr(v.key, -5) in (select value from json_each(:value_{n}))",
    "within_days": " and substr(v.key, -5) in (select value from json_each(:value_{n}))",
    "present": "",
}


_ASKED: Mapping[Kind, str] = {
    "text": "{} holds text: ask whether it is, is not or contains something, is empty or filled in.",
    "number": "{} holds numbers: ask whether it is, is not, is more or less than one, is empty or filled in.",
    "date": "{} holds dates: ask whether it is, is not, is before or after one, falls on a day of the year or "
    "within the next days, is empty or filled in.",
}


class Condition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What must hold of a field. Text: is, is_not, contains. Number: is, is_not, more, less.

    Date: is, is_not, before, after; on_day: `today`, a day of the year like `04-25`, or a day with its year, where
    29 February is kept on the 28th if that year has none; within_days: today or in so many days, in any year. All
    kinds: present, empty. is_not holds for those who have none, too.
    """

    field: Annotated[str, Meta(max_length=64)]
    op: Op
    value: Annotated[str, Meta(max_length=own_values.MOST_VALUE)] | int | float | None = None


def clause(
    fields: Mapping[str, Field], wanted: Condition, n: int, today: date | None
) -> tuple[str, dict[str, Any]]:
    """The condition on `contacts c`, with its parameters, numbered n.

    fields: the user's, by name. today: on their calendar. Raises Invalid `bad_segment`.
    """
    field = fields.get(wanted.field)
    if field is None:
        raise bad(_no_such(wanted.field, fields))
    if wanted.op not in OPS[field.kind]:
        raise bad(_ASKED[field.kind].format(field.name))
    params: dict[str, Any] = {f"field_{n}": field.id}
    if wanted.op not in BARE:
        params[f"value_{n}"] = _value(field, wanted, today)
    negated = {"is_not": "is", "empty": "present"}.get(wanted.op)
    test = _TESTS[negated or wanted.op].format(n=n)  # type: ignore[index]
    has = _HAS.format(n=n, test=test)
    return (has.replace("c.id in", "c.id not in", 1) if negated else has), params


def bad(sentence: str) -> Invalid:
    """A refusal of a segment for its fields."""
    return Invalid("bad_segment", sentence, details={"fields": sentence})


def _value(field: Field, wanted: Condition, today: date | None) -> Any:
    """What the field's keys are compared with. Raises Invalid `bad_segment`."""
    value = wanted.value
    if wanted.op == "within_days":
        return json.dumps(days.coming(_day(today), _count(value)))
    if wanted.op == "on_day":
        return json.dumps(days.coming(_day(today), 0) if value == TODAY else _days_of_year(value))
    if wanted.op == "contains":
        if not isinstance(value, str) or not value.strip():
            raise bad(f"Say what {field.name} must contain.")
        return own_values.folded(value.strip())
    try:
        text = own_values.read(field.name, field.kind, value)
    except Invalid as wrong:
        raise bad(wrong.sentence) from None
    if text is None:
        raise bad(f"Say what {field.name} is compared with; or ask whether it is filled in or empty.")
    if wanted.op in ("before", "after") and text.startswith("--"):
        raise bad(later("Before and after need a day with its year, like 1990-04-25."))
    return own_values.key(field.kind, text)


def _day(today: date | None) -> date:
    assert today is not None, "this segment depends on the day"
    return today


def _count(value: object) -> int:
    """Whole days. A page sends them as text."""
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or int(text[:9]) > MOST_DAYS:
        raise bad(later("Give a whole number of days, from 0 to 366."))
    return int(text)


def _days_of_year(value: object) -> list[str]:
    text = str(value).strip()
    found = days.read(f"--{text}") if _DAY.fullmatch(text) else days.read(text)
    if found is None:
        raise bad(later("Give today or a day of the year, like 04-25 for 25 April."))
    if found.startswith("--"):
        return [days.of_year(found)]
    return days.coming(date.fromisoformat(found), 0)


def _no_such(name: str, fields: Mapping[str, Field]) -> str:
    if not fields:
        return f"There is no field {name[:32]}; you have none of your own yet."
    return f"There is no field {name[:32]}; there are {', '.join(sorted(fields))}."
