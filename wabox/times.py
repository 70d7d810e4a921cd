"""How wabox writes a moment down: aware UTC in code, sortable text in SQLite, whole seconds on the wire.

And where a zone's days and daily windows begin and end in UTC, on days when clocks change too.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

Window = tuple[time, time]


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day on a wall clock in the zone. moment: aware."""
    return moment.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of the day in the zone, aware UTC, also where midnight is skipped or comes twice."""
    return _first(day, time(0), zone)


def at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When a wall clock in the zone first shows this time on the day, in UTC; if clocks skip it, when they do."""
    return _first(day, clock, zone)


def window_of(day: date, window: Window, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the daily window that begins on this day begins and ends, aware UTC.

    window: (start, end) on the wall clock; an end before its start lies on the next day. A time that
    clocks skip counts as the moment of the change. One that comes twice starts a window the first time
    and ends it the second: when clocks change, quiet hours grow rather than shrink.
    """
    start, end = window
    return _first(day, start, zone), _last(day if start < end else day + timedelta(days=1), end, zone)


def _first(day: date, at: time, zone: ZoneInfo) -> datetime:
    return _change_or(datetime.combine(day, at, zone), fold=0)


def _last(day: date, at: time, zone: ZoneInfo) -> datetime:
    return _change_or(datetime.combine(day, at, zone), fold=1)


def _change_or(local: datetime, *, fold: int) -> datetime:
    """The wall-clock time as UTC; if clocks skip it, the moment at which they do."""
    moment = local.replace(fold=fold).astimezone(UTC)
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    before = local.replace(fold=1).astimezone(UTC)
    after = local.replace(fold=0).astimezone(UTC)
    return _change(before, after, local.tzinfo)


def _change(low: datetime, high: datetime, zone: tzinfo | None) -> datetime:
    """The first whole second after low at which the zone's offset is what it is at high."""
    offset = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high


_LAST = datetime.max.replace(microsecond=0, tzinfo=UTC)  # the calendar has no second after it


def days_later(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day so many days later, aware UTC."""
    return (moment.astimezone(zone) + timedelta(days=days)).astimezone(UTC)


def stored(moment: datetime) -> str:
    """The moment as text of fixed width, so that text order is time order. moment: aware."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def stored_or_none(moment: datetime | None) -> str | None:
    """As `stored`; None stays None."""
    return None if moment is None else stored(moment)


def read(text: str) -> datetime:
    """The moment that `stored` wrote, aware UTC."""
    return datetime.fromisoformat(text)


def read_or_none(text: str | None) -> datetime | None:
    """As `read`; None stays None."""
    return None if text is None else read(text)


def wire(moment: datetime) -> str:
    """The moment as the API shows it: UTC, whole seconds, +00:00. Source: wabox/docs/contract.md#times."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def wire_or_none(moment: datetime | None) -> str | None:
    """As `wire`; None stays None."""
    return None if moment is None else wire(moment)


def wire_up(moment: datetime) -> str:
    """As `wire`, rounded up: a time to wait until must not be named too early."""
    whole = moment.replace(microsecond=0)
    return wire(whole if whole in (moment, _LAST) else whole + timedelta(seconds=1))
