"""When a page is due to be a fresh one: by the night, by its weight, by a dead channel."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from wabox.whatsapp.page import Limits
from wabox.whatsapp.wear import Wear

HOUR = 3600.0


@dataclass(slots=True)
class Day:
    """A page and the hours that pass over it."""

    at: float = 1000.0
    is_night: bool = False
    wear: Wear = field(init=False)

    def __post_init__(self) -> None:
        self.wear = Wear(Limits(memory_mb=900), lambda: self.at, lambda: self.is_night)


@pytest.mark.parametrize(
    ("hours", "idle_seconds", "is_night", "due"),
    [(13, 61, True, True), (13, 61, False, False), (13, 59, True, False), (11, 61, True, False)],
)
def test_a_page_of_yesterday_is_renewed_in_an_idle_minute_of_the_night(
    hours: float,
    idle_seconds: float,
    is_night: bool,  # noqa: FBT001
    due: bool,  # noqa: FBT001
) -> None:
    day = Day(is_night=is_night)
    day.at += hours * HOUR - idle_seconds
    with day.wear.asking():
        assert not day.wear.idle
    day.at += idle_seconds
    assert day.wear.idle
    assert day.wear.due_at_night() == due
    day.wear.opened()
    assert not day.wear.due_at_night(), "once a night"


def test_a_heavy_browser_is_renewed_but_not_again_and_again() -> None:
    day = Day()
    day.wear.opened()
    assert not day.wear.to_be_weighed()
    day.at += HOUR
    assert day.wear.to_be_weighed()
    assert not day.wear.to_be_weighed(), "not at each heartbeat"
    assert day.wear.too_heavy(901)
    assert not day.wear.too_heavy(900)
    day.wear.opened()
    day.at += HOUR / 2
    assert not day.wear.too_heavy(2000), "a fresh one weighs as much: another would not help"


def test_memory_is_not_looked_at_where_there_is_no_mark() -> None:
    wear = Wear(Limits(memory_mb=0, weigh=0), lambda: 0.0, lambda: False)
    assert not wear.to_be_weighed()


def test_two_hand_overs_without_an_answer_are_a_dead_channel_unless_it_speaks_in_between() -> None:
    wear = Day().wear
    assert not wear.unanswered()
    wear.alive()
    assert not wear.unanswered()
    assert wear.unanswered()


def test_a_first_sync_has_patience_from_its_last_step() -> None:
    day = Day()
    day.wear.shows("10/0/5/40")
    assert day.wear.progressed_at == 1000.0
    day.at += 500
    day.wear.shows("10/0/5/40")
    assert day.wear.progressed_at == 1000.0
    day.wear.shows("11/0/5/90")
    assert day.wear.progressed_at == 1500.0
    day.wear.shows(None)
    assert day.wear.progressed_at == 1500.0
