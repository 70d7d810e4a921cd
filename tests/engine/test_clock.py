"""The clock's steps say when they ran, and one that fails holds up no other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cast import stage
from wabox.engine import clock
from wabox.engine.billing import Billing
from wabox.engine.links import Links
from wabox.engine.workers import Workers
from wabox.pulse import Pulse


def test_a_step_that_fails_is_remembered_until_it_goes_well(tmp_path: Path) -> None:
    made = stage(tmp_path)
    fails = [True, False]

    async def broken() -> None:
        if fails.pop(0):
            raise OSError("no such thing")

    async def other() -> None:
        return

    made_clock = clock.Clock(made.box, Workers(tmp_path / "queue.db", {}), steps=[broken, other], hourly=[])
    asyncio.run(made_clock.tick())
    steps = {name.rpartition(" ")[2]: step for name, step in made.box.pulse.steps.items()}
    assert (steps["broken"].error, steps["broken"].failures) == ("OSError: no such thing", 1)
    assert (steps["other"].error, steps["other"].runs) == (None, 1)
    asyncio.run(made_clock.tick())
    assert (steps["broken"].error, steps["broken"].failures, steps["broken"].runs) == (None, 1, 2)
    made.close()


def test_a_step_that_does_not_come_round_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("wabox.pulse.monotonic", lambda: now)
    pulse = Pulse()
    pulse.announce("links", every=1)
    pulse.announce("housekeeping", every=3600)
    now += 40
    assert pulse.late == ["links"]
    with pulse.step("links"):
        pass
    assert pulse.late == []


def test_a_step_is_called_by_its_own_name() -> None:
    assert clock.name_of(Links.tick) == "links"  # type: ignore[arg-type]
    assert clock.name_of(Billing.tidy) == "billing tidy"  # type: ignore[arg-type]
    assert clock.name_of(clock.Clock._expire) == "expire"  # type: ignore[arg-type]


class Held:
    """A step that says when it began, and waits until it may go on."""

    def __init__(self) -> None:
        self.began, self.go_on = asyncio.Event(), asyncio.Event()
        self.ended: list[str] = []

    async def work(self) -> None:
        self.began.set()
        try:
            await self.go_on.wait()
            self.ended.append("finished")
        except asyncio.CancelledError:
            self.ended.append("broken off")
            raise

    async def after(self) -> None:
        self.ended.append("one more")

    async def stop_meanwhile(self, running: clock.Clock) -> None:
        await self.began.wait()
        stopping = asyncio.ensure_future(running.stop(10))
        await asyncio.sleep(0)
        running.wake()
        self.go_on.set()
        await stopping


@pytest.mark.parametrize("hourly", [False, True], ids=["tick", "housekeeping"])
def test_stopping_finishes_the_tick_and_breaks_housekeeping_off(tmp_path: Path, hourly: bool) -> None:  # noqa: FBT001
    made, held = stage(tmp_path), Held()
    steps: list[clock.Step] = [held.work]

    async def walk() -> None:
        running = clock.Clock(
            made.box,
            Workers(tmp_path / "queue.db", {}),
            steps=[] if hourly else steps,
            hourly=steps if hourly else [],
        )
        running.start()
        job = running._scheduler.get_jobs()[int(hourly)]  # begun by the scheduler, which cancels what it runs
        job.modify(next_run_time=datetime.now(UTC))
        await held.stop_meanwhile(running)

    asyncio.run(walk())
    assert held.ended == ["broken off" if hourly else "finished"]
    made.close()


def test_no_step_begins_while_the_clock_stops(tmp_path: Path) -> None:
    made, held = stage(tmp_path), Held()

    async def walk() -> None:
        workers = Workers(tmp_path / "queue.db", {})
        running = clock.Clock(made.box, workers, steps=[held.work, held.after], hourly=[])
        running.start()
        await held.stop_meanwhile(running)

    asyncio.run(walk())
    assert held.ended == ["finished"]
    made.close()


def test_a_commit_after_the_loop_is_closed_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stage(tmp_path)
    monkeypatch.setattr(clock, "SOON_SECONDS", 3600)  # a tick that began while the loop closes would never end

    async def started() -> clock.Clock:
        running = clock.Clock(made.box, Workers(tmp_path / "queue.db", {}), steps=[], hourly=[])
        running.start()
        return running

    asyncio.run(started()).wake()
    made.close()


@pytest.mark.parametrize("fault", [MemoryError(), SystemExit()])
def test_a_scheduler_that_breaks_takes_the_process_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    made = stage(tmp_path)
    ended: list[BaseException | None] = []
    monkeypatch.setattr("wabox.threads.end", lambda name, error: ended.append(error))
    running = clock.Clock(made.box, Workers(tmp_path / "queue.db", {}), steps=[], hourly=[])

    def broken(*_: object) -> None:
        raise fault

    monkeypatch.setattr("apscheduler.schedulers.base.BaseScheduler._process_jobs", broken)
    with pytest.raises(type(fault)):
        running._scheduler._process_jobs()
    assert ended == [fault]
    made.close()
