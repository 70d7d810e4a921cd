"""A line that cannot move is not looked at after everybody's commit, and misses nothing that lets it move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.conftest import Engine, make
from tests.engine.test_campaigns import act, expand, launch, people
from wabox.campaigns import control
from wabox.db import Rows, Tx
from wabox.devices import limits, linking
from wabox.engine import lines
from wabox.engine.clock import Clock
from wabox.engine.lines import EMPTY_SECONDS, WAITS_SECONDS
from wabox.engine.workers import Workers
from wabox.messages import answers, claiming, gate
from wabox.whatsapp.driver import Limits, Link, Timelock

QUIET = {"quiet_hours": ["11:00", "13:00"]}  # the box's clock stands at noon


class Crank:
    """The clock's look and the turns it leads to, turned by hand. time: the clock that only runs forward."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine = engine
        self.time = 1000.0
        self.gave: list[int] = []
        monkeypatch.setattr(lines, "monotonic", lambda: self.time)
        workers = Workers(engine.stage.box.config.data.dir / "queue.db", {})
        monkeypatch.setattr(workers, "give", lambda kind, number: self.gave.append(number))
        self.clock = Clock(engine.stage.box, workers, steps=[], hourly=[], lines=engine.turns.lines)

    def look(self) -> list[int]:
        """Who has a turn now."""
        self.gave = []
        now = self.engine.stage.hands.now()
        return self.engine.stage.box.db.read_here(self.clock._movable, now)

    def turn(self) -> int:
        """A look, and the turns it gives; how many."""
        due = self.look()
        for device_id in due:
            self.engine.turn(device_id)
        return len(due)

    def settle(self) -> None:
        """Until every line stands still."""
        for _ in range(50):
            if not self.turn():
                return
        raise AssertionError("a line never rests")

    def write(self, verb: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return self.engine.stage.box.db.write_now(verb, *args, **more)

    def run(self, sql: str, **params: Any) -> None:
        self.write(lambda tx: tx.run(sql, **params))


@pytest.fixture
def crank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crank]:
    engine = make(tmp_path, sending=QUIET)
    yield Crank(engine, monkeypatch)
    engine.stage.close()


@pytest.fixture
def resting(crank: Crank) -> Crank:
    """A line whose head waits for the end of quiet hours."""
    crank.engine.send()
    crank.settle()
    assert crank.look() == []
    return crank


def other_user_posts(crank: Crank) -> None:
    crank.engine.send(device_id=crank.engine.stage.bilal.device_id)


def test_a_line_that_waits_rests_while_others_commit(resting: Crank) -> None:
    for _ in range(20):
        other_user_posts(resting)
        assert resting.look() == []


def test_a_line_that_moves_never_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make(tmp_path)
    crank = Crank(engine, monkeypatch)
    jobs = [engine.send(f"88017{n:08d}") for n in range(50)]
    while not all(engine.status(job) == "sent" for job in jobs):
        assert crank.turn() == 1
    engine.stage.close()


def state(crank: Crank, **more: Any) -> None:
    number = crank.engine.stage.asha.device_id
    session = crank.engine.stage.device().session
    crank.write(linking.saw, Link(number, session, **more), now=crank.engine.stage.hands.now())


def user_is(crank: Crank, what: str, value: str | None) -> None:
    crank.run(f"update users set {what} = :value where id = :id", value=value, id=crank.engine.stage.asha.id)


WAKES: dict[str, Callable[[Crank], object]] = {
    "a new message": lambda crank: crank.engine.send(),
    "a system message": lambda crank: crank.engine.send(system=True),
    "the account is held": lambda crank: user_is(crank, "state", "suspended"),
    "another time zone": lambda crank: user_is(crank, "timezone", "Asia/Tokyo"),
    "the phone shows something else": lambda crank: state(
        crank, state="ready", limits=Limits(Timelock("DEFAULT", None)), phone="8801700000009", synced=True
    ),
    "the clock is wrong": lambda crank: crank.run("insert into box (key, value) values ('clock_wrong', 'now')"),
    "the gap is moved": lambda crank: crank.write(
        limits.rest, crank.engine.stage.asha.device_id, crank.engine.stage.hands.now()
    ),
    "quiet hours are over": lambda crank: crank.engine.stage.hands.forward(hours=1),
    "the clock jumps": lambda crank: crank.engine.stage.hands.forward(days=1),
}


@pytest.mark.parametrize("what", WAKES)
def test_a_line_wakes_at_once_when_what_it_waits_for_changes(resting: Crank, what: str) -> None:
    WAKES[what](resting)
    assert resting.look() == [resting.engine.stage.asha.device_id]


def test_a_resumed_campaign_wakes_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make(tmp_path)
    crank = Crank(engine, monkeypatch)
    people(engine, 5)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    act(engine, control.pause, campaign_id)
    crank.settle()
    assert not engine.driver.taken
    act(engine, control.resume, campaign_id)
    assert crank.turn() == 1
    assert len(engine.driver.taken) == 5
    engine.stage.close()


def test_a_message_in_doubt_that_is_settled_wakes_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make(tmp_path)
    crank = Crank(engine, monkeypatch)
    first, second = engine.send(), engine.send("8801711000002")
    engine.driver.plan("lost_answer")
    engine.turns.step(engine.stage.asha.device_id)
    assert engine.status(first) == "sending"
    rest = "update messages set rest_until = '9999-01-01T00:00:00+00:00' where id = :id"
    crank.run(rest, id=first)
    crank.settle()
    assert crank.look() == []
    wa_id = engine.message(first).wa_message_id
    assert wa_id is not None
    now = engine.stage.hands.now()
    crank.write(answers.receipt, wa_id, 1, at=now, next_send_at=now)
    crank.settle()
    assert engine.status(second) == "sent"
    engine.stage.close()


@pytest.mark.parametrize(
    ("empty", "seconds"), [(False, WAITS_SECONDS), (True, EMPTY_SECONDS)], ids=["waits", "empty"]
)
def test_what_nobody_thought_of_costs_a_few_seconds(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    empty: bool,  # noqa: FBT001
    seconds: float,
) -> None:
    engine = make(tmp_path, sending={} if empty else QUIET)
    crank = Crank(engine, monkeypatch)
    later = engine.stage.hands.now() + timedelta(hours=3) if empty else None
    engine.send(scheduled_for=later)
    crank.settle()
    crank.time += seconds - 0.01
    assert crank.look() == []
    crank.time += 0.02
    assert crank.look() == [engine.stage.asha.device_id]
    engine.stage.close()


def test_what_changes_while_the_gate_is_asked_counts(resting: Crank, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tick that looks during the turn must not pass its newer look off as the one before it."""
    crank, number = resting, resting.engine.stage.asha.device_id
    crank.time += 60
    assert crank.look() == [number]
    whole = claiming.claim_next

    def claim(tx: Tx, *args: Any, **more: Any) -> Any:
        found = whole(tx, *args, **more)
        tx.run("update users set state = 'suspended' where id = :id", id=crank.engine.stage.asha.id)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(claiming, "claim_next", claim)
        answered = crank.write(
            claim, number, config=crank.engine.stage.box.config, now=crank.engine.stage.hands.now()
        )
    assert crank.look() == [number]
    assert isinstance(answered, gate.Wait)
    crank.engine.turns.lines.stood_still(number, answered)
    assert crank.look() == [number]


STEPS = st.lists(
    st.sampled_from(
        ["send", "other", "hour", "pause", "resume", "suspend", "activate", "drop", "ready", "second"]
    ),
    min_size=5,
    max_size=25,
)


WALKS: dict[str, Callable[[Crank], object]] = {
    "send": lambda crank: crank.engine.send(),
    "other": other_user_posts,
    "an hour": lambda crank: crank.engine.stage.hands.forward(hours=1),
    "a second": lambda crank: setattr(crank, "time", crank.time + 1),
    "pause": lambda crank: crank.run("update campaigns set status = 'paused' where status = 'sending'"),
    "resume": lambda crank: crank.run("update campaigns set status = 'sending' where status = 'paused'"),
    "suspend": lambda crank: user_is(crank, "state", "suspended"),
    "activate": lambda crank: user_is(crank, "state", "active"),
    "drop": lambda crank: state(crank, state="disconnected"),
    "ready": lambda crank: state(crank, state="ready", phone="8801700000009", synced=True),
}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(sorted(WALKS)), min_size=5, max_size=25))
def test_whatever_happens_nothing_that_may_go_is_left_waiting(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """After any walk and the longest rest, the looks alone send everything that the gate lets go."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        engine = make(tmp_path_factory.mktemp("walk"), sending=QUIET)
        crank = Crank(engine, monkeypatch)
        people(engine, 3)
        campaign_id = launch(engine)
        expand(engine, campaign_id)
        for step in steps:
            WALKS[step](crank)
            crank.turn()
        crank.time += WAITS_SECONDS + 0.01
        crank.settle()
        device_id = engine.stage.asha.device_id
        left = engine.stage.box.db.read_here(open_ones)
        if left and engine.stage.device().ready:
            answer = crank.write(
                claiming.claim_next, device_id, config=engine.stage.box.config, now=engine.stage.hands.now()
            )
            assert answer is None or isinstance(answer, gate.Wait)
        engine.stage.close()


def open_ones(rows: Rows) -> int:
    return int(rows.value("select count(*) from messages where status = 'queued'"))
