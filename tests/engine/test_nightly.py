"""What wabox promises of its rows: true of a busy box, and each broken by hand is found, named and left alone."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from tests.engine.conftest import Engine, make
from wabox.accounts.sealing import Seal
from wabox.campaigns import launching
from wabox.checkup import database, promises
from wabox.contacts import phones, writing
from wabox.db import Tx
from wabox.engine import keeping
from wabox.engine.expansion import Expansion
from wabox.engine.nightly_check import NightlyCheck
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Engine]:
    """asha's webhook hears of everything; a campaign, singles, receipts, a failure, an unsure one."""
    made = make(tmp_path)
    write, now = made.stage.box.db.write_now, made.stage.hands.now
    write(_webhook, made.stage.asha.id, made.stage.box.seal, now=now())
    made.stage.hands.forward(minutes=1)
    made.driver.not_on_whatsapp.add("8801711000002")
    campaign = write(_campaign, made)
    Expansion(made.stage.box).turn(campaign)
    for n in range(3):
        made.send(f"880171100001{n}")
    made.driver.plan("acked", "refused", "acked")
    for _ in range(20):
        made.turn()
        made.stage.hands.forward(seconds=30)
    for one in list(made.driver.taken.values())[:2]:
        made.driver.ack(one.device_id, one.message_id, 3)
    yield made
    made.stage.close()


def _webhook(tx: Tx, user_id: int, seal: Seal, *, now) -> None:  # type: ignore[no-untyped-def]
    endpoints.put(
        tx, user_id, url="https://shop.example/wa", events=endpoints.EVENTS, allow=Allow(), seal=seal, now=now
    )


def _campaign(tx: Tx, made: Engine) -> int:
    user_id, now = made.stage.asha.id, made.stage.hands.now()
    people = [
        writing.Draft(phones.parse(f"880171100000{n}", country="BD"), fields={"city": "Dhaka", "due": 1250})
        for n in range(1, 6)
    ]
    writing.bulk(tx, user_id, people, now=now)
    ids = [row["id"] for row in tx.all("select id from contacts order by id")]
    return launching.create(
        tx,
        user_id,
        name="Sale",
        message="Hi",
        audience="{}",
        contact_ids=ids,
        device_ids=None,
        scheduled_for=None,
        now=now,
    ).id


def checked(made: Engine) -> dict[str, str]:
    found = database.check(made.stage.box.db.path, quick=True, now=made.stage.hands.now()).findings
    return {one.name: one.says for one in found if one.level != "ok"}


def test_a_busy_box_keeps_every_promise(busy: Engine) -> None:
    ends = busy.stage.value("select count(distinct status) from messages where status <> 'queued'")
    assert ends >= 3
    assert busy.stage.value("select count(*) from deliveries") > 8
    assert checked(busy) == {}


BREAKS = {
    "every account has a primary device": "update devices set label = 'other' where user_id = 2",
    "no device has two messages in doubt": """drop index one_in_doubt;
        update messages set status = 'sending' where campaign_id is null""",
    "a message belongs to its device's account": "update messages set user_id = 2 where campaign_id is null",
    "a sent message has its time": "update messages set sent_at = null where status = 'read'",
    "no two messages share WhatsApp's id": """drop index wa_message;
        update messages set wa_message_id = 'X'""",
    "a log knows how many messages it has": "update message_totals set n = n + 1 where user_id = 1",
    "credits are the sum of the ledger": "update users set credits = 5 where id = 2",
    "invoices have no gap": """drop trigger invoices_have_no_gap;
        insert into invoices (number, user_id, plan_id, kind, amount_minor, currency, seller, buyer, issued_at,
                              renews)
            values (1, 1, 1, 'sale', 100, 'BDT', 's', 'b', '2026-03-10T06:00:00Z', null),
                   (3, 1, 1, 'sale', 100, 'BDT', 's', 'b', '2026-03-10T06:00:00Z', null)""",
    "an approved payment has its invoice": """
        insert into payments (user_id, plan_id, provider, amount_minor, currency, txid, canon_txid, sender, status,
                              decided_at, created_at)
            values (1, 1, 'bkash', 100, 'BDT', 'T1', 't1', '017', 'approved', '2026-03-10T06:00:00Z',
                    '2026-03-10T06:00:00Z')""",
    "a campaign counts what became of its messages": "update campaigns set sent = sent + 1",
    "what a contact has in a field is its account's, and is found by what it says": """
        update field_values set key = 7 where value = '1250'""",
    "a webhook was owed what became of each message": """delete from delivery_attempts;
        delete from deliveries where event = 'delivery.read'""",
}


@pytest.mark.parametrize("promise", BREAKS)
def test_a_promise_broken_by_hand_is_found_with_ids(busy: Engine, tmp_path: Path, promise: str) -> None:
    copy = tmp_path / "copy.db"
    busy.stage.box.db.write_now(lambda tx: None)
    source = sqlite3.connect(busy.stage.box.db.path)
    target = sqlite3.connect(copy)
    source.backup(target)
    source.close()
    target.executescript(BREAKS[promise])
    found = {one.promise: one for one in promises.broken(target)}
    assert promise in found
    assert found[promise].ids and found[promise].count >= len(found[promise].ids)
    target.close()


def test_a_loose_row_and_a_damaged_page_are_found(busy: Engine, tmp_path: Path) -> None:
    busy.stage.box.db.stop()
    copy = tmp_path / "copy.db"
    shutil.copy(busy.stage.box.db.path, copy)
    connection = sqlite3.connect(copy)
    connection.executescript(
        "pragma foreign_keys = off; delete from devices where id = 2; delete from users where id = 2"
    )
    connection.close()
    found = [one for one in database.findings(copy, quick=True) if one.level == "bad"]
    assert "references" in [one.name for one in found]
    with copy.open("r+b") as file:
        file.seek(3 * 4096 + 100)
        file.write(b"\xff" * 3000)
    assert [one.level for one in database.findings(copy, quick=True)][0] == "bad"
    busy.stage.box.db.start()


def test_the_night_finds_what_is_broken_and_leaves_it(busy: Engine) -> None:
    box, hands = busy.stage.box, busy.stage.hands
    nightly = NightlyCheck(box)
    box.db.write_now(lambda tx: tx.run("update campaigns set failed = 7"))
    with structlog.testing.capture_logs() as logged:
        asyncio.run(nightly.tick())
    assert "a campaign counts" in next(one["found"] for one in logged if one["event"] == "database check")
    last = box.db.read_here(database.last)
    assert last is not None and not last.well and last.at == hands.now()
    wrong = next(one for one in last.findings if one.level == "bad")
    assert "ids: 1." in wrong.says and "report" in wrong.cure
    assert busy.stage.value("select failed from campaigns") == 7


def test_it_is_done_at_night_once_and_by_day_if_the_box_was_off(busy: Engine) -> None:
    box, hands = busy.stage.box, busy.stage.hands
    nightly, times = NightlyCheck(box), []
    start = hands.now()
    for hours in range(60):
        hands.at = start + timedelta(hours=hours)
        asyncio.run(nightly.tick())
        last = box.db.read_here(database.last)
        assert last is not None
        if last.at == hands.at:
            times.append(last.at.astimezone(box.config.zone).hour)
    assert times == [12, 1, 1]
    hands.forward(hours=48)
    hands.at = hands.at.replace(hour=9)
    asyncio.run(nightly.tick())
    last = box.db.read_here(database.last)
    assert last is not None and last.at == hands.at


def test_what_was_forgotten_is_not_missed(busy: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "is_synchronised", lambda: True)
    busy.stage.hands.forward(days=31)
    busy.stage.box.db.write_now(
        lambda tx: tx.run("update deliveries set status = 'delivered', last_at = created_at")
    )
    asyncio.run(keeping.Keeping(busy.stage.box).tick())
    assert busy.stage.value("select count(*) from deliveries") == 0
    assert checked(busy) == {}
    busy.stage.hands.forward(days=340)
    asyncio.run(keeping.Keeping(busy.stage.box).tick())
    assert busy.stage.value("select count(*) from messages where campaign_id is not null and status = 'read'") == 0
    assert checked(busy) == {}
