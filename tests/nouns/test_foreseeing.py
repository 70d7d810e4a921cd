"""A forecast says what the gate will do: each moment of it is compared with the gate, asked message by message."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.nouns.test_gate import CHANGES, DHAKA, MOMENTS, NIGHT, NOON, ZONES, device, made
from tests.some import some
from wabox.messages.facts import Facts
from wabox.messages.foreseeing import MOST_STRETCHES, Pace
from wabox.messages.gate import Go, Wait, decide
from wabox.times import Window, local_day

WINDOWS = st.one_of(
    st.none(),
    st.tuples(st.times(), st.times())
    .map(lambda both: (both[0].replace(microsecond=0, tzinfo=None), both[1].replace(microsecond=0, tzinfo=None)))
    .filter(lambda both: both[0] != both[1]),
)


def pace(facts: Facts, step: timedelta) -> Pace:
    cap = facts.rules.daily_cap or None
    left = 0 if cap is None else max(cap - facts.device.sent_today, 0)
    return Pace(step, cap, left, facts.counted_on, facts.rules.quiet_hours, facts.rules.zone)


def played(start: datetime, facts: Facts, count: int, step: timedelta) -> datetime:
    """When the gate lets the one behind `count` others go, if each goes as soon as it may."""
    moment, sent, day = start, facts.device.sent_today, facts.counted_on
    for n in range(count + 1):
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
        moment = moment if n == count else moment + step
    return moment


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(MOMENTS, CHANGES),
    st.sampled_from(ZONES),
    WINDOWS,
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 30),
    st.integers(1, 20_000),
)
def test_the_pace_says_what_the_gate_does(
    now: datetime, zone: Any, quiet: Window | None, cap: int, sent: int, count: int, seconds: int
) -> None:
    facts = device(made(now, zone=zone, quiet_hours=quiet, daily_cap=cap), sent_today=sent if cap else 0)
    step = timedelta(seconds=seconds)
    assert pace(facts, step).after(now, count) == played(now, facts, count, step)


def test_a_night_between_two_messages_is_waited_out() -> None:
    late = NOON.replace(hour=20, minute=59, second=50)
    step = timedelta(seconds=14)
    found = pace(made(late, quiet_hours=NIGHT), step)
    assert found.after(late, 0) == late
    assert found.after(late, 1) == datetime(2026, 11, 24, 8, tzinfo=DHAKA)
    assert found.after(late.replace(hour=23), 2) == datetime(2026, 11, 24, 8, 0, 28, tzinfo=DHAKA)


def test_a_line_of_years_is_foreseen_at_once_and_never_too_early_by_a_tenth() -> None:
    facts = made(NOON, quiet_hours=NIGHT, daily_cap=10)
    found = pace(facts, timedelta(seconds=14))
    far = found.after(NOON, 20 * MOST_STRETCHES)
    days = (far - NOON).days
    assert abs(days - 2 * MOST_STRETCHES) < MOST_STRETCHES / 5
    for count in some((10**6, 10**9)):
        assert found.after(NOON, count) > far


def test_quiet_hours_that_leave_one_minute_a_day_let_that_minute_be_used() -> None:
    found = pace(made(NOON, quiet_hours=(time(8, 1), time(8))), timedelta(seconds=14))
    assert found.after(NOON, 4) == datetime(2026, 11, 24, 8, 0, 56, tzinfo=DHAKA)
    assert found.after(NOON, 5) == datetime(2026, 11, 25, 8, tzinfo=DHAKA)
