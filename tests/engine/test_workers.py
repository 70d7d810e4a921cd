"""Turns are given once at a time; one that hangs or fails holds up nobody else."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wabox.checkup import standing
from wabox.engine import backoff, workers
from wabox.engine.workers import Kind, Workers
from wabox.errors import Unavailable
from wabox.pulse import Pulse

HUNG = range(100, 140)
FAILS = 50


class Turns:
    """Says who had a turn; some of them hang until they are let go, one fails while it shall."""

    def __init__(self) -> None:
        self.had: list[int] = []
        self.news = threading.Condition()
        self.let_go = threading.Event()
        self.fault: Exception | None = RuntimeError("poisoned")

    def turn(self, number: int) -> None:
        with self.news:
            self.had.append(number)
            self.news.notify_all()
        if number in HUNG:
            self.let_go.wait(30)
        if number == FAILS and self.fault is not None:
            raise self.fault

    def wait(self, number: int, times: int = 1) -> bool:
        with self.news:
            return self.news.wait_for(lambda: self.had.count(number) >= times, 10)


class Time:
    """The clock that only runs forward, turned by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def pulse() -> Pulse:
    return Pulse()


@pytest.fixture
def made(tmp_path: Path, turns: Turns, pulse: Pulse) -> Iterator[Workers]:
    kinds = {"device": Kind(turns.turn, most=len(HUNG) + 1), "campaign": Kind(turns.turn, most=1)}
    made = Workers(tmp_path / "queue.db", kinds, pulse)
    made.start()
    yield made
    turns.let_go.set()
    made.stop(5)


def until_over(pulse: Pulse, kind: str = "device") -> None:
    while pulse.turns[kind].busy:
        threading.Event().wait(0.001)


def test_turn_that_a_full_disk_refused_is_given_again(
    made: Workers, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as no_room:
        no_room.setattr(made._pools["device"]._huey.storage, "enqueue", full)
        with pytest.raises(sqlite3.OperationalError):
            made.give("device", 7)
    made.give("device", 7)
    assert turns.wait(7)


def test_forty_phones_that_hang_hold_up_no_other_and_no_campaign(
    made: Workers, turns: Turns, pulse: Pulse
) -> None:
    for number in HUNG:
        made.give("device", number)
    for number in HUNG:
        assert turns.wait(number)
    made.give("device", 7)
    made.give("campaign", 8)
    assert turns.wait(7)
    assert turns.wait(8)
    assert pulse.turns["device"].threads == len(HUNG) + 1
    assert pulse.turns["campaign"].threads == 1


def test_a_pool_grows_only_while_all_its_threads_are_busy(made: Workers, turns: Turns, pulse: Pulse) -> None:
    for number in range(20):
        made.give("device", number)
        assert turns.wait(number)
        until_over(pulse)
    assert pulse.turns["device"].threads == 1


def test_what_waits_for_its_turn_is_not_given_another(made: Workers, turns: Turns, pulse: Pulse) -> None:
    for _ in range(5):
        made.give("device", HUNG[0])
    assert turns.wait(HUNG[0])
    made.give("device", HUNG[0])
    turns.let_go.set()
    until_over(pulse)
    made.give("device", 7)
    assert turns.wait(7)
    assert turns.had == [HUNG[0], 7]


def test_a_wake_up_that_was_lost_is_given_again(
    made: Workers, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time()
    monkeypatch.setattr(workers, "monotonic", time)
    with monkeypatch.context() as lost:
        lost.setattr(made._pools["device"], "_task", lambda number: None)
        made.give("device", 7)
    made.give("device", 7)
    made.give("device", 8)
    assert turns.wait(8)
    assert turns.had == [8]
    time.at += workers.LOST_SECONDS
    made.give("device", 7)
    assert turns.wait(7)


def test_a_turn_that_fails_rests_longer_each_time_and_nobody_else_does(
    made: Workers, turns: Turns, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time()
    monkeypatch.setattr(backoff, "monotonic", time)
    rests = []
    for n in range(1, 10):
        made.give("device", FAILS)
        assert turns.wait(FAILS, times=n)
        until_over(pulse)
        began = time.at
        made.give("device", FAILS)
        assert turns.had.count(FAILS) == n
        while made._pools["device"]._failed.rests(FAILS):
            time.at += 0.5
        rests.append(time.at - began)
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert (pulse.turns["device"].resting, pulse.turns["device"].failures) == (1, 9)
    made.give("device", 7)
    assert turns.wait(7)
    turns.fault = None
    made.give("device", FAILS)
    assert turns.wait(FAILS, times=10)
    until_over(pulse)
    assert pulse.turns["device"].resting == 0


def test_a_box_that_cannot_write_makes_no_turn_rest(made: Workers, turns: Turns, pulse: Pulse) -> None:
    turns.fault = Unavailable("storage_full", "The disk is full.")
    for n in range(1, 4):
        made.give("device", FAILS)
        assert turns.wait(FAILS, times=n)
        until_over(pulse)
    assert pulse.turns["device"].resting == 0


def test_the_same_id_of_another_kind_has_a_turn_of_its_own(made: Workers, turns: Turns) -> None:
    made.give("device", HUNG[0])
    assert turns.wait(HUNG[0])
    made.give("campaign", HUNG[0])
    assert turns.wait(HUNG[0], times=2)


def test_a_worker_thread_that_dies_takes_the_process_along(
    made: Workers, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr("wabox.threads.end", lambda *_: ended.set())
    turns.fault = SystemExit()  # type: ignore[assignment]
    made.give("device", FAILS)
    assert ended.wait(10)


def test_the_health_page_counts_turns_that_hang_and_turns_that_rest(
    made: Workers, turns: Turns, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.give("device", HUNG[0])
    made.give("campaign", FAILS)
    assert turns.wait(HUNG[0])
    assert turns.wait(FAILS)
    until_over(pulse, "campaign")
    assert pulse.turns["device"].stuck == 0
    since = pulse.turns["device"].busy[HUNG[0]]
    monkeypatch.setattr("wabox.pulse.monotonic", lambda: since + 200)
    found = {one.name: one.values for one in standing.turns(pulse.turns.values())}
    assert found == {"stuck": {"n": 1}, "resting": {"n": 1}}
