"""The clock's steps say when they ran, and one that fails holds up no other."""

from __future__ import annotations

import asyncio
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

    made_clock = clock.Clock(
        made.box, Workers(tmp_path / "queue.db", {}, threads=1), steps=[broken, other], hourly=[]
    )
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
