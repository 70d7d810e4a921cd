"""The form of sending rules, the box's and a phone's alike: what it shows, and what it says.

An empty field is as it is outside: a phone's as the box's, the box's as wabox.toml's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from wabox.dashboard.frame.form import Form
from wabox.devices import rules
from wabox.devices.bounds import MOST_HOURS
from wabox.devices.rules import CAPS, Own
from wabox.errors import Invalid
from wabox.languages import later
from wabox.quiet import DAYS, Quiet
from wabox.times import Window

WHEN = ("quiet_hours", "days_off")  # what of the rules says when, and not how fast
EVERY = "every"  # the row of all days that have none of their own
MOST_DAYS = 60  # of one holiday
HALF = later("Say from when and until when.")
NUMBER = later("Write a whole number; 0 = no limit.")
SECONDS = later("Write both as numbers of seconds, the shorter first.")
DATES = later("Give a first day, and a last one within 60 days of it.")

Typed = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The form's fields as they stand in it. hours: by weekday or EVERY. own_off: days off are its own."""

    hours: Mapping[str, Typed] = field(default_factory=dict)
    own_off: bool = False
    weekdays: frozenset[str] = frozenset()
    dates: tuple[date, ...] = ()
    dropped: frozenset[date] = frozenset()
    date_from: str = ""
    date_until: str = ""
    low: str = ""
    high: str = ""
    caps: Mapping[str, str] = field(default_factory=dict)
    warmup: str = ""

    @property
    def places(self) -> int:
        """How many quiet hours a day has room for."""
        return max(2, *(len(typed) for typed in self.hours.values()), 0)

    @property
    def differs(self) -> bool:
        """Whether a weekday has hours of its own."""
        return any(self.hours.get(day) for day in DAYS)

    def typed(self, day: str, place: int) -> tuple[str, str]:
        """From and until, "" where nothing stands."""
        found = self.hours.get(day, ())
        return found[place] if place < len(found) else ("", "")


def of_own(own: Own) -> Shown:
    """What was set; the hours that most days share stand in the row of every day, if all have their own."""
    told: dict[str, Typed] = {str(day): windows for day, windows in (own.quiet_hours or {}).items()}
    if len(told) == len(DAYS):
        most = Counter(told.values()).most_common(1)[0][0]
        told = {EVERY: most, **{day: windows for day, windows in told.items() if windows != most}}
    low, high = own.gap_seconds or (None, None)
    return Shown(
        hours=told,
        own_off=own.days_off is not None,
        weekdays=frozenset(own.days_off.weekdays if own.days_off else ()),
        dates=own.days_off.dates if own.days_off else (),
        low="" if low is None else f"{low:g}",
        high="" if high is None else f"{high:g}",
        caps={name: "" if getattr(own, name) is None else str(getattr(own, name)) for name in CAPS},
        warmup={None: "", True: "on", False: "off"}[own.warmup],
    )


def of_form(form: Form) -> Shown:
    """What was typed, as it was typed."""
    hours = {day: typed for day in (EVERY, *DAYS) if (typed := tuple(_typed(form, day)))}
    dates = [found for one in form.texts("date") if (found := _date(one)) is not None]
    kept = {found for one in form.texts("keep") if (found := _date(one)) is not None}
    return Shown(
        hours=hours,
        own_off=form.text("days_off") == "own",
        weekdays=frozenset(form.texts("off")) & frozenset(DAYS),
        dates=tuple(dates),
        dropped=frozenset(dates) - kept,
        date_from=form.text("date_from")[:10],
        date_until=form.text("date_until")[:10],
        low=form.text("low")[:12],
        high=form.text("high")[:12],
        caps={name: form.text(name)[:12] for name in CAPS},
        warmup=form.text("warmup")[:3],
    )


def given(shown: Shown) -> dict[str, Any]:
    """What the form sets, as the noun takes it; empty is None. Raises Invalid `bad_rule`."""
    wrong: dict[str, str] = {}
    found: dict[str, Any] = {
        "quiet_hours": _hours(shown, wrong),
        "days_off": _days_off(shown, wrong) if shown.own_off else None,
        "gap_seconds": _gap(shown, wrong),
        **{name: _whole(shown.caps[name], name, wrong) for name in CAPS},
        "warmup": {"on": True, "off": False}.get(shown.warmup),
    }
    if wrong:
        raise Invalid("bad_rule", next(iter(wrong.values())), details=wrong)
    return found


def errors(refused: Invalid, shown: Shown) -> dict[str, str]:
    """The sentences by the form's fields: of a day that nothing was typed for, at the row of every day."""
    told: dict[str, str] = {}
    for name, sentence in refused.details.items():
        day = name.removeprefix("quiet_hours.")
        told.setdefault(f"quiet_hours.{EVERY}" if day in DAYS and day not in shown.hours else name, sentence)
    return told


def spells(quiet: Quiet) -> Iterator[tuple[list[int], tuple[Window, ...]]]:
    """Weekdays with the same quiet hours, with those; one spell of all seven where every day is alike."""
    days: dict[tuple[Window, ...], list[int]] = {}
    for day, windows in enumerate(quiet.hours):
        days.setdefault(windows, []).append(day)
    yield from ((together, windows) for windows, together in days.items())


def _typed(form: Form, day: str) -> Iterator[tuple[str, str]]:
    for place in range(MOST_HOURS):
        window = form.text(f"{day}_from_{place}")[:8], form.text(f"{day}_until_{place}")[:8]
        if any(window):
            yield window


def _hours(shown: Shown, wrong: dict[str, str]) -> rules.Hours | None:
    told: dict[str, Typed] = {}
    for row, typed in shown.hours.items():
        if not all(start and end for start, end in typed):
            wrong[f"quiet_hours.{row}"] = HALF
        told[row] = tuple((start[:5], end[:5]) for start, end in typed)
    every = told.pop(EVERY, None)
    if every is not None:
        told = {**dict.fromkeys(DAYS, every), **told}
    return rules.hours(told) or None


def _days_off(shown: Shown, wrong: dict[str, str]) -> rules.DaysOff:
    dates = {day for day in shown.dates if day not in shown.dropped}
    if shown.date_from or shown.date_until:
        first, last = _date(shown.date_from or shown.date_until), _date(shown.date_until or shown.date_from)
        if first is None or last is None or not first <= last <= first + timedelta(days=MOST_DAYS):
            wrong["days_off"] = DATES
        else:
            dates |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return rules.days_off(shown.weekdays, (day.isoformat() for day in dates))


def _gap(shown: Shown, wrong: dict[str, str]) -> tuple[float, float] | None:
    if not (shown.low or shown.high):
        return None
    try:
        low, high = float(shown.low), float(shown.high)
    except ValueError:
        low, high = 1.0, 0.0
    if not 0 <= low <= high:  # nor what is no number at all
        wrong["gap_seconds"] = SECONDS
    return (low, high)


def _whole(text: str, name: str, wrong: dict[str, str]) -> int | None:
    if text and not text.isdecimal():
        wrong[name] = NUMBER
    return int(text) if text.isdecimal() else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
