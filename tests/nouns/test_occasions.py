from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from wabox.campaigns import occasions
from wabox.campaigns.occasions import Occasion
from wabox.contacts import conditions, days
from wabox.contacts.conditions import Condition
from wabox.contacts.own_values import Field
from wabox.errors import Invalid

DHAKA, BERLIN = ZoneInfo("Asia/Dhaka"), ZoneInfo("Europe/Berlin")
TEN = time(10)


def some(occasion: Occasion, day: date, n: int = 4) -> list[str]:
    found: list[str] = []
    while len(found) < n:
        after = occasions.following(occasion, day)
        assert after is not None
        found.append(f"{after:%m-%d}")
        day = after
    return found


def test_a_month_without_its_day_has_its_last() -> None:
    assert some(Occasion("month", TEN, (31,)), date(2027, 12, 31)) == ["01-31", "02-29", "03-31", "04-30"]
    assert some(Occasion("month", TEN, (29,)), date(2027, 1, 29), 2) == ["02-28", "03-29"]


def test_weekdays_and_dates_follow_each_other_until_the_end() -> None:
    assert some(Occasion("week", TEN, (0, 4)), date(2026, 3, 10)) == ["03-13", "03-16", "03-20", "03-23"]
    assert some(Occasion("date", TEN, field_id=1), date(2026, 2, 27), 2) == ["02-28", "03-01"]
    friday = Occasion("week", TEN, (4,))
    assert occasions.following(friday, date(2026, 3, 13), ends_on=date(2026, 3, 19)) is None
    assert occasions.following(friday, date(2026, 3, 13), ends_on=date(2026, 3, 20)) == date(2026, 3, 20)
    assert occasions.following(friday, date(9989, 12, 31)) is None


@pytest.mark.parametrize(
    ("day", "at", "moment"),
    [
        (date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 1, tzinfo=UTC)),  # skipped: when clocks change
        (date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # twice: the first
        (date(2026, 7, 1), TEN, datetime(2026, 7, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_one_moment_also_when_clocks_change(day: date, at: time, moment: datetime) -> None:
    assert occasions.moment(Occasion("week", at, (6,)), day, BERLIN) == moment


def test_a_date_of_somebodys_is_kept_only_while_it_is_that_day() -> None:
    evening = time(20)
    day = date(2026, 3, 10)
    week, birthday = Occasion("week", evening, (1,)), Occasion("date", evening, field_id=1)
    assert occasions.open_until(week, day, DHAKA) == datetime(2026, 3, 11, 2, tzinfo=UTC)
    assert occasions.open_until(birthday, day, DHAKA) == datetime(2026, 3, 10, 18, tzinfo=UTC)


@pytest.mark.parametrize("text", ["১০:০৫", " 10:05", "१०:०५"])
def test_a_time_is_read_in_any_digits(text: str) -> None:
    assert occasions.time_of(text) == time(10, 5)


@pytest.mark.parametrize("text", ["24:00", "10:60", "10", "", "10:5", "ten", "-1:00", "10:00:00", "²0:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="time of day"):
        occasions.time_of(text)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"every": "week"}, "weekdays"),
        ({"every": "week", "days": (7,)}, "weekdays"),
        ({"every": "month"}, "day"),
        ({"every": "month", "days": (32,)}, "day"),
        ({"every": "month", "days": (1, 2)}, "day"),
        ({"every": "date"}, "field"),
        ({"every": "date", "field_id": 1, "days_before": 31}, "days_before"),
    ],
)
def test_an_occasion_that_says_too_little_or_too_much_is_refused(given: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        occasions.checked(at="10:00", **given)  # type: ignore[arg-type]
    assert list(refused.value.details) == [field]


def test_a_day_with_its_year_keeps_29_february_on_the_28th_where_there_is_none() -> None:
    field = Field(1, "birthday", "date", "plain", None)

    def asked(value: str) -> object:
        wanted = Condition("birthday", "on_day", value)
        return conditions.clause({"birthday": field}, wanted, 0, date(2026, 1, 1))[1]["value_0"]

    assert asked("2027-02-28") == '["02-28", "02-29"]'
    assert asked("2028-02-28") == '["02-28"]'
    assert asked("02-28") == '["02-28"]'
    assert days.coming(date(2028, 2, 29), 0) == ["02-29"]
