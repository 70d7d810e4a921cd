"""Days as people and spreadsheets write them, kept as `1990-04-25`, or `--04-25` without a year; pure."""

from __future__ import annotations

import calendar
import functools
import re
import unicodedata
from datetime import date, timedelta
from typing import TYPE_CHECKING

from wabox.billing.money import digits
from wabox.languages import ALL
from wabox.late import late

if TYPE_CHECKING:
    import babel
else:
    babel = late("babel")

LEAP = 2000  # a year that has every day
PIVOT = 30  # 00 to 30 are of this century, 31 to 99 of the one before
LONGEST = 60
_TIME = re.compile(r"[Tt ]+[0-9]{1,2}:[0-9]{2}.*$")
_NO_YEAR = re.compile(r"--([0-9]{2})-?([0-9]{2})")
_NUMBER = re.compile(r"([0-9]{1,4})(?:st|nd|rd|th|ই|লা|রা|ঠা|শে|এ)?")
_BETWEEN = re.compile(r"[\s,./\-]+")


def read(text: str, *, month_first: bool = False) -> str | None:
    """The day, None if it is none. month_first: 4/5/1990 is in April. A time of day after it is not looked at."""
    if len(text) > LONGEST:
        return None
    plain = _TIME.sub("", digits(_folded(text)).strip())
    bare = _NO_YEAR.fullmatch(plain)
    if bare:
        return _kept("", bare[2], bare[1])
    parts = [_part(one) for one in _BETWEEN.split(plain) if one]
    if not 2 <= len(parts) <= 3 or None in parts:
        return None
    return _of([one for one in parts if one is not None], month_first=month_first)


def on_calendar(text: str) -> date | None:
    """A kept day as a date, in LEAP where it has no year; None for what is none."""
    try:
        return date.fromisoformat(text.replace("--", f"{LEAP}-") if text.startswith("--") else text)
    except ValueError:
        return None


def of_year(text: str) -> str:
    """The day of the year of a kept day: `04-25`."""
    return text[-5:]


def coming(today: date, days: int) -> list[str]:
    """The days of the year that are today and in the next `days`. 29 February is kept on the 28th without one."""
    found: dict[str, None] = {}
    for offset in range(min(days, 366) + 1):
        day = today + timedelta(days=offset)
        found[f"{day:%m-%d}"] = None
        if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
            found["02-29"] = None
    return list(found)


def _of(parts: list[str], *, month_first: bool) -> str | None:
    """The day of two or three parts; the name of a month stands as `m4`."""
    named = [place for place, one in enumerate(parts) if one.startswith("m")]
    if named:
        if len(named) > 1 or named[0] > 1:
            return None
        month = parts.pop(named[0])[1:]
        return _kept(parts[1] if len(parts) > 1 else "", parts[0], month)
    if len(parts) < 3:
        return None
    if len(parts[0]) == 4:
        return _kept(*(parts[0], parts[2], parts[1]))
    first, second, year = parts
    return _kept(year, second, first) if month_first else _kept(year, first, second)


def _kept(year: str, day: str, month: str) -> str | None:
    """One spelling for all; None where the calendar has no such day. year: "" if it is not known."""
    if len(year) not in (0, 2, 4) or len(day) > 2 or len(month) > 2:
        return None
    full = int(year) + (0 if len(year) == 4 else 2_000 if int(year) <= PIVOT else 1_900) if year else LEAP
    try:
        found = date(full, int(month), int(day))
    except ValueError:
        return None
    return found.isoformat() if year else f"--{found:%m-%d}"


def _part(text: str) -> str | None:
    """A number as it is, the name of a month as `m4`, None for anything else."""
    number = _NUMBER.fullmatch(text)
    if number:
        return number[1]
    month = _months().get(text)
    return None if month is None else f"m{month}"


@functools.cache
def _months() -> dict[str, int]:
    """Every name of a month in every language, and its first three letters where they are told apart by them."""
    found: dict[str, int] = {}
    for language in ALL.values():
        months = babel.Locale.parse(language.locale).months["format"]
        for width in ("wide", "abbreviated"):
            for number, name in months[width].items():
                spelled = _folded(name).rstrip(".")
                found[spelled] = number
                if spelled.isascii():
                    found[spelled[:3]] = number
    return found


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
