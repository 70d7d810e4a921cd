"""Before a launch, at it and after it one moment is told; and then it is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine, make
from tests.engine.test_campaigns import expand, launch, look_ahead, people, show
from wabox.campaigns import preflight
from wabox.contacts import segments
from wabox.db import Rows
from wabox.messages import explaining, template
from wabox.whatsapp.driver import Timelock

STEP = timedelta(seconds=15)
GAP = {"gap_seconds": [15, 15]}


def nothing(_: Engine) -> None:
    return


def locked(hours: float) -> Callable[[Engine], None]:
    """WhatsApp lets nobody new in for so long."""

    def lock(engine: Engine) -> None:
        until = engine.stage.hands.now() + timedelta(hours=hours)
        engine.driver.limit(engine.stage.asha.device_id, timelock=Timelock("DEFAULT", until))

    return lock


def singles(count: int) -> Callable[[Engine], None]:
    """So many new people wait before the campaign's."""

    def queue(engine: Engine) -> None:
        for n in range(count):
            engine.send(f"880181100{n:04d}")

    return queue


def planned(engine: Engine) -> None:
    """Singles that wait for a time of their own hold nobody up."""
    for n in range(30):
        engine.send(f"880181200{n:04d}", scheduled_for=engine.stage.hands.now() + timedelta(days=20))


def busy_hour(engine: Engine) -> None:
    """Two went within the last hour."""
    for n in range(2):
        engine.send(f"880181300{n:04d}")
        engine.turn()
        engine.stage.hands.forward(minutes=5)


@dataclass(frozen=True, slots=True)
class Scene:
    """sending: settings. before: what happened. hours: from now until the last of five messages goes, about."""

    sending: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Engine], None] = nothing
    hours: tuple[float, float] = (0, 0.1)


# The stage's clock shows 12:00 in Dhaka.
SCENES = {
    "nothing in the way": Scene(),
    "quiet hours": Scene({"quiet_hours": ["11:00", "18:00"]}, hours=(6, 6.1)),
    "quiet hours begin in the middle": Scene({"quiet_hours": ["12:01", "14:00"]}, hours=(2, 2.1)),
    "a lock ends in quiet hours": Scene({"quiet_hours": ["13:00", "20:00"]}, locked(3), hours=(8, 8.1)),
    "a lock": Scene({}, locked(3), hours=(3, 3.1)),
    "a day's cap": Scene({"daily_cap": 3}, hours=(12, 12.1)),
    "a day's cap and a night": Scene({"daily_cap": 3, "quiet_hours": ["21:00", "08:00"]}, hours=(20, 20.1)),
    "new people a day": Scene({"new_chats_per_day": 3}, hours=(12, 12.1)),
    "new people a day, others first": Scene({"new_chats_per_day": 3}, singles(3), hours=(36, 36.1)),
    "new people a day, others first, a night": Scene(
        {"new_chats_per_day": 3, "quiet_hours": ["21:00", "08:00"]}, singles(3), hours=(44, 44.1)
    ),
    "others first": Scene({}, singles(4), hours=(0, 0.1)),
    "planned ones": Scene({"new_chats_per_day": 3}, planned, hours=(12, 12.1)),
    "an hour's cap": Scene({"hourly_cap": 3}, hours=(1, 1.1)),
    "an hour's cap that is large enough": Scene({"hourly_cap": 60}),
    "an hour that has begun": Scene({"hourly_cap": 4}, busy_hour, hours=(0.8, 1.1)),
    "an hour's cap and quiet hours": Scene({"hourly_cap": 3, "quiet_hours": ["12:10", "14:00"]}, hours=(2, 2.1)),
}


@pytest.fixture
def engine(tmp_path: Path, scene: str) -> Any:
    made = make(tmp_path, sending={**GAP, **SCENES[scene].sending})
    yield made
    made.stage.close()


def eta(engine: Engine, campaign_id: int) -> datetime | None:
    box, campaign = engine.stage.box, show(engine, campaign_id)
    return box.db.read_here(preflight.eta, campaign, config=box.config, now=engine.stage.hands.now())


def last_expected(engine: Engine, campaign_id: int) -> datetime | None:
    box = engine.stage.box
    found = box.db.read_here(
        explaining.groups, engine.stage.asha.id, config=box.config, now=engine.stage.hands.now()
    )
    ours = [one for one in found if one.campaign_id == campaign_id]
    return max((one.done_at or one.until or engine.stage.hands.now() for one in ours), default=None)


def played(engine: Engine, campaign_id: int, until: datetime) -> datetime:
    """When the last message went, with the engine's own turns; a clock that leaps over long waits."""
    hands, start = engine.stage.hands, engine.stage.hands.now()
    while show(engine, campaign_id).queued:
        engine.turn()
        near = min(abs(until - hands.now()), hands.now() - start) < timedelta(minutes=6)
        hands.forward(seconds=15 if near else 300)
        assert hands.now() < until + timedelta(days=1)
    sent = engine.stage.value("select max(sent_at) from messages where campaign_id = :id", id=campaign_id)
    return datetime.fromisoformat(sent)


@pytest.mark.parametrize("scene", SCENES)
def test_one_moment_is_told_and_it_comes(engine: Engine, scene: str) -> None:
    SCENES[scene].before(engine)
    people(engine, 5)
    now = engine.stage.hands.now()
    before = look_ahead(engine).done_at
    campaign_id = launch(engine)
    at_once = eta(engine, campaign_id)
    expand(engine, campaign_id)
    after = eta(engine, campaign_id)
    assert before is not None and at_once == before
    assert after is not None and abs(after - before) <= STEP
    low, high = SCENES[scene].hours
    assert timedelta(hours=low) <= before - now <= timedelta(hours=high)
    told = last_expected(engine, campaign_id)
    assert told is not None and abs(told - before) <= STEP
    assert abs(played(engine, campaign_id, before) - before) <= 2 * STEP


def test_a_planned_campaign_begins_at_its_time_and_not_behind_what_is_gone_by_then(tmp_path: Path) -> None:
    engine = make(tmp_path, sending=GAP)
    singles(60)(engine)
    people(engine, 5)
    starts = engine.stage.hands.now() + timedelta(hours=1)
    ahead = engine.stage.box.db.read_here(_look, engine, starts)
    campaign_id = launch(engine, scheduled_for=starts)
    told = eta(engine, campaign_id)
    assert told is not None and ahead == told
    assert timedelta() <= told - starts <= 5 * STEP
    engine.stage.close()


def test_known_people_pass_new_ones_that_are_held(tmp_path: Path) -> None:
    engine = make(tmp_path, sending=GAP)
    numbers = people(engine, 3)
    for phone in numbers:
        engine.driver.write(engine.stage.asha.device_id, phone, "hello")
    locked(2)(engine)
    singles(60)(engine)
    before = look_ahead(engine).done_at
    campaign_id = launch(engine)
    at_once = eta(engine, campaign_id)
    expand(engine, campaign_id)
    after = eta(engine, campaign_id)
    assert before is not None and at_once == before and after is not None
    assert before - engine.stage.hands.now() <= 4 * STEP and abs(after - before) <= STEP
    engine.stage.close()


def _look(rows: Rows, engine: Engine, at: datetime) -> datetime | None:
    return preflight.look(
        rows,
        engine.stage.asha.id,
        template.parse("Hi"),
        segments.of_tag("leads"),
        device_ids=None,
        config=engine.stage.box.config,
        now=engine.stage.hands.now(),
        at=at,
    ).done_at
