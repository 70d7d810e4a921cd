"""When a page is due to be a fresh one: by the night, by its weight, by a dead channel."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from wabox.whatsapp.patience import Limits
from wabox.whatsapp.silence import Silence
from wabox.whatsapp.wear import Wear

HOUR = 3600.0


@dataclass(slots=True)
class Day:
    """A page and the hours that pass over it."""

    at: float = 1000.0
    is_night: bool = False
    wear: Wear = field(init=False)
    silence: Silence = field(init=False)

    def __post_init__(self) -> None:
        self.wear = Wear(Limits(memory_mb=900), lambda: self.at, lambda: self.is_night)
        self.silence = Silence(Limits(), lambda: self.at)


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


def is_dead_after(silence: Silence, *questions: str) -> bool:
    for question in questions:
        silence.unanswered(question)
    return silence.is_dead


@pytest.mark.parametrize(
    "questions", [("send", "send"), ("exists", "exists"), ("send", "exists"), ("limits",) * 2]
)
def test_two_questions_without_an_answer_are_a_dead_channel_unless_it_speaks_in_between(
    questions: tuple[str, str],
) -> None:
    day = Day()
    assert not is_dead_after(day.silence, questions[0])
    day.silence.answered("exists")
    assert not is_dead_after(day.silence, questions[0])
    day.silence.alive()
    assert not is_dead_after(day.silence, questions[0])
    assert is_dead_after(day.silence, questions[1])


def hours_with_a_reload(day: Day, hours: int, answered: str | None = None) -> list[float]:
    """When pages are loaded anew while a number check every half minute has no answer. answered: what has one."""
    found = []
    for _ in range(hours * 120):
        day.at += 30
        if answered is not None and day.at % 120 == 0:
            day.silence.answered(answered)
        if is_dead_after(day.silence, "exists"):
            day.silence.tried()
            day.silence.alive()  # as a fresh page is taken
            found.append((day.at - 1000) / HOUR)
    return found


@pytest.mark.parametrize("answered", [None, "send"])
def test_pages_are_not_loaded_anew_again_and_again_where_that_does_not_help(answered: str | None) -> None:
    times = hours_with_a_reload(Day(), 48, answered)
    assert len([one for one in times if one < 0.1]) == 2
    assert len([one for one in times if one < 2]) <= 6
    assert len([one for one in times if one >= 24]) <= 2


def test_a_page_that_answered_for_long_enough_has_helped_and_may_be_loaded_anew_at_once() -> None:
    day = Day()
    for _ in range(2):
        assert is_dead_after(day.silence, "exists", "send")
        day.silence.tried()
    day.silence.answered("exists")
    day.silence.answered("send")
    assert not is_dead_after(day.silence, "send", "send"), "twice within a minute is enough"
    day.silence.alive()
    day.at += 601
    day.silence.answered("exists")
    day.silence.answered("send")
    assert is_dead_after(day.silence, "send", "send")


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
