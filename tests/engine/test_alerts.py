"""Alerts: told once, again while it lasts, and when it is well; by mail, webhook and a phone that is well."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine, make
from wabox import closing, fence
from wabox.accounts import shops, users
from wabox.accounts.states import Actor
from wabox.alerts import choices
from wabox.alerts import stored as alerts
from wabox.alerts.kinds import Ill, Key
from wabox.alerts.looking import Seen
from wabox.backup import nightly, record
from wabox.checkup import machine_clock
from wabox.contacts import phones, suppression
from wabox.datadir import DataDir
from wabox.db import Tx
from wabox.devices import orders
from wabox.engine import alerting
from wabox.engine.alerting import Alerting
from wabox.engine.clock import Clock
from wabox.engine.housekeeping import Housekeeping
from wabox.letters import roads, writing
from wabox.messages import stored
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow

OWN, SECOND = "8801733000001", "8801700000002"
DOWN, WELL = "The phone primary sends nothing.", "The phone primary is well again."


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make(tmp_path, smtp={"host": "127.0.0.1", "from": "box@example.com"})
    yield made
    made.stage.close()


def look(engine: Engine, seen: Seen | None = None) -> None:
    """As the clock has it done, twice at once."""
    for _ in range(2):
        engine.stage.box.db.write_now(alerting.look_and_tell, engine.stage.box, seen or {})


def after(engine: Engine, **span: float) -> None:
    engine.stage.hands.forward(**span)
    look(engine)


def mails(engine: Engine) -> list[str]:
    found = engine.stage.box.db.read_here(lambda rows: rows.all("select subject from mails order by id"))
    return [row["subject"] for row in found]


def choose(engine: Engine, **given: Any) -> None:
    stage = engine.stage

    def verb(tx: Tx) -> None:
        choices.change(tx, stage.asha.id, given, role="owner", country="BD", now=stage.hands.now())

    stage.box.db.write_now(verb)


def second(engine: Engine) -> int:
    """Another phone of asha's, linked and ready."""
    made = engine.stage.box.db.write_now(
        orders.create, engine.stage.asha.id, "sales", most=5, now=engine.stage.hands.now()
    )
    engine.link(made.id, SECOND)
    return made.id


def messages(engine: Engine) -> list[stored.Message]:
    def ask(rows: Any) -> list[stored.Message]:
        return [stored.by_id(rows, row["id"]) for row in rows.all("select id from messages order by id")]

    return engine.stage.box.db.read_here(ask)


def test_an_unlinked_phone_is_told_at_once_after_an_hour_each_day_and_when_it_is_well(engine: Engine) -> None:
    look(engine)
    assert mails(engine) == []
    engine.driver.unlink(engine.stage.asha.device_id)
    look(engine)
    assert mails(engine) == [DOWN]
    after(engine, minutes=59)
    assert mails(engine) == [DOWN]
    after(engine, minutes=2)
    assert mails(engine) == [DOWN, f"Still: {DOWN}"]
    for _ in range(6):
        after(engine, hours=24)
    assert len(mails(engine)) == 8
    after(engine, days=6)
    assert len(mails(engine)) == 8
    after(engine, days=1)
    assert len(mails(engine)) == 9
    engine.link()
    look(engine)
    assert mails(engine)[9:] == [WELL]


def test_an_alert_of_a_shop_with_a_name_begins_with_it(engine: Engine) -> None:
    stage = engine.stage
    stage.box.db.write_now(shops.change, stage.asha.id, {"name": "100% Rupa"}, now=stage.hands.now())
    engine.driver.unlink(stage.asha.device_id)
    look(engine)
    assert mails(engine) == [f"100% Rupa: {DOWN}"]


def test_what_comes_and_goes_is_no_storm(engine: Engine) -> None:
    for _ in range(5):
        engine.driver.unlink(engine.stage.asha.device_id)
        after(engine, minutes=2)
        engine.link()
        after(engine, minutes=2)
    assert mails(engine) == [DOWN, WELL]
    engine.driver.unlink(engine.stage.asha.device_id)
    after(engine, minutes=50)
    assert mails(engine) == [DOWN, WELL, DOWN]


def test_a_page_that_does_not_load_has_a_quarter_of_an_hour_and_a_start_is_no_news(engine: Engine) -> None:
    number = engine.stage.asha.device_id
    engine.driver.show(number, "disconnected", "page_failed")
    look(engine)
    after(engine, minutes=14)
    assert mails(engine) == []
    after(engine, minutes=2)
    assert mails(engine) == [DOWN]
    engine.driver.show(number, "starting", "reconnecting")
    look(engine)
    assert mails(engine) == [DOWN]
    engine.driver.recover(number)
    look(engine)
    assert mails(engine) == [DOWN, WELL]


def test_a_box_that_dies_while_it_tells_tells_it_once_after(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.driver.unlink(engine.stage.asha.device_id)
    with monkeypatch.context() as patch:
        patch.setattr(choices, "went", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            look(engine)
    assert mails(engine) == []
    assert engine.stage.value("select count(*) from alerts") == 0
    look(engine)
    assert mails(engine) == [DOWN]


def test_whatsapp_brings_it_as_an_ordinary_message_from_a_phone_that_is_well(engine: Engine) -> None:
    choose(engine, whatsapp="01733000001", mail=False)
    look(engine)
    engine.driver.unlink(engine.stage.asha.device_id)
    look(engine)
    assert messages(engine) == []  # the ill one brings nothing
    number = second(engine)
    after(engine, hours=1, minutes=1)
    (told,) = messages(engine)
    assert (told.device_id, told.phone) == (number, OWN)
    assert engine.stage.value("select is_system from messages") == 0  # every gate stands before it
    assert told.text.startswith(f"Still: {DOWN}")
    assert told.expires_at == engine.stage.hands.now() + timedelta(hours=24)
    assert mails(engine) == []
    engine.link()
    look(engine)
    # it was well before the message went, so neither goes
    assert [(one.status, one.text) for one in messages(engine)] == [("cancelled", told.text)]


def test_a_stop_from_the_own_number_wins(engine: Engine) -> None:
    stage = engine.stage
    second(engine)
    choose(engine, whatsapp=OWN)

    def stop(tx: Tx) -> None:
        suppression.opt_out(tx, stage.asha.id, OWN, source="word", now=stage.hands.now())

    stage.box.db.write_now(stop)
    engine.driver.unlink(stage.asha.device_id)
    look(engine)
    assert mails(engine) == [DOWN]
    assert messages(engine) == []


def test_the_rest_of_what_ails_is_told_too(engine: Engine) -> None:
    stage = engine.stage
    look(engine, {"disk_full": Ill(), "backup": Ill({"why": "There was no backup for two nights."})})
    assert mails(engine) == ["The disk of your box is nearly full. (and 1 more)"]
    look(engine, {"disk_full": True, "backup": True})
    assert mails(engine)[1:] == ["The disk of your box has room again. (and 1 more)"]

    def fails(tx: Tx) -> None:
        endpoints.put(
            tx,
            stage.asha.id,
            url="https://shop.example/wa",
            allow=Allow(),
            seal=stage.box.seal,
            now=stage.hands.now(),
        )
        tx.run("update webhooks set failing_since = '2026-03-10T06:00:00.000000+00:00'")

    stage.box.db.write_now(fails)
    look(engine)
    assert len(mails(engine)) == 2
    after(engine, hours=1)
    assert mails(engine)[2:] == ["Your webhook has taken nothing for over an hour."]
    stage.box.db.write_now(lambda tx: tx.run("insert into box (key, value) values ('clock_wrong', 'behind')"))
    stage.box.db.write_now(lambda tx: tx.run("update webhooks set failing_since = null"))
    look(engine)
    assert mails(engine)[3:] == ["The clock of your box looks wrong, so nothing is sent."]
    stage.box.db.write_now(machine_clock.confirm, stage.hands.now())
    look(engine)
    assert mails(engine)[4:] == ["Your webhook takes what it is sent again. (and 1 more)"]


def test_a_campaign_that_wabox_paused_is_told_and_one_that_its_owner_paused_is_not(engine: Engine) -> None:
    def verb(tx: Tx, reason: str | None) -> None:
        tx.insert(
            """insert into campaigns (user_id, name, message, audience, status, status_reason, created_at)
               values (:user_id, 'Eid 50 %', 'Hello', '{}', 'paused', :reason, :now)""",
            user_id=engine.stage.asha.id,
            reason=reason,
            now="2026-03-10T06:00:00.000000+00:00",
        )

    engine.stage.box.db.write_now(verb, None)
    look(engine)
    assert mails(engine) == []
    engine.stage.box.db.write_now(verb, "tripwire_not_on_whatsapp")
    look(engine)
    assert mails(engine) == ["The campaign “Eid 50 %” stands still."]


def test_nobody_hears_of_another_and_a_kind_that_is_off_is_not_told(engine: Engine) -> None:
    stage = engine.stage
    engine.link(stage.bilal.device_id, SECOND)
    choose(engine, kinds=["webhook_failing"])
    engine.driver.unlink(stage.asha.device_id)
    engine.driver.unlink(stage.bilal.device_id)
    look(engine)
    found = stage.box.db.read_here(lambda rows: rows.all("select recipient from mails"))
    assert [row["recipient"] for row in found] == ["bilal@example.com"]


def test_of_a_closed_account_nothing_is_told_and_nothing_is_left(engine: Engine) -> None:
    stage = engine.stage
    engine.link(stage.bilal.device_id, SECOND)
    engine.driver.unlink(stage.bilal.device_id)
    look(engine)
    assert len(mails(engine)) == 1

    def close(tx: Tx) -> None:
        closing.close(tx, stage.bilal.id, by=Actor(stage.asha.id, None), now=stage.hands.now())

    stage.box.db.write_now(close)
    after(engine, hours=2)
    assert len(mails(engine)) == 1
    while stage.box.db.write_now(closing.forget, stage.bilal.id, now=stage.hands.now()):
        pass
    assert stage.value("select count(*) from alerts") == 0


def test_a_held_box_tells_nothing_until_it_is_released(engine: Engine) -> None:
    box = engine.stage.box
    engine.driver.unlink(engine.stage.asha.device_id)
    box.db.write_now(fence.quarantine, "restored", behind=None, now=box.now())
    step = Alerting(box)

    async def tick() -> None:
        clock = Clock.__new__(Clock)
        clock._box, clock._stopping = box, False
        step._looked_at = -100.0
        await clock._each([step.tick])
        await step.quiet()

    asyncio.run(tick())
    assert mails(engine) == []
    box.db.write_now(fence.lift, "quarantined")
    asyncio.run(tick())
    assert mails(engine) == [DOWN]


def test_a_test_goes_by_each_road_or_says_why_not(engine: Engine) -> None:
    stage = engine.stage
    asha = stage.box.db.read_here(users.by_id, stage.asha.id)
    assert asha is not None
    stage.box.db.write_now(roads.test_mail, stage.box, asha, now=stage.hands.now())
    assert mails(engine) == ["This is a test: alerts of your wabox reach you here."]
    choose(engine, whatsapp=OWN)
    stage.box.db.write_now(roads.test_whatsapp, stage.box, asha, now=stage.hands.now())
    engine.turn()
    assert [(one.phone, one.status) for one in messages(engine)] == [
        (phones.parse(OWN, country="BD").digits, "sent")
    ]


def test_a_look_that_takes_long_holds_up_no_tick(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def seen(_: object) -> Seen:
        begun.set()
        goes_on.wait(10)
        return {}

    monkeypatch.setattr(alerting, "_seen", seen)

    async def run() -> None:
        step = Alerting(engine.stage.box)
        try:
            await asyncio.wait_for(step.tick(), 2)
            step._looked_at = -100.0
            await asyncio.wait_for(step.tick(), 2)
        finally:
            goes_on.set()
        await step.quiet()

    asyncio.run(run())
    assert begun.is_set()


def test_what_was_found_of_a_backup_is_told_as_it_is(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, told = engine.stage, []
    entry = record.Entry(stage.hands.now(), "night", "x", "/50%d", why="No room in /50%d.")
    record.add(DataDir(stage.box.config.data.dir), entry)
    monkeypatch.setattr(nightly, "place_of", lambda _: Path("/50%d"))
    owe = writing.owe_written

    def written(tx: Tx, post: writing.Post, subject: str, body: str) -> int:
        told.append(body)
        return owe(tx, post, subject, body)

    monkeypatch.setattr(writing, "owe_written", written)
    engine.driver.unlink(stage.asha.device_id)
    look(engine, {"backup": alerting._backup(stage.box)})
    (body,) = told
    assert "The last backup failed: No room in /50%d." in body
    assert DOWN in body


def test_one_alert_that_cannot_be_written_takes_no_other_along(engine: Engine) -> None:
    engine.driver.unlink(engine.stage.asha.device_id)
    look(engine, {"backup": Ill({"says": "50%d", "x": "y"})})
    assert mails(engine) == [DOWN]


def test_of_a_customers_phone_the_owners_alert_keeps_no_name(engine: Engine) -> None:
    stage, number = engine.stage, engine.stage.bilal.device_id
    engine.link(number, SECOND)
    engine.driver.show(number, "disconnected", "engine_incompatible")
    look(engine)
    assert "WhatsApp has changed: primary (bilal@example.com) sends nothing." in mails(engine)
    rows = stage.box.db.read_here(lambda rows: rows.all("select * from alerts"))
    assert "bilal" not in str([dict(row) for row in rows])
    assert Key(stage.asha.id, "engine_incompatible", f"device {number}") in [
        one.key for one in stage.box.db.read_here(alerts.lasting)
    ]

    def close(tx: Tx) -> None:
        closing.close(tx, stage.bilal.id, by=Actor(stage.asha.id, None), now=stage.hands.now())

    stage.box.db.write_now(close)
    look(engine)
    while stage.box.db.write_now(closing.forget, stage.bilal.id, now=stage.hands.now()):
        pass
    assert stage.value("select count(*) from alerts where kind = 'engine_incompatible'") == 0


def test_old_alerts_are_swept_without_news(engine: Engine) -> None:
    stage = engine.stage
    engine.driver.unlink(stage.asha.device_id)
    look(engine)
    engine.link()
    look(engine)
    for days, left in ((89, 1), (2, 0)):
        stage.hands.forward(days=days)
        asyncio.run(Housekeeping(stage.box).tick())
        assert stage.value("select count(*) from alerts") == left
