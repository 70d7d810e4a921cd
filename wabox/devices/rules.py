"""The rules by which a phone sends: those of wabox.toml, within them the box's own, within them the phone's.

What somebody set is one JSON text: the box's in `box`, a phone's with its device. `wabox.toml` is the outer bound
at every reading, so that a file made stricter binds at once what was set before.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from wabox import config as configs
from wabox.config import Config
from wabox.db import Rows
from wabox.errors import Invalid
from wabox.quiet import DAYS, Day, Quiet, Week, daily
from wabox.times import Window

Hours = dict[Day, tuple[tuple[str, str], ...]]
_DAY = "Name weekdays: monday, tuesday, wednesday, thursday, friday, saturday, sunday."
_DATE = "Write dates like 2026-12-16."
BOX = "sending_rules"  # the key of the box's own


@dataclass(frozen=True, slots=True)
class Rules:
    """What is in force of a phone, in its user's time zone. A cap of 0 is no cap. gap_seconds: (low, high)."""

    zone: ZoneInfo
    quiet: Quiet = Quiet()
    gap_seconds: tuple[float, float] = (0.0, 0.0)
    daily_cap: int = 0
    hourly_cap: int = 0
    new_chats_per_day: int = 0
    recipient_per_day: int = 0
    warmup: bool = False
    require_consent: bool = False


class DaysOff(msgspec.Struct, frozen=True):
    """Whole days on which nothing is sent."""

    weekdays: tuple[Day, ...] = ()
    dates: tuple[date, ...] = ()


class Own(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was set for the box, or for a phone. None, and a weekday that is not named: as it is outside of it.

    quiet_hours: (from, until) of each weekday on which they begin, like `21:00`; the end may lie on the next day.
    """

    quiet_hours: Hours | None = None
    days_off: DaysOff | None = None
    gap_seconds: tuple[float, float] | None = None
    daily_cap: int | None = None
    hourly_cap: int | None = None
    new_chats_per_day: int | None = None
    warmup: bool | None = None


CAPS = ("daily_cap", "hourly_cap", "new_chats_per_day")
NAMES = Own.__struct_fields__


def of_box(rows: Rows, *, config: Config, zone: ZoneInfo) -> Rules:
    """What is in force of every phone that has no rules of its own."""
    return _in_force(config, zone, _box(rows), None)


def of_phone(rows: Rows, own: str | None, *, config: Config, zone: ZoneInfo) -> Rules:
    """What is in force of a phone at this moment. own: its device's `rules`; zone: its user's."""
    return _in_force(config, zone, _box(rows), own)


def gap_of(rows: Rows, device_id: int, *, config: Config) -> tuple[float, float]:
    """The pause that is in force of a device, in seconds."""
    own = rows.value("select rules from devices where id = :id", id=device_id)
    return _made(config.sending, _box(rows), own).gap_seconds


def own_of_box(rows: Rows) -> Own:
    """What its owner set for the box."""
    return read(_box(rows))


def read(text: str | None) -> Own:
    """What was set, as it is stored."""
    return Own() if text is None else msgspec.json.decode(text, type=Own)


def written(own: Own) -> str | None:
    """As it is stored; None for nothing."""
    return None if own == Own() else msgspec.json.encode(own).decode()


def merged(sending: configs.Sending, box: Own, phone: Own) -> Rules:
    """What holds of these three: a phone's before the box's, and never less strict than the file's."""
    return Rules(
        zone=ZoneInfo("UTC"),
        quiet=_quiet(sending, phone, box),
        gap_seconds=_gap(sending, phone, box),
        daily_cap=_cap("daily_cap", sending, phone, box),
        hourly_cap=_cap("hourly_cap", sending, phone, box),
        new_chats_per_day=_cap("new_chats_per_day", sending, phone, box),
        warmup=sending.warmup or bool(_first("warmup", phone, box)),
    )


def hours(told: Mapping[str, Iterable[Iterable[str]]]) -> Hours:
    """Quiet hours as they are stored, in the order of the week. Raises Invalid `bad_rule`.

    told: pairs of times of day by weekday; whether they are times `bounds.check` says.
    """
    for day in told:
        if day not in DAYS:
            raise Invalid("bad_rule", _DAY, details={f"quiet_hours.{day[:64]}": _DAY})
    found: Hours = {}
    for day in DAYS:
        if day in told:
            pairs = (tuple(window) for window in told[day])
            found[day] = tuple((pair[0], pair[1]) for pair in pairs)
    return found


def days_off(weekdays: Iterable[str], dates: Iterable[str]) -> DaysOff:
    """Days off as they are stored, each once, in order. Raises Invalid `bad_rule`."""
    weekdays = set(weekdays)
    if not weekdays <= set(DAYS):
        raise Invalid("bad_rule", _DAY, details={"days_off.weekdays": _DAY})
    try:
        found = sorted({datetime.strptime(one, "%Y-%m-%d").replace(tzinfo=UTC).date() for one in dates})
    except ValueError:
        raise Invalid("bad_rule", _DATE, details={"days_off.dates": _DATE}) from None
    return DaysOff(tuple(day for day in DAYS if day in weekdays), tuple(found))


def windows_of(told: Iterable[tuple[str, str]]) -> tuple[Window, ...]:
    """Quiet hours as they are stored."""
    return tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in told)


def _box(rows: Rows) -> str | None:
    found: str | None = rows.value("select value from box where key = :key", key=BOX)
    return found


def _in_force(config: Config, zone: ZoneInfo, box: str | None, phone: str | None) -> Rules:
    return replace(
        _made(config.sending, box, phone),
        zone=zone,
        recipient_per_day=config.guards.campaign_messages_per_day,
        require_consent=config.guards.require_consent,
    )


@functools.lru_cache(maxsize=512)
def _made(sending: configs.Sending, box: str | None, phone: str | None) -> Rules:
    """Asked at each decision; a text that did not change is not read anew."""
    return merged(sending, read(box), read(phone))


def _first(name: str, *own: Own) -> Any:
    return next((value for one in own if (value := getattr(one, name)) is not None), None)


def _cap(name: str, sending: configs.Sending, *own: Own) -> int:
    bound: int = getattr(sending, name)
    return min((cap for cap in (_first(name, *own), bound) if cap), default=0)


def _gap(sending: configs.Sending, *own: Own) -> tuple[float, float]:
    low, high = sending.gap_seconds
    wanted = _first("gap_seconds", *own) or (low, high)
    return (max(wanted[0], low), max(wanted[1], high))


def _quiet(sending: configs.Sending, *own: Own) -> Quiet:
    outer = daily(sending.quiet_hours)
    hours: Week = tuple(_windows(day, outer[at], own) for at, day in enumerate(DAYS))
    off: DaysOff = _first("days_off", *own) or DaysOff()
    return Quiet(hours, frozenset(DAYS.index(day) for day in off.weekdays), frozenset(off.dates))


def _windows(day: Day, outer: tuple[Window, ...], own: tuple[Own, ...]) -> tuple[Window, ...]:
    """The file's hold whatever is set, unless they are within one that is."""
    for one in own:
        if one.quiet_hours is not None and day in one.quiet_hours:
            windows = windows_of(one.quiet_hours[day])
            return (*windows, *(one for one in outer if not any(_within(one, other) for other in windows)))
    return outer


def _within(inner: Window, outer: Window) -> bool:
    """Whether the first lies in the second, both beginning on the same day."""
    (a, b), (c, d) = (_span(*inner), _span(*outer))
    return c <= a and b <= d


def _span(start: time, end: time) -> tuple[int, int]:
    """Minutes from midnight; an end that is no later than its start lies on the next day."""
    first, last = start.hour * 60 + start.minute, end.hour * 60 + end.minute
    return first, last if first < last else last + 24 * 60
