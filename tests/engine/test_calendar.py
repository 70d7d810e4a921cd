"""The machine's clock jumps, the calendar has odd days: each moment comes once, nothing goes by a wrong clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.engine.conftest import PHONE, Engine, make
from wabox.campaigns import launching
from wabox.checkup import machine_clock
from wabox.contacts import phones, writing
from wabox.db import Tx
from wabox.engine import clock_jumps
from wabox.engine.clock_jumps import Timekeeper
from wabox.engine.expansion import Expansion
from wabox.messages import explaining

BERLIN_ON = datetime(2026, 3, 29, 1, tzinfo=UTC)
BERLIN_OFF = datetime(2026, 10, 25, 1, tzinfo=UTC)
NEW_YORK_ON = datetime(2026, 3, 8, 7, tzinfo=UTC)
NEW_YORK_OFF = datetime(2026, 11, 1, 6, tzinfo=UTC)


@pytest.fixture
def capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Two a day; nothing synchronises the clock."""
    monkeypatch.setattr(clock_jumps, "is_synchronised", lambda: False)
    made = make(tmp_path, sending={"daily_cap": 2})
    yield made
    made.stage.close()


def looks(keeper: Timekeeper) -> None:
    asyncio.run(keeper.tick())


def why(engine: Engine, job_id: int) -> str | None:
    box, now = engine.stage.box, engine.stage.hands.now()
    found = box.db.read_here(explaining.explain, [engine.message(job_id)], config=box.config, now=now)
    return found[job_id].reason


@pytest.mark.parametrize(
    "at",
    [datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 3, 9, 6, tzinfo=UTC), datetime(2026, 3, 10, 4, tzinfo=UTC)],
)
def test_nothing_goes_while_the_clock_is_before_what_the_box_has_lived_through(
    capped: Engine, at: datetime
) -> None:
    """Row 30: a Pi without a clock of its own, started again."""
    sent = [capped.send(f"880171100060{n}") for n in range(2)]
    capped.turn()
    looks(Timekeeper(capped.stage.box))
    right, capped.stage.hands.at = capped.stage.hands.at, at
    late = capped.send()
    looks(Timekeeper(capped.stage.box))
    capped.restarted()
    capped.turn()
    assert [capped.status(one) for one in (*sent, late)] == ["sent", "sent", "queued"]
    assert why(capped, late) == "clock_wrong"
    capped.stage.hands.at = right + timedelta(minutes=10)
    looks(Timekeeper(capped.stage.box))
    capped.turn()
    assert (capped.status(late), why(capped, late)) == ("queued", "daily_cap")


def test_a_clock_that_jumps_ahead_opens_no_cap_until_somebody_says_it_is_right(capped: Engine) -> None:
    """Row 30: the day's count is not begun anew by a jump."""
    keeper = Timekeeper(capped.stage.box)
    looks(keeper)
    for n in range(2):
        capped.send(f"880171100060{n}")
    capped.turn()
    late = capped.send()
    capped.stage.hands.forward(hours=26)
    looks(keeper)
    capped.turn()
    assert (capped.status(late), why(capped, late)) == ("queued", "clock_wrong")
    capped.stage.box.db.write_now(machine_clock.confirm, capped.stage.hands.now())
    looks(keeper)
    capped.turn()
    assert capped.status(late) == "sent"


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", BERLIN_ON),
        ("Europe/Berlin", BERLIN_OFF),
        ("America/New_York", NEW_YORK_ON),
        ("America/New_York", NEW_YORK_OFF),
        ("Asia/Dhaka", BERLIN_ON),
    ],
)
def test_what_is_planned_around_a_change_of_clocks_goes_once_at_its_moment(
    tmp_path: Path, zone: str, change: datetime
) -> None:
    """Row 31: singles every half hour and a campaign, in the night in which clocks are changed."""
    engine = make(tmp_path, locale={"timezone": zone})
    made = engine.stage
    made.hands.at = change - timedelta(hours=3)
    moments = [change + timedelta(minutes=30 * step) for step in range(-4, 5)]
    jobs = {at: engine.send(f"88017110007{n:02d}", scheduled_for=at) for n, at in enumerate(moments)}
    campaign_id = made.box.db.write_now(_planned, engine, change)
    launched = 0
    while made.hands.at <= change + timedelta(hours=3):
        if made.box.db.read_here(launching.due, now=made.hands.now()) == [campaign_id]:
            ids = made.box.db.read_here(lambda rows: [row["id"] for row in rows.all("select id from contacts")])
            made.box.db.write_now(launching.launch_scheduled, campaign_id, ids, now=made.hands.now())
            launched += 1
        Expansion(made.box).turn(campaign_id)
        engine.turn()
        due = {at for at in moments if at <= made.hands.at}
        assert {at for at, job_id in jobs.items() if engine.status(job_id) == "sent"} == due
        made.hands.forward(minutes=15)
    assert launched == 1
    assert len(engine.driver.taken) == len(moments) + 1
    assert {one.copies for one in engine.driver.taken.values()} == {1}
    made.close()


def _planned(tx: Tx, engine: Engine, at: datetime) -> int:
    made = engine.stage
    writing.bulk(tx, made.asha.id, [writing.Draft(phones.parse(PHONE, country="BD"))], now=made.hands.now())
    return launching.create(
        tx,
        made.asha.id,
        name="At night",
        message="Good morning",
        audience="{}",
        contact_ids=[1],
        device_ids=None,
        scheduled_for=at,
        now=made.hands.now(),
    ).id
