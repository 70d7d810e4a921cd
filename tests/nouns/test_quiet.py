"""Quiet hours of single weekdays and days off, where clocks change and where they leave little time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.nouns.test_foreseeing import pace, played
from tests.nouns.test_gate import BERLIN, DHAKA, NIGHT, NOON, made
from wabox.messages.gate import Go, Wait, decide
from wabox.quiet import NONE, Quiet, daily

LONDON = ZoneInfo("Europe/London")
FRIDAY = Quiet((*[(NIGHT,)] * 4, ((time(12), time(14)), NIGHT), *[(NIGHT,)] * 2), frozenset({6}))


def dhaka(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=DHAKA)


@pytest.mark.parametrize(
    ("moment", "quiet_until", "off_until"),
    [
        (dhaka(13, 12), dhaka(13, 14), None),  # Friday at noon
        (dhaka(12, 12), None, None),  # Thursday
        (dhaka(13, 14), None, None),
        (dhaka(14, 7, 59), dhaka(14, 8), None),  # the night that began on Friday
        (dhaka(15, 7), dhaka(15, 8), dhaka(16, 0)),  # Sunday
        (dhaka(15, 12), None, dhaka(16, 0)),
    ],
)
def test_a_weekday_may_have_hours_of_its_own(
    moment: datetime, quiet_until: datetime | None, off_until: datetime | None
) -> None:
    assert (FRIDAY.hours_end(moment, DHAKA), FRIDAY.day_off_end(moment, DHAKA)) == (quiet_until, off_until)


def test_it_opens_after_all_that_follows_on_each_other_and_closes_at_the_next() -> None:
    assert FRIDAY.opens(dhaka(14, 22), DHAKA) == dhaka(16, 8)  # Saturday night, Sunday off, Sunday night
    assert FRIDAY.closes(dhaka(13, 9), DHAKA) == dhaka(13, 12)
    assert FRIDAY.closes(dhaka(14, 9), DHAKA) == dhaka(14, 21)
    assert Quiet(NONE, frozenset({6})).closes(dhaka(14, 9), DHAKA) == dhaka(15, 0)
    far = Quiet(dates=frozenset({date(2027, 1, 1)}))
    assert far.closes(dhaka(14, 9), DHAKA) == datetime(2027, 1, 1, tzinfo=DHAKA)
    assert Quiet().closes(dhaka(14, 9), DHAKA) is None


def test_a_day_off_lasts_as_long_as_its_day_when_clocks_change() -> None:
    off = Quiet(weekdays=frozenset({6}))
    spring, autumn = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert off.day_off_end(spring, BERLIN) == spring + timedelta(hours=23)
    assert off.day_off_end(autumn, BERLIN) == autumn + timedelta(hours=25)
    assert off.day_off_end(spring - timedelta(seconds=1), BERLIN) is None


def test_hours_that_clocks_skip_on_their_weekday_end_at_the_change() -> None:
    """01:00 to 02:00 is not there in London on that Sunday; hours from 00:30 end as the clock is at 02:00."""
    hours = Quiet((*[()] * 6, ((time(0, 30), time(1, 30)),)))
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert hours.hours_end(change - timedelta(minutes=10), LONDON) == change
    assert hours.hours_end(change, LONDON) is None


def test_a_week_without_any_time_is_looked_for_and_not_found() -> None:
    assert Quiet(NONE, frozenset(range(7))).opens(NOON, DHAKA) is None
    both = Quiet(daily((time(8), time(7, 59))), frozenset({0, 1, 2, 3, 4, 5}))
    assert both.opens(NOON, DHAKA) is not None
    assert len(both.minutes()) < 7 * 24 * 60


def test_rules_that_open_in_a_year_alone_are_given_up_on_and_still_open_then() -> None:
    """Six weekdays quiet to the minute, and a year of Sundays off: a claim must not go through all of it."""
    full = ((time(0), time(23, 59)), (time(23), time(1)))
    sundays = frozenset(date(2026, 11, 29) + timedelta(days=7 * n) for n in range(52))
    quiet = Quiet((*[full] * 6, ()), dates=sundays)
    facts = made(NOON, quiet=quiet)
    assert decide(NOON, facts) == Wait(None, "quiet_hours")
    opens = datetime(2027, 11, 28, 12, tzinfo=DHAKA)
    assert decide(opens, replace(facts, counted_on=opens.date())) == Go()


def test_a_line_of_months_with_fridays_off_is_foreseen_to_the_moment() -> None:
    facts = made(NOON, quiet=FRIDAY, daily_cap=7)
    step = timedelta(minutes=3)
    assert pace(facts, step).after(NOON, 400) == played(NOON, facts, 400, step)


def test_a_date_off_far_in_a_long_line_moves_its_end_by_a_day() -> None:
    step, off = timedelta(minutes=3), date(2026, 12, 30)
    plain, with_it = (made(NOON, quiet=one, daily_cap=7) for one in (Quiet(), Quiet(dates=frozenset({off}))))
    plain_end = pace(plain, step).after(NOON, 400)
    assert pace(with_it, step).after(NOON, 400) == plain_end + timedelta(days=1)
