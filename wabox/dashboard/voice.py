"""How texts, moments, numbers and phones are written for one reader of a page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal

from wabox.contacts import identities, phones
from wabox.languages import ALL, catalogues, later

SOON = 120


@dataclass(frozen=True, slots=True)
class Voice:
    """How things are written for one reader. now: aware UTC, the moment of the page."""

    language: str
    zone: ZoneInfo
    now: datetime

    @property
    def locale(self) -> Locale:
        """babel's name for the language."""
        return Locale.parse(ALL[self.language].locale)

    def say(self, text: str, **values: object) -> str:
        """The text in the reader's language. values: for its %(name)s."""
        return catalogues.say(self.language, text, **values)

    def digits(self, text: str) -> str:
        """Digits as the language writes them."""
        return ALL[self.language].written(text)

    def num(self, number: float) -> str:
        """A number with its thousands marked."""
        return self.digits(format_decimal(number, locale="en"))

    def when(self, moment: datetime) -> str:
        """A moment as briefly as it is clear today: `14:05`, `tomorrow 08:00`, `12 Nov, 14:05`."""
        local = moment.astimezone(self.zone)
        clock = self.clock(moment)
        days = (local.date() - self.now.astimezone(self.zone).date()).days
        if days == 0:
            return clock
        if days == 1:
            return self.say(later("tomorrow %(time)s"), time=clock)
        if days == -1:
            return self.say(later("yesterday %(time)s"), time=clock)
        return f"{self.day(moment)}, {clock}"

    def clock(self, moment: datetime) -> str:
        """The time of day, as the language says it."""
        return self.hour(moment.astimezone(self.zone).time())

    def hour(self, at: time) -> str:
        """A time of day, of whatever day: `17:42`, `বিকাল ৫:৪২`."""
        return ALL[self.language].clock(at)

    def second(self, moment: datetime) -> str:
        """The time of day with seconds."""
        return ALL[self.language].clock(moment.astimezone(self.zone).time(), seconds=True)

    def day(self, moment: datetime) -> str:
        """The day, with its year unless it is this one."""
        same = moment.astimezone(self.zone).year == self.now.astimezone(self.zone).year
        pattern = "MMMd" if same else "yMMMd"
        return self.digits(format_skeleton(pattern, moment, tzinfo=self.zone, locale=self.locale))

    def date(self, day: date) -> str:
        """A day of the calendar, with its year: `16 Dec 2026`."""
        return self.digits(format_date(day, "d MMM y", locale=self.locale))

    def weekday(self, at: int) -> str:
        """The name of a weekday, 0 = Monday."""
        return str(self.locale.days["stand-alone"]["wide"][at])

    def full(self, moment: datetime) -> str:
        """The whole moment with its zone, for a tooltip."""
        day = self.digits(format_datetime(moment, "EEEE d MMMM y", tzinfo=self.zone, locale=self.locale))
        return f"{day}, {self.second(moment)} ({self.zone})"

    def on(self, moment: datetime) -> str:
        """A moment of a day to come: `Friday 4 December, 10:00`; with its year, unless it is this one."""
        local, today = moment.astimezone(self.zone), self.now.astimezone(self.zone)
        pattern = "EEEE d MMMM" if local.year == today.year else "EEEE d MMMM y"
        day = format_datetime(moment, pattern, tzinfo=self.zone, locale=self.locale)
        return f"{self.digits(day)}, {self.clock(moment)}"

    def ago(self, moment: datetime) -> str:
        """How long ago, roughly: `just now`, `5 min ago`, `3 h ago`, then the day."""
        passed = self.now - moment
        if passed < timedelta(minutes=1):
            return self.say(later("just now"))
        if passed < timedelta(hours=1):
            return self.say(later("%(n)s min ago"), n=self.num(passed // timedelta(minutes=1)))
        if passed < timedelta(hours=24):
            return self.say(later("%(n)s h ago"), n=self.num(passed // timedelta(hours=1)))
        return self.day(moment)

    def soon(self, moment: datetime) -> int:
        """Whole seconds until a moment that is less than two minutes away, else 0."""
        left = math.ceil((moment - self.now).total_seconds())
        return left if 0 < left < SOON else 0

    def seconds(self, since: datetime) -> int:
        """Whole seconds passed since then, at least 0."""
        return max(0, int((self.now - since).total_seconds()))

    def left(self, until: datetime) -> int:
        """Whole seconds until then, at least 0."""
        return max(0, int((until - self.now).total_seconds()))

    def phone(self, digits: str) -> str:
        """A phone number as people read it. Somebody may hide it; who was erased has none any more."""
        if identities.is_hidden(digits):
            return self.say(later("number hidden"))
        return self.digits(phones.display(digits)) if digits else self.say(later("Erased person"))

    def person(self, name: str, digits: str) -> str:
        """Somebody on one line of text: `Rina Akter, +880 1711-123456`."""
        number = self.phone(digits)
        return f"{name}, {number}" if name else number
