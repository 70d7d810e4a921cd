"""A week of a running campaign in a few seconds: reloads, blinks, storms, a dead channel, late refusals.

No link is given up, nothing is lost or sent twice, and the counters are the rows.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.engine.conftest import PHONE, Engine, make
from tests.engine.test_campaigns import expand, launch, people, show
from wabox.checkup import promises
from wabox.messages import answers
from wabox.whatsapp.fake import Outcome

DAYS = 7
SEEDS = range(40 if os.environ.get("WABOX_LONG") else 3)


def reload(engine: Engine, luck: random.Random) -> None:
    device_id = engine.stage.asha.device_id
    engine.driver.show(device_id, "starting", "reconnecting")
    engine.turn()
    engine.driver.recover(device_id)


def storm(engine: Engine, luck: random.Random) -> None:
    engine.driver.lose_whatsapp()
    for _ in range(luck.randrange(1, 5)):
        engine.stage.hands.forward(minutes=luck.randrange(1, 30))
        engine.turn()
    engine.driver.find_whatsapp()


def dead_channel(engine: Engine, luck: random.Random) -> None:
    """Two have no answer, then the page is reloaded; the server has some of them."""
    doubts: list[Outcome] = ["stuck", "lost_answer", "vanished"]
    engine.driver.plan(*luck.choices(doubts, k=2))
    engine.turn()
    reload(engine, luck)


def refused_late(engine: Engine, luck: random.Random) -> None:
    engine.driver.plan("refused_later")
    engine.turn()
    engine.driver.let_pass()


def read_by_people(engine: Engine, luck: random.Random) -> None:
    """Receipts in any order, some of them again."""
    sent = engine.stage.box.db.read_here(
        lambda rows: rows.all("select wa_message_id as id from messages where status = 'sent'")
    )
    for row in luck.sample(sent, k=min(len(sent), 5)):
        for ack in luck.choices([1, 2, 3], k=3):
            engine.driver.ack(engine.stage.asha.device_id, row["id"], ack)


def restarted(engine: Engine, luck: random.Random) -> None:
    engine.restarted()


EVENTS: tuple[Callable[[Engine, random.Random], None], ...] = (
    reload,
    storm,
    dead_channel,
    refused_late,
    read_by_people,
    restarted,
)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_week_loses_nothing_doubles_nothing_and_adds_up(tmp_path: Path, seed: int) -> None:
    engine, luck = make(tmp_path), random.Random(seed)
    people(engine, 60)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    for _ in range(DAYS * 12):
        luck.choice(EVENTS)(engine, luck)
        engine.stage.hands.forward(hours=2)
        engine.turns.step(engine.stage.asha.device_id)
    for _ in range(40):
        engine.stage.hands.forward(minutes=6)
        engine.turn()
        engine.driver.let_pass()
    campaign, device = show(engine, campaign_id), engine.stage.device()
    assert (device.linked, device.wanted, device.link_epoch) == (True, True, 1)
    assert campaign.queued == 0
    assert campaign.sent + campaign.failed + campaign.unknown == 60
    assert campaign.failed > 0
    assert [one for one in engine.driver.taken.values() if one.copies > 1] == []
    gone = {one.chat_id for one in engine.driver.taken.values()}
    assert len(gone) >= campaign.sent + campaign.failed
    with closing(sqlite3.connect(engine.stage.box.db.path)) as connection:
        assert list(promises.broken(connection)) == []
    engine.stage.close()


def test_messages_that_reach_nobody_are_a_sign_after_fifteen_and_half_an_hour(tmp_path: Path) -> None:
    engine = make(tmp_path)

    def none_arrive() -> bool:
        device_id, now = engine.stage.asha.device_id, engine.stage.hands.now()
        return engine.stage.box.db.read_here(answers.none_arrive, device_id, now=now)

    jobs = [engine.send(f"88017110000{n:02d}") for n in range(14)]
    engine.turn()
    engine.stage.hands.forward(minutes=31)
    assert not none_arrive(), "fourteen may be chance"
    jobs.append(engine.send(PHONE))
    engine.turn()
    assert not none_arrive(), "the last has just gone"
    engine.stage.hands.forward(minutes=31)
    assert none_arrive()
    engine.driver.ack(engine.stage.asha.device_id, engine.message(jobs[3]).wa_message_id or "", 2)
    assert not none_arrive()
    engine.stage.hands.forward(hours=24 * 4)
    assert not none_arrive(), "of long ago"
    assert timedelta(minutes=30) == answers.ARRIVES_WITHIN
    engine.stage.close()
