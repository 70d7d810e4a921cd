"""When nothing is sent, on the clock at the wall: quiet hours of each weekday, and days off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from wabox.times import Window, day_start, local_day, window_of

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = get_args(Day)
Week = tuple[tuple[Window, ...], ...]  # Monday first; each window begins on its day
NONE: Week = ((),) * 7
MOST_STEPS = 100  # beyond so many quiet hours and days off in a row nobody looks for an end: each claim asks
_MOST_DAYS_OFF = 800
_MINUTES = 24 * 60


def daily(window: Window | None) -> Week:
    """The same quiet hours every day."""
    return NONE if window is None else ((window,),) * 7


@dataclass(frozen=True, slots=True)
class Quiet:
    """hours: of each weekday. weekdays: days off each week, 0 = Monday. dates: days off."""

    hours: Week = NONE
    weekdays: frozenset[int] = frozenset()
    dates: frozenset[date] = frozenset()

    @property
    def alike(self) -> bool:
        """Whether every day is as every other, but for the dates."""
        return not self.weekdays and all(one == self.hours[0] for one in self.hours)

    def hours_end(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours that hold this moment end, aware UTC; None outside of them. moment: aware."""
        today, found = local_day(moment, zone), None
        for offset in (-1, 0, 1):
            for begins, ends in self._windows(today + timedelta(days=offset), zone):
                if begins <= moment < ends and (found is None or ends > found):
                    found = ends
        return found

    def day_off_end(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first moment of the day after this day off and those that follow it; None on another day."""
        if not (self.weekdays or self.dates):
            return None
        day = today = local_day(moment, zone)
        while self.is_off(day) and day - today < timedelta(days=_MOST_DAYS_OFF):
            day += timedelta(days=1)
        return None if day == today else day_start(day, zone)

    def is_off(self, day: date) -> bool:
        """Whether the day is a day off."""
        return day.weekday() in self.weekdays or day in self.dates

    def opens(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first moment from this one on that is neither quiet nor on a day off; None if none is found."""
        for _ in range(MOST_STEPS):
            ends = self.day_off_end(moment, zone) or self.hours_end(moment, zone)
            if ends is None:
                return moment
            moment = ends
        return None

    def closes(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """When the next quiet hours or the next day off begin, after this open moment; None = never."""
        today = local_day(moment, zone)
        for offset in range(9):
            day = today + timedelta(days=offset)
            found = [begins for begins, _ in self._windows(day, zone) if begins > moment]
            if offset and self.is_off(day):
                found.append(day_start(day, zone))
            if found:
                return min(found)
        later = [day for day in self.dates if day > today]
        return day_start(min(later), zone) if later else None

    def next_date(self, day: date) -> date | None:
        """The next day off by its date, from this day on."""
        return min((one for one in self.dates if one >= day), default=None)

    def minutes(self) -> frozenset[int]:
        """Which minutes of a week are quiet, from Monday 00:00, the dates left out."""
        quiet = {day * _MINUTES + minute for day in self.weekdays for minute in range(_MINUTES)}
        for day, windows in enumerate(self.hours):
            for start, end in windows:
                first, last = start.hour * 60 + start.minute, end.hour * 60 + end.minute
                last += _MINUTES if last <= first else 0
                quiet.update((day * _MINUTES + minute) % (7 * _MINUTES) for minute in range(first, last))
        return frozenset(quiet)

    def _windows(self, day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        return (window_of(day, window, zone) for window in self.hours[day.weekday()])
