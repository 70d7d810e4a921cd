"""What is stopped leaves piece by piece: nothing of it goes meanwhile, and no crash between them loses any."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.engine.test_campaigns import act, check, expand, launch, people, show
from wabox import closing
from wabox.accounts.states import Actor
from wabox.billing import ledger
from wabox.campaigns import control
from wabox.checkup import promises
from wabox.db import Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.devices.stored import Device
from wabox.engine.expansion import Expansion
from wabox.engine.leaving import Leaving
from wabox.messages import leaving
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow

PEOPLE = 2 * leaving.PIECE + 40


@pytest.fixture
def pieces(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages each transaction has cancelled."""
    had: list[int] = []
    whole = leaving._cancel

    def seen(*given: Any) -> leaving.Piece:
        piece = whole(*given)
        had.append(piece.cancelled)
        return piece

    monkeypatch.setattr(leaving, "_cancel", seen)
    return had


def credits(engine: Engine, user_id: int, amount: int | None = None) -> int:
    """What is left, after this grant."""
    db, now = engine.stage.box.db, engine.stage.hands.now()
    if amount is not None:
        db.write_now(ledger.grant, user_id, amount, note="test", by="asha", now=now)
    left = db.read_here(ledger.credits_left, user_id)
    assert left is not None
    return left


def running(engine: Engine, count: int = PEOPLE) -> int:
    """A campaign to so many, written out."""
    people(engine, count)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    return campaign_id


def listens(engine: Engine, user_id: int) -> None:
    """The user's webhook wants to hear what is cancelled."""
    engine.stage.box.db.write_now(
        endpoints.put,
        user_id,
        url="https://shop.example/hook",
        events=("delivery.cancelled",),
        allow=Allow(),
        seal=engine.stage.box.seal,
        now=engine.stage.hands.now(),
    )


def told(engine: Engine) -> Counter[int]:
    """How often the webhook is owed each message's end."""
    rows = engine.stage.box.db.read_here(
        lambda rows: rows.all("select message_id from deliveries where event = 'delivery.cancelled'")
    )
    return Counter(row["message_id"] for row in rows)


def sweep(engine: Engine, look: Callable[[], None] = lambda: None) -> None:
    """The engine's step, until nothing is left; a new one, as after a crash."""
    step = Leaving(engine.stage.box)
    while engine.stage.box.db.read_here(leaving.left) != leaving.Left((), ()):
        asyncio.run(step.tick())
        look()


def kept(engine: Engine) -> None:
    """Every promise that is made of the rows."""
    assert engine.stage.box.db.read_here(lambda rows: list(promises.broken(rows._connection))) == []


def test_a_stop_takes_hold_at_once_and_is_carried_out_in_pieces(engine: Engine, pieces: list[int]) -> None:
    assert credits(engine, engine.stage.asha.id, PEOPLE + 7) == PEOPLE + 7
    listens(engine, engine.stage.asha.id)
    campaign_id = running(engine)
    first = act(engine, control.stop, campaign_id)
    assert (first.campaign.status, first.campaign.cancelled, first.credits_refunded) == (
        "stopped",
        leaving.PIECE,
        leaving.PIECE,
    )
    engine.turn()
    assert not engine.driver.taken

    def look() -> None:
        check(engine, campaign_id)
        engine.turn()

    sweep(engine, look)
    campaign = show(engine, campaign_id)
    assert (campaign.cancelled, campaign.queued) == (PEOPLE, 0)
    assert not engine.driver.taken
    assert max(pieces) == leaving.PIECE
    assert credits(engine, engine.stage.asha.id) == PEOPLE + 7
    assert list(told(engine).values()) == [1] * PEOPLE
    whole = engine.stage.box.db.read_here(control.whole, first)
    assert (whole.credits_refunded, whole.campaign.cancelled) == (PEOPLE, PEOPLE)
    assert act(engine, control.stop, campaign_id).credits_refunded == 0
    kept(engine)


def test_a_stop_while_half_is_written_gives_back_reserve_and_rows(engine: Engine) -> None:
    count = 2 * leaving.PIECE + 540
    credits(engine, engine.stage.asha.id, count)
    people(engine, count)
    campaign_id = launch(engine)
    assert Expansion(engine.stage.box).step(campaign_id)
    assert 0 < show(engine, campaign_id).reserved < count
    first = act(engine, control.stop, campaign_id)
    sweep(engine)
    whole = engine.stage.box.db.read_here(control.whole, first)
    assert whole.credits_refunded == count == credits(engine, engine.stage.asha.id)
    assert whole.campaign.queued == 0
    kept(engine)


@pytest.mark.parametrize("how", ["stopped", "device removed"])
def test_what_is_left_after_a_crash_is_found_and_ended(engine: Engine, how: str) -> None:
    device_id = second_phone(engine)
    listens(engine, engine.stage.asha.id)
    credits(engine, engine.stage.asha.id, PEOPLE)
    campaign_id = running(engine)
    if how == "stopped":
        act(engine, control.stop, campaign_id)
    else:
        move_all(engine, device_id)
        remove(engine, device_id)
    left = engine.stage.value("select count(*) from messages where status = 'queued'")
    assert left == PEOPLE - leaving.PIECE
    engine.restarted()
    engine.turn()
    sweep(engine)
    assert engine.stage.value("select count(*) from messages where status <> 'cancelled'") == 0
    assert credits(engine, engine.stage.asha.id) == PEOPLE
    assert list(told(engine).values()) == [1] * PEOPLE
    check(engine, campaign_id)
    kept(engine)


def test_a_phone_that_is_gone_sends_nothing_of_its_line(engine: Engine, pieces: list[int]) -> None:
    device_id = second_phone(engine)
    jobs = [engine.send(device_id=device_id) for _ in range(3)]
    campaign_id = running(engine)
    move_all(engine, device_id)
    remove(engine, device_id)
    engine.turn(device_id)
    sweep(engine, lambda: engine.turn(device_id))
    assert {engine.message(job).error for job in jobs} == {"device_removed"}
    assert show(engine, campaign_id).cancelled == PEOPLE
    assert not engine.driver.taken
    assert max(pieces) == leaving.PIECE


def test_an_account_that_closes_leaves_in_pieces_and_keeps_no_credit(engine: Engine, pieces: list[int]) -> None:
    db, bilal, now = engine.stage.box.db, engine.stage.bilal, engine.stage.hands.now()
    credits(engine, bilal.id, PEOPLE + 5)
    listens(engine, bilal.id)
    for n in range(PEOPLE):
        engine.send(f"88018{n:08d}", device_id=bilal.device_id)
    db.write_now(closing.close, bilal.id, by=Actor(1, None), now=now)
    assert engine.stage.value("select count(*) from messages where status = 'queued'") == PEOPLE - leaving.PIECE
    assert credits(engine, bilal.id) == 0
    while db.write_now(closing.forget, bilal.id, now=now):
        assert credits(engine, bilal.id) == db.read_here(ledger.balance, bilal.id) == 0
    assert max(pieces) == leaving.PIECE
    assert not told(engine)
    assert engine.stage.value("select count(*) from messages") == 0
    kept(engine)


def test_one_that_cannot_be_ended_holds_up_no_other(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    poisoned = running(engine, leaving.PIECE + 20)
    whole = leaving.of_campaign
    people(engine, leaving.PIECE + 20, tag="others")
    fine = launch(engine, tag="others")
    expand(engine, fine)
    for campaign_id in (poisoned, fine):
        act(engine, control.stop, campaign_id)

    def breaks(tx: Tx, campaign_id: int, **more: Any) -> leaving.Piece:
        if campaign_id == poisoned:
            raise ValueError("poisoned")
        return whole(tx, campaign_id, **more)

    monkeypatch.setattr(leaving, "of_campaign", breaks)
    step = Leaving(engine.stage.box)
    for _ in range(3):
        asyncio.run(step.tick())
    assert engine.stage.box.db.read_here(leaving.left).campaigns == (poisoned,)


def test_only_a_stopped_campaign_and_a_phone_that_is_gone_are_ended(engine: Engine) -> None:
    campaign_id = running(engine, 3)
    now, write = engine.stage.hands.now(), engine.stage.box.db.write_now
    assert write(leaving.of_campaign, campaign_id, now=now).cancelled == 0
    assert write(leaving.of_device, engine.stage.asha.device_id, now=now).cancelled == 0
    assert write(leaving.of_user, engine.stage.asha.id, now=now).cancelled == 0
    act(engine, control.pause, campaign_id)
    assert write(leaving.of_campaign, campaign_id, now=now).cancelled == 0


def test_a_stopped_campaign_is_found_by_its_index(engine: Engine) -> None:
    plan = engine.stage.box.db.read_here(
        lambda rows: rows.all(
            """explain query plan select id from campaigns c where status = 'stopped'
               and total > sent + failed + skipped + cancelled + unknown"""
        )
    )
    assert "campaigns_left" in plan[0]["detail"]


def second_phone(engine: Engine) -> int:
    made = engine.stage.box.db.write_now(
        orders.create, engine.stage.asha.id, "till", most=5, now=engine.stage.hands.now()
    )
    engine.link(made.id, "8801700000010")
    return int(made.id)


def move_all(engine: Engine, device_id: int) -> None:
    """All that waits stands before this phone."""
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update messages set device_id = :id where status = 'queued'", id=device_id)
    )


def remove(engine: Engine, device_id: int) -> None:
    def verb(tx: Tx) -> None:
        device: Device = devices.by_id(tx, device_id)
        leaving.device_removed(tx, device, now=engine.stage.hands.now())

    engine.stage.box.db.write_now(verb)
