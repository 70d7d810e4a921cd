"""A forecast says what the gate will do: each moment of it is compared with the gate, asked message by message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.nouns.test_gate import CHANGES, DHAKA, MOMENTS, NIGHT, NOON, QUIETS, ZONES, device, made
from tests.some import some
from wabox.messages.facts import Facts
from wabox.messages.foreseeing import HOUR, Pace
from wabox.messages.gate import Go, Wait, decide
from wabox.quiet import Quiet, daily
from wabox.times import local_day

WINDOWS = st.one_of(
    st.none(),
    st.tuples(st.times(), st.times())
    .map(lambda both: (both[0].replace(microsecond=0, tzinfo=None), both[1].replace(microsecond=0, tzinfo=None)))
    .filter(lambda both: both[0] != both[1]),
)


def pace(facts: Facts, step: timedelta, recent: Sequence[datetime] = ()) -> Pace:
    cap = facts.rules.daily_cap or None
    left = 0 if cap is None else max(cap - facts.device.sent_today, 0)
    an_hour = facts.rules.hourly_cap
    recent = tuple(recent)[-an_hour:] if an_hour else ()
    return Pace(step, cap, left, facts.counted_on, facts.rules.quiet, facts.rules.zone, an_hour, recent)


def played(
    start: datetime, facts: Facts, count: int, step: timedelta, recent: Sequence[datetime] = ()
) -> datetime:
    """When the gate lets the one behind `count` others go, if each goes as soon as it may."""
    moment, sent, day = start, facts.device.sent_today, facts.counted_on
    went, cap = list(recent), facts.rules.hourly_cap
    for n in range(count + 1):
        facts = device(facts, filled_hour_at=went[-cap] if 0 < cap <= len(went) else None)
        today = local_day(moment, facts.rules.zone)
        if today != day:
            day, sent = today, 0
        decision = decide(moment, device(replace(facts, counted_on=day), sent_today=sent))
        while isinstance(decision, Wait):
            assert decision.until is not None
            moment = decision.until
            if local_day(moment, facts.rules.zone) != day:
                day, sent = local_day(moment, facts.rules.zone), 0
            decision = decide(moment, device(replace(facts, counted_on=day), sent_today=sent))
        assert decision == Go()
        sent += 1
        went.append(moment)
        moment = moment if n == count else moment + step
    return moment


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(MOMENTS, CHANGES),
    st.sampled_from(ZONES),
    st.one_of(WINDOWS.map(lambda window: Quiet(daily(window))), QUIETS),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 30),
    st.integers(1, 20_000),
    st.integers(0, 5),
    st.lists(st.integers(1, 3_599), max_size=7),
)
def test_the_pace_says_what_the_gate_does(
    now: datetime,
    zone: Any,
    quiet: Quiet,
    cap: int,
    sent: int,
    count: int,
    seconds: int,
    an_hour: int,
    ago: list[int],
) -> None:
    rules = made(now, zone=zone, quiet=quiet, daily_cap=cap, hourly_cap=an_hour)
    facts, step = device(rules, sent_today=sent if cap else 0), timedelta(seconds=seconds)
    recent = [now - timedelta(seconds=one) for one in sorted(ago, reverse=True)]
    assert pace(facts, step, recent).after(now, count) == played(now, facts, count, step, recent)


def test_an_evening_that_ends_behind_midnight_holds_no_message_more_than_it_does() -> None:
    late = Quiet(daily((time(0, 0, 1), time(19, 19))))
    facts, step = made(NOON, quiet=late), timedelta(seconds=16_861)
    for count in some((17, 40, 400)):
        found = pace(facts, step).after(NOON, count)
        assert found == datetime(2026, 11, 23, 19, 19, tzinfo=DHAKA) + timedelta(days=count)


def test_a_week_with_a_date_off_is_no_measure_of_the_next_ones() -> None:
    quiet = Quiet(((),) * 7, frozenset({5}), frozenset({NOON.date() + timedelta(days=2)}))
    facts, step = made(NOON, quiet=quiet, daily_cap=1), timedelta(seconds=1)
    for count in some((17, 40, 60)):
        assert pace(facts, step).after(NOON, count) == played(NOON, facts, count, step, [])


def test_a_night_between_two_messages_is_waited_out() -> None:
    late = NOON.replace(hour=20, minute=59, second=50)
    step = timedelta(seconds=14)
    found = pace(made(late, quiet_hours=NIGHT), step)
    assert found.after(late, 0) == late
    assert found.after(late, 1) == datetime(2026, 11, 24, 8, tzinfo=DHAKA)
    assert found.after(late.replace(hour=23), 2) == datetime(2026, 11, 24, 8, 0, 28, tzinfo=DHAKA)


def test_a_line_of_years_is_foreseen_to_the_day() -> None:
    facts = made(NOON, quiet_hours=NIGHT, daily_cap=10, hourly_cap=4)
    found = pace(facts, timedelta(seconds=14))
    for days in some((3, 40, 400)):
        assert found.after(NOON, 10 * days) == datetime(2026, 11, 23, 8, tzinfo=DHAKA) + timedelta(days=days)
    assert found.after(NOON, 10**9) > NOON + timedelta(days=3_000), "as far as anybody is told"


def test_an_hour_that_is_full_is_waited_out_and_the_first_go_at_once() -> None:
    found = pace(made(NOON, hourly_cap=60), timedelta(seconds=14))
    assert found.after(NOON, 59) == NOON + timedelta(seconds=59 * 14)
    assert found.after(NOON, 60) == NOON + HOUR
    assert found.after(NOON, 10_000) == NOON + 166 * HOUR + timedelta(seconds=40 * 14)


def test_quiet_hours_that_leave_one_minute_a_day_let_that_minute_be_used() -> None:
    found = pace(made(NOON, quiet_hours=(time(8, 1), time(8))), timedelta(seconds=14))
    assert found.after(NOON, 4) == datetime(2026, 11, 24, 8, 0, 56, tzinfo=DHAKA)
    assert found.after(NOON, 5) == datetime(2026, 11, 25, 8, tzinfo=DHAKA)
