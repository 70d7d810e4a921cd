"""A box that is held sends nothing by any way, ends nothing, opens no browser; released, it goes on or cancels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import PHONE, Engine
from tests.engine.test_campaigns import expand, launch, people
from tests.engine.test_pairs import killed_before_it_entered, stays_without_ack, why
from wabox import fence
from wabox.backup import releasing
from wabox.devices import linking
from wabox.engine import clock
from wabox.engine.links import Links
from wabox.engine.workers import Workers
from wabox.errors import Invalid
from wabox.messages import claiming, deeds, gate, handing, revoking
from wabox.webhooks import endpoints, retries
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Resolved

Hold = Callable[[Engine], None]


def write(engine: Engine, verb: Callable[..., Any], *args: Any, **more: Any) -> Any:
    return engine.stage.box.db.write_now(verb, *args, **more, now=engine.stage.hands.now())


def quarantine(engine: Engine) -> None:
    write(engine, fence.quarantine, "restored", behind=None)


def move_away(engine: Engine) -> None:
    write(engine, fence.move_away, to="shop.wabox")


HOLDS: list[tuple[Hold, str]] = [(quarantine, "quarantined"), (move_away, "moved_away")]
held = pytest.mark.parametrize(("hold", "reason"), HOLDS, ids=[reason for _, reason in HOLDS])


@held
def test_nothing_is_claimed_and_every_message_says_why(engine: Engine, hold: Hold, reason: str) -> None:
    first, second = engine.send(), engine.send()
    hold(engine)
    engine.turn()
    found = write(engine, claiming.claim_next, engine.stage.asha.device_id, config=engine.stage.box.config)
    assert isinstance(found, gate.Wait)
    assert (found.reason, found.until) == (reason, None)
    assert not engine.driver.handed
    assert [why(engine, one) for one in (first, second)] == [reason, reason]


@held
def test_what_was_claimed_before_is_not_armed(engine: Engine, hold: Hold, reason: str) -> None:
    job = engine.send()
    config = engine.stage.box.config
    claimed = write(engine, claiming.claim_next, engine.stage.asha.device_id, config=config)
    hold(engine)
    where = Resolved("yes", f"{PHONE}@c.us")
    assert write(engine, handing.arm, claimed, where, machine_boot="boot-1", config=config) is None
    assert (engine.status(job), why(engine, job)) == ("queued", reason)


@held
def test_what_is_in_doubt_is_neither_looked_up_nor_handed_over_again(
    engine: Engine, hold: Hold, reason: str
) -> None:
    job = engine.send()
    killed_before_it_entered(engine)
    hold(engine)
    engine.restarted()
    engine.turn()
    assert engine.status(job) == "sending"
    config, message = engine.stage.box.config, engine.message(job)
    verdict = write(
        engine, handing.once_more, message, stage=0, rest_until=None, in_page=False, config=config
    )  # the race: the hold comes between the look-up and the second hand-over
    assert (verdict, engine.status(job)) == ("back", "queued")
    assert len(engine.driver.handed) == 0


@held
def test_what_the_page_has_waits_for_the_release_and_went_once(engine: Engine, hold: Hold, reason: str) -> None:
    job = engine.send()
    stays_without_ack(engine)
    hold(engine)
    engine.stage.hands.forward(minutes=30)
    engine.turn()
    assert (engine.status(job), len(engine.driver.handed)) == ("sending", 1)


@held
def test_nothing_is_deleted_for_everyone(engine: Engine, hold: Hold, reason: str) -> None:
    job = engine.send()
    engine.turn()
    message = write(engine, revoking.ask, engine.stage.asha.id, job)
    hold(engine)
    engine.turn()
    assert write(engine, deeds.tried, deeds.REVOKE, message) is False
    assert engine.message(job).revoke_tries == 0


@held
def test_nothing_expires_and_no_step_that_reaches_out_runs(
    engine: Engine, tmp_path: Path, hold: Hold, reason: str
) -> None:
    job = engine.send(expires_at=engine.stage.hands.now() + timedelta(minutes=5))
    hold(engine)
    engine.stage.hands.forward(hours=1)
    ran = []

    async def tick() -> None:
        ran.append(True)

    tick.__qualname__ = "Poster.tick"
    made = clock.Clock(engine.stage.box, Workers(tmp_path / "queue.db", {}), steps=[tick], hourly=[])
    asyncio.run(made.tick())
    assert (ran, engine.status(job)) == ([], "queued")
    assert engine.stage.box.pulse.steps["poster"].runs == 1  # it is not late, it has nothing to do


@held
def test_every_page_is_closed_and_none_opened(engine: Engine, hold: Hold, reason: str) -> None:
    links = Links(engine.stage.box, engine.driver)
    asyncio.run(links.tick())
    assert engine.driver.opened()
    hold(engine)
    asyncio.run(links.tick())
    assert not engine.driver.opened()
    engine.stage.box.db.write_now(linking.all_starting)
    assert engine.stage.device().state == "disconnected"


def test_every_step_that_works_while_the_box_is_held_is_one_of_the_engines() -> None:
    names = {"storage", "timekeeper", "links", "imports", "imports tidy", "housekeeping", "filing", "nightly"}
    assert names == clock.AT_HOME


def test_released_it_sends_what_waits(engine: Engine) -> None:
    job = engine.send()
    quarantine(engine)
    links = Links(engine.stage.box, engine.driver)
    asyncio.run(links.tick())
    engine.turn()
    assert engine.status(job) == "queued"
    write(engine, releasing.release, user_id=engine.stage.asha.id)
    asyncio.run(links.tick())
    engine.turn()
    assert engine.status(job) == "sent"
    assert engine.stage.value("select count(*) from audit where action = 'box.released'") == 1


def test_what_is_older_is_cancelled_and_the_rest_goes(engine: Engine) -> None:
    old = engine.send()
    planned = engine.send(scheduled_for=engine.stage.hands.now() + timedelta(days=3))
    engine.stage.hands.forward(days=2)
    fresh = engine.send()
    quarantine(engine)
    than = engine.stage.hands.now() - timedelta(days=1)
    assert engine.stage.box.db.read_here(releasing.older, than=than) == 1
    assert write(engine, releasing.cancel_older, than=than) == 1
    assert write(engine, releasing.cancel_older, than=than) == 0
    assert [engine.status(one) for one in (old, planned, fresh)] == ["cancelled", "queued", "queued"]
    found = engine.stage.box.db.read_here(releasing.pending, now=engine.stage.hands.now())
    assert (found.queued, found.planned, found.phones) == (2, 1, 1)


def test_a_campaign_from_before_is_stopped_with_all_it_had_left(engine: Engine) -> None:
    people(engine, 5)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.stage.hands.forward(days=2)
    quarantine(engine)
    while write(engine, releasing.cancel_older, than=engine.stage.hands.now() - timedelta(days=1)):
        pass
    assert engine.stage.value("select status from campaigns where id = :id", id=campaign_id) == "stopped"
    assert engine.stage.value("select count(*) from messages where status = 'queued'") == 0


def test_a_hold_ends_only_by_its_own_word(engine: Engine) -> None:
    with pytest.raises(Invalid, match="not held"):
        write(engine, releasing.release, user_id=None)
    move_away(engine)
    with pytest.raises(Invalid, match="wabox unmove"):
        write(engine, releasing.release, user_id=None)
    with pytest.raises(Invalid, match="wabox unmove"):
        write(engine, releasing.cancel_older, than=engine.stage.hands.now())
    write(engine, fence.quarantine, "copied", behind=None)  # a copy of a box that was moved away
    assert engine.stage.box.db.read_here(fence.reason) == "moved_away"
    write(engine, releasing.unmove, user_id=None)
    assert engine.stage.box.db.read_here(fence.reason) == "quarantined"  # the other one may have sent it all
    write(engine, releasing.release, user_id=None)
    assert engine.stage.box.db.read_here(fence.of) is None


def test_a_post_that_is_owed_keeps_its_id_through_the_hold(engine: Engine) -> None:
    box = engine.stage.box
    put: dict[str, Any] = {"allow": Allow(), "seal": box.seal, "events": ["delivery.sent"]}
    write(engine, endpoints.put, engine.stage.asha.id, url="https://example.com/x", **put)
    engine.send()
    engine.turn()
    ids = "select group_concat(webhook_id) from deliveries"
    before = engine.stage.value(ids)
    quarantine(engine)
    write(engine, releasing.release, user_id=None)
    assert engine.stage.value(ids) == before
    assert engine.stage.box.db.read_here(retries.users_due, engine.stage.hands.now()) == [engine.stage.asha.id]
