"""On which days a repeating campaign goes: chosen weekdays, a day of the month, or a date of each person; pure."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from wabox import times
from wabox.billing.money import digits
from wabox.errors import Invalid
from wabox.languages import later

Every = Literal["week", "month", "date"]
EVERY: tuple[Every, ...] = get_args(Every)
MOST_BEFORE = 30  # days
LATEST = timedelta(hours=12)  # so long after its time a date that was missed is still kept
_LAST = date(9990, 1, 1)
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Occasion:
    """every: week, on `days` of it, 0 = Monday; month, on the one day of `days`, in a shorter one on its last;
    date, so many days before the day that a person has in the field. at: on the wall clock of its user.
    """

    every: Every
    at: time
    days: tuple[int, ...] = ()
    field_id: int | None = None
    days_before: int = 0


def checked(
    every: Every, at: str, *, days: tuple[int, ...] = (), field_id: int | None = None, days_before: int = 0
) -> Occasion:
    """The occasion. at: as people write it, in any digits. Raises Invalid `bad_occasion`, naming the field."""
    when = time_of(at)
    if every == "week" and not (days and all(0 <= one <= 6 for one in days)):
        raise bad("weekdays", later("Choose at least one day of the week."))
    if every == "month" and not (len(days) == 1 and 1 <= days[0] <= 31):
        raise bad("day", later("Choose a day of the month, from 1 to 31."))
    if every == "date" and field_id is None:
        raise bad("field", later("Choose the field that holds the date."))
    if not 0 <= days_before <= MOST_BEFORE:
        raise bad("days_before", later("At most 30 days before."))
    if every == "date":
        return Occasion(every, when, (), field_id, days_before)
    return Occasion(every, when, tuple(sorted(set(days))))


def time_of(text: str) -> time:
    """The time of day that somebody wrote: `9:30`, `১০:০০`. Raises Invalid `bad_occasion`."""
    found = _TIME.fullmatch(digits(text[:16]).strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise bad("at", later("Write a time of day like 10:00, from 00:00 to 23:59."))
    return time(int(found[1]), int(found[2]))


def bad(field: str, sentence: str) -> Invalid:
    """A refusal of this field."""
    return Invalid("bad_occasion", sentence, details={field: sentence})


def falls_on(occasion: Occasion, day: date) -> bool:
    """Whether the day is one of them. By a date every day is: somebody may have it."""
    if occasion.every == "week":
        return day.weekday() in occasion.days
    if occasion.every == "month":
        return day.day == min(occasion.days[0], calendar.monthrange(day.year, day.month)[1])
    return True


def following(occasion: Occasion, day: date, *, ends_on: date | None = None) -> date | None:
    """The first of its days after this one; None: there is none until its end."""
    for _ in range(62):
        day += timedelta(days=1)
        if day > (ends_on or _LAST) or day > _LAST:
            return None
        if falls_on(occasion, day):
            return day
    raise AssertionError("every week and every month has its day")


def moment(occasion: Occasion, day: date, zone: ZoneInfo) -> datetime:
    """When it goes on this day, aware UTC, also on days when clocks change: as `times.at`."""
    return times.at(day, occasion.at, zone)


def open_until(occasion: Occasion, day: date, zone: ZoneInfo) -> datetime:
    """Until when the day can still be kept: half a day long; a date of somebody's only while it is that day."""
    until = moment(occasion, day, zone) + LATEST
    if occasion.every != "date":
        return until
    return min(until, times.day_start(day + timedelta(days=1), zone))


def meant(occasion: Occasion, day: date) -> date:
    """The day of the year that it is for, if it goes on this day."""
    return day + timedelta(days=occasion.days_before)


def too_late(occasion: Occasion, day: date, zone: ZoneInfo) -> datetime | None:
    """From when a run of this day is not sent any more: a day after the date it is for. None: any time will do."""
    if occasion.every != "date":
        return None
    return times.day_start(meant(occasion, day) + timedelta(days=2), zone)
