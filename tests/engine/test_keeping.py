"""What is old enough goes, in pieces, within its room; what is unsettled, and what the books need, stays."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import PHONE, Engine, make
from wabox import fence, retention, times
from wabox.campaigns import replies
from wabox.checkup import machine_clock
from wabox.db import Tx
from wabox.engine import keeping
from wabox.messages import outbox, stored
from wabox.whatsapp.driver import Inbound

RECORDS = {"keep_audit_days": 100, "keep_receipt_days": 100}
DAYS = {
    "keep_messages_days": 100,
    "keep_webhook_days": 30,
    "keep_inbox_days": 100,
    "keep_import_days": 100,
    **RECORDS,
}
DAY = timedelta(days=1)
SECTIONS: dict[str, dict[str, Any]] = {"data": DAYS}
COUNTED = False  # rows are removed here, and what was counted of them stays


@pytest.fixture(autouse=True)
def synchronised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "is_synchronised", lambda: True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Engine]:
    """A box whose database may take a megabyte."""
    made = make(tmp_path, data={**DAYS, "database_megabytes": 1, "keep_messages_days": 0})
    yield made
    made.stage.close()


def looks(engine: Engine, times_: int = 1) -> None:
    made = keeping.Keeping(engine.stage.box)
    for _ in range(times_):
        asyncio.run(made.tick())


def rows(engine: Engine, table: str) -> int:
    found: int = engine.stage.value(f"select count(*) from {table}")
    return found


def put(engine: Engine, sql: str, **params: Any) -> int:
    return engine.stage.box.db.write_now(lambda tx: tx.insert(sql, **params))


def run(engine: Engine, sql: str, **params: Any) -> None:
    engine.stage.box.db.write_now(lambda tx: tx.run(sql, **params))


def heard(engine: Engine, number: int, *, text: str = "Hello", days_ago: int = 0) -> None:
    at = engine.stage.hands.now() - timedelta(days=days_ago)
    event = Inbound(engine.stage.asha.device_id, 0, f"IN{number}", f"{PHONE}@c.us", PHONE, None, text, "chat", at)
    engine.stage.box.db.write_now(replies.hear, event, now=engine.stage.hands.now())


def fill(tx: Tx, engine: Engine, count: int, queued_at: str, text: str) -> None:
    """Messages that were read, straight into the log."""
    asha = engine.stage.asha
    tx.many(
        """insert into messages (user_id, device_id, phone, text, status, priority, new_chat, queued_at, sent_at)
           values (?, ?, ?, ?, 'read', 1, 0, ?, ?)""",
        [(asha.id, asha.device_id, f"88017{n:08d}", text, queued_at, queued_at) for n in range(count)],
    )
    stored.rows_added(tx, asha.id, count)


def test_what_is_settled_and_old_goes_and_is_counted(engine: Engine) -> None:
    job = engine.send()
    engine.turn()
    waiting = engine.send("8801711000002", scheduled_for=engine.stage.hands.now() + timedelta(days=300))
    engine.stage.hands.forward(days=99)
    looks(engine)
    assert rows(engine, "messages") == 2
    engine.stage.hands.forward(days=2)
    looks(engine)
    assert engine.stage.value("select group_concat(id) from messages") == str(waiting)
    assert engine.stage.box.db.read_here(retention.removed) == {"messages": 1}
    assert engine.stage.box.db.write_now(outbox.next_id) > max(job, waiting)  # an id is never used again
    assert engine.stage.value("select n from message_totals") == 1
    assert engine.stage.value("select sum(n) from message_counts where status = 'sent'") == 1


@pytest.mark.parametrize("status", ["queued", "sending", "unknown"])
def test_what_is_not_settled_stays_for_ever(engine: Engine, status: str) -> None:
    job = engine.send()
    run(engine, "update messages set status = :status where id = :id", status=status, id=job)
    engine.stage.hands.forward(days=5_000)
    looks(engine)
    assert rows(engine, "messages") == 1


def test_what_is_still_to_be_deleted_for_everyone_stays(engine: Engine) -> None:
    job = engine.send()
    engine.turn()
    run(
        engine, "update messages set revoke_asked_at = queued_at, revoke_due_at = queued_at where id = :id", id=job
    )
    engine.stage.hands.forward(days=200)
    looks(engine)
    assert rows(engine, "messages") == 1


def test_a_message_stays_until_its_webhook_has_heard(engine: Engine) -> None:
    job = engine.send()
    engine.turn()
    put(
        engine,
        """insert into deliveries (user_id, message_id, webhook_id, event, payload, due_at, created_at)
           values (:user_id, :job, 'msg_1', 'delivery.sent', '{}', :at, :at)""",
        user_id=engine.stage.asha.id,
        job=job,
        at=times.stored(engine.stage.hands.now()),
    )
    engine.stage.hands.forward(days=200)
    looks(engine)
    assert (rows(engine, "messages"), rows(engine, "deliveries")) == (1, 1)
    run(engine, "update deliveries set status = 'delivered'")
    looks(engine)
    assert (rows(engine, "messages"), rows(engine, "deliveries")) == (0, 0)


def test_what_a_campaign_that_goes_on_has_written_stays(engine: Engine) -> None:
    job = engine.send()
    engine.turn()
    asha, at = engine.stage.asha, times.stored(engine.stage.hands.now())
    campaign_id = put(
        engine,
        """insert into campaigns (user_id, name, message, status, created_at, total, expanded, sent)
           values (:user_id, 'Sale', 'Hi', 'paused', :at, 1, 1, 1)""",
        user_id=asha.id,
        at=at,
    )
    run(engine, "update messages set campaign_id = :campaign where id = :id", campaign=campaign_id, id=job)
    engine.stage.hands.forward(days=200)
    looks(engine)
    assert rows(engine, "messages") == 1
    run(engine, "update campaigns set status = 'completed', finished_at = :at", at=at)
    looks(engine)
    assert rows(engine, "messages") == 0
    assert engine.stage.value("select sent from campaigns") == 1


def test_texts_from_people_go_but_not_what_waits_for_an_eye_nor_their_stop(engine: Engine) -> None:
    heard(engine, 1)
    heard(engine, 2, text="STOP")
    heard(engine, 3, text="Please stop?")
    engine.stage.hands.forward(days=101)
    looks(engine)
    assert engine.stage.value("select group_concat(verdict) from inbox") == "near_miss"
    assert rows(engine, "suppressions") == 1
    assert engine.status(engine.send()) == "skipped"


def test_what_was_removed_is_not_heard_anew(engine: Engine) -> None:
    """WhatsApp's page tells everything again after a sync: a STOP of then must not undo the START after it."""
    heard(engine, 1, text="STOP")
    heard(engine, 2, text="START")
    engine.stage.hands.forward(days=101)
    looks(engine)
    assert rows(engine, "inbox") == 0
    heard(engine, 1, text="STOP", days_ago=101)
    assert rows(engine, "inbox") == 0
    assert rows(engine, "suppressions") == 0
    heard(engine, 3, text="STOP", days_ago=1)
    assert rows(engine, "suppressions") == 1


def test_an_old_import_goes_after_its_refused_rows(engine: Engine) -> None:
    at = times.stored(engine.stage.hands.now())
    ids = [
        put(
            engine,
            """insert into imports (user_id, name, file, encoding, dialect, status, created_at, finished_at)
               values (:user_id, 'people.csv', 'x', 'utf-8', '{}', :status, :at, :at)""",
            user_id=engine.stage.asha.id,
            status=status,
            at=at,
        )
        for status in ("done", "running")
    ]
    for one in ids:
        run(
            engine,
            """insert into import_refusals (user_id, import_id, line, reason, row)
               with recursive n(i) as (select 1 union all select i + 1 from n where i < 700)
               select :user_id, :id, i, 'bad', '[]' from n""",
            user_id=engine.stage.asha.id,
            id=one,
        )
    engine.stage.hands.forward(days=101)
    looks(engine)
    assert engine.stage.value("select group_concat(status) from imports") == "running"
    assert rows(engine, "import_refusals") == 700
    assert engine.stage.box.db.read_here(retention.removed) == {"refused_rows": 700, "imports": 1}
    run(engine, "delete from import_refusals")
    run(engine, "delete from imports")


def test_no_transaction_takes_more_than_five_hundred(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    old = times.stored(engine.stage.hands.now() - timedelta(days=150))
    engine.stage.box.db.write_now(fill, engine, 1_200, old, "Hello")
    pieces: list[int] = []
    whole = retention.remove

    def counted(tx: Tx, kind: str, ids: list[int], **more: Any) -> int:
        pieces.append(whole(tx, kind, ids, **more))
        return pieces[-1]

    monkeypatch.setattr(retention, "remove", counted)
    looks(engine)
    assert (max(pieces), sum(pieces)) == (500, 1_200)


def test_a_kill_between_pieces_changes_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    old = times.stored(engine.stage.hands.now() - timedelta(days=150))
    engine.stage.box.db.write_now(fill, engine, 1_200, old, "Hello")
    whole = keeping.Keeping._piece

    async def dies(self: keeping.Keeping, kind: str, before: datetime) -> int:
        if rows(engine, "messages") < 1_200:
            raise KeyboardInterrupt
        return await whole(self, kind, before)

    with monkeypatch.context() as patched:
        patched.setattr(keeping.Keeping, "_piece", dies)
        with pytest.raises(KeyboardInterrupt):
            looks(engine)
    assert rows(engine, "messages") == 700 == engine.stage.value("select n from message_totals")
    looks(engine)
    assert rows(engine, "messages") == 0
    assert engine.stage.box.db.read_here(retention.removed) == {"messages": 1_200}


# -- the clock ----------------------------------------------------------------------------------------


def test_a_clock_that_leaps_ten_years_takes_nothing_along(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A board without a battery starts ten years ahead; nothing on it says so."""
    monkeypatch.setattr(keeping, "is_synchronised", lambda: False)
    engine.send()
    engine.turn()
    looks(engine)
    engine.stage.hands.forward(days=3_650)
    looks(engine, 24)
    assert rows(engine, "messages") == 1
    engine.stage.hands.forward(days=-3_650)
    looks(engine)
    assert engine.stage.value("select value from box where key = 'kept_at'") == times.stored(
        engine.stage.hands.now()
    )


def test_a_box_that_was_off_for_a_while_catches_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "is_synchronised", lambda: False)
    engine.send()
    engine.turn()
    looks(engine)
    engine.stage.hands.forward(days=102)
    looks(engine, 102)
    assert rows(engine, "messages") == 0


def test_nothing_goes_while_the_clock_looks_wrong(engine: Engine) -> None:
    engine.send()
    engine.turn()
    engine.stage.hands.forward(days=200)
    now = engine.stage.hands.now()
    engine.stage.box.db.write_now(machine_clock.judge, now, jumped=True)
    looks(engine)
    assert rows(engine, "messages") == 1
    engine.stage.box.db.write_now(machine_clock.confirm, now)
    looks(engine)
    assert rows(engine, "messages") == 0


def test_nothing_goes_from_a_box_that_is_held(engine: Engine) -> None:
    engine.send()
    engine.turn()
    engine.stage.hands.forward(days=200)
    engine.stage.box.db.write_now(fence.quarantine, "restored", behind=None, now=engine.stage.hands.now())
    looks(engine)
    assert rows(engine, "messages") == 1


# -- room ---------------------------------------------------------------------------------------------


def test_where_the_database_takes_too_much_the_oldest_make_room_and_young_ones_never(small: Engine) -> None:
    now = small.stage.hands.now()
    for days in (200, 50, 20):
        small.stage.box.db.write_now(fill, small, 1_000, times.stored(now - timedelta(days=days)), "x" * 400)
    looks(small)
    left = small.stage.value(
        "select count(*) from messages where queued_at < :at", at=times.stored(now - timedelta(days=30))
    )
    assert left == 0
    assert rows(small, "messages") == 1_000


def many(engine: Engine, kind: str, days: int) -> None:
    """Half a megabyte of a class, of so many days ago, all of it settled."""
    asha, at = engine.stage.asha, times.stored(engine.stage.hands.now() - timedelta(days=days))
    words = "x" * 900
    said = {
        "mails": """insert into mails (user_id, recipient, subject, status, created_at)
                    values (:user, 'a@b.test', :words, 'sent', :at)""",
        "inbox": """insert into inbox (user_id, device_id, wa_message_id, phone, text, kind, at)
                    values (:user, :device, hex(randomblob(8)), '8801711000001', :words, 'chat', :at)""",
        "audit": "insert into audit (user_id, action, details, at) values (:user, 'key.rotated', :words, :at)",
    }[kind]

    def fill_it(tx: Tx) -> None:
        for _ in range(600):
            tx.run(said, **{name: value for name, value in values.items() if f":{name}" in said})

    values = {"user": asha.id, "device": asha.device_id, "words": words, "at": at}
    engine.stage.box.db.write_now(fill_it)


@pytest.mark.parametrize(("kind", "old", "young"), [("mails", 40, 5), ("inbox", 200, 80), ("audit", 500, 170)])
def test_every_class_makes_room_and_what_is_young_stays(tmp_path: Path, kind: str, old: int, young: int) -> None:
    small = make(tmp_path, data={"database_megabytes": 1, "keep_inbox_days": 0, "keep_audit_days": 0})
    run(small, "delete from box where key = 'audit_kept_from'")
    before = rows(small, kind)
    many(small, kind, old)
    many(small, kind, young)
    looks(small)
    assert rows(small, kind) == before + 600
    assert small.stage.box.db.read_here(retention.removed) == {kind: 600}
    small.stage.close()


def test_pictures_of_payments_make_room_the_oldest_first_and_undecided_ones_never(tmp_path: Path) -> None:
    engine = make(tmp_path, data={"receipt_megabytes": 1, "keep_receipt_days": 0})
    folder, now = engine.stage.box.config.data.dir / "receipts", engine.stage.hands.now()
    folder.mkdir()
    plan = put(
        engine,
        """insert into plans (name, price_minor, currency, days, created_at)
           values ('Shop', 1, 'BDT', 30, :at)""",
        at=times.stored(now),
    )
    for n, (status, days) in enumerate([("pending", 300), *[("approved", days) for days in (200, 100, 60, 20)]]):
        (folder / f"{n}.png").write_bytes(bytes(400_000))
        put(
            engine,
            """insert into payments (user_id, plan_id, provider, amount_minor, currency, txid, canon_txid, receipt,
                 sender, status, decided_at, created_at)
               values (:user, :plan, 'bkash', 1, 'BDT', :txid, :txid, :receipt, '', :status, :decided, :at)""",
            user=engine.stage.bilal.id,
            plan=plan,
            txid=f"tx{n}",
            receipt=f"{n}.png",
            status=status,
            decided=times.stored(now - timedelta(days=days)) if status == "approved" else None,
            at=times.stored(now - timedelta(days=days)),
        )
    looks(engine)
    kept = "select group_concat(receipt) from payments where receipt is not null"
    assert engine.stage.value(kept) == "0.png,4.png"
    assert engine.stage.box.db.read_here(retention.removed) == {"receipts": 3}
    engine.stage.close()


def test_room_is_made_no_further_than_wanted(small: Engine) -> None:
    now = small.stage.hands.now()
    for days in (200, 100):
        small.stage.box.db.write_now(fill, small, 500, times.stored(now - timedelta(days=days)), "x" * 400)
    looks(small)
    assert small.stage.value("select min(queued_at) from messages") == times.stored(now - timedelta(days=100))


def test_the_file_gets_shorter_and_is_not_taken_for_cut(small: Engine) -> None:
    db = small.stage.box.db
    old = times.stored(small.stage.hands.now() - timedelta(days=200))
    db.write_now(fill, small, 4_000, old, "x" * 400)
    _checkpointed(db.path)
    db.look()
    before = db.read_here(lambda rows: rows.value("pragma page_count"))
    looks(small)
    assert db.read_here(lambda rows: rows.value("pragma page_count")) < before / 2
    db.look()
    _checkpointed(db.path)
    db.look()
    assert not db.damaged
    assert db.path.stat().st_size < before * 1024 / 2


def test_a_file_that_somebody_cuts_after_that_is_found(small: Engine) -> None:
    test_the_file_gets_shorter_and_is_not_taken_for_cut(small)
    db = small.stage.box.db
    with db.path.open("r+b") as file:
        file.truncate(db.path.stat().st_size // 2)
    db.look()
    assert db.damaged


def _checkpointed(path: Path) -> None:
    """As the writer does when the journal is long enough."""
    with closing(sqlite3.connect(path)) as connection:
        assert tuple(connection.execute("pragma wal_checkpoint(truncate)").fetchone()) == (0, 0, 0)


async def test_what_takes_how_much_room_is_known(engine: Engine) -> None:
    await keeping.Keeping(engine.stage.box).weigh()
    found = engine.stage.box.db.read_here(retention.weights)
    if not found:
        pytest.skip("this machine's SQLite has no dbstat")
    assert set(found) == {*retention.KINDS, "else"}
    assert found["messages"] >= 1024


def test_what_has_an_emoji_on_its_way_stays(engine: Engine) -> None:
    job = engine.send()
    engine.turn()
    put(
        engine,
        """insert into reactions (user_id, device_id, message_id, ours, emoji, at, due_at)
           values (:user_id, :device_id, :job, 1, '👍', :at, :at)""",
        user_id=engine.stage.asha.id,
        device_id=engine.stage.asha.device_id,
        job=job,
        at=times.stored(engine.stage.hands.now()),
    )
    engine.stage.hands.forward(days=200)
    looks(engine)
    assert rows(engine, "messages") == 1
    run(engine, "update reactions set due_at = null")
    looks(engine)
    assert (rows(engine, "messages"), rows(engine, "reactions")) == (0, 0)


def test_copies_that_upgrades_left_go_after_a_month(engine: Engine) -> None:
    backups = engine.stage.box.config.data.dir / "backups"
    for name, days in (("before-0001_first.db", 31), ("before-0002_campaigns.db", 29)):
        backups.mkdir(exist_ok=True)
        (backups / name).touch()
        at = (engine.stage.hands.now() - timedelta(days=days)).timestamp()
        os.utime(backups / name, (at, at))
    looks(engine)
    assert [one.name for one in backups.iterdir()] == ["before-0002_campaigns.db"]


def test_the_record_of_deeds_ends_where_it_is_old_and_nowhere_else(engine: Engine) -> None:
    run(engine, "delete from box where key = 'audit_kept_from'")
    for action, days in (("key.rotated", 101), ("account.locked", 101), ("campaign.launched", 99)):
        at = engine.stage.hands.now() - timedelta(days=days)
        run(engine, "insert into audit (action, at) values (:action, :at)", action=action, at=times.stored(at))
    looks(engine)
    left = engine.stage.box.db.read_here(
        lambda rows: [row["action"] for row in rows.all("select action from audit")]
    )
    assert "key.rotated" not in left and {"account.locked", "campaign.launched"} <= set(left)
    assert engine.stage.box.db.read_here(retention.removed)["audit"] == 1
    for which in ("at > :at", "action = 'account.locked'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            run(engine, f"delete from audit where {which}", at=times.stored(engine.stage.hands.now() - 100 * DAY))


def test_a_picture_goes_with_time_after_its_payment_was_decided_and_the_payment_stays(engine: Engine) -> None:
    asha, now = engine.stage.asha.id, engine.stage.hands.now()
    put(
        engine,
        """insert into plans (name, price_minor, currency, days, created_at)
           values ('Basic', 50000, 'BDT', 30, '2025')""",
    )
    for txid, status, days in (
        ("aaa", "rejected", 101),
        ("bbb", "rejected", 101),
        ("ccc", "rejected", 99),
        ("ddd", "pending", 400),
    ):
        put(
            engine,
            """insert into payments (user_id, plan_id, provider, amount_minor, currency, txid, canon_txid, sender,
                 receipt, status, decided_at, created_at, ip)
               values (:user, 1, 'bkash', 50000, 'BDT', :txid, :txid, '017', :txid, :status, :at, '2025', null)""",
            user=asha,
            txid=txid,
            status=status,
            at=None if status == "pending" else times.stored(now - days * DAY),
        )
    looks(engine)
    found = engine.stage.box.db.read_here(
        lambda rows: {row["txid"]: row["receipt"] for row in rows.all("select * from payments")}
    )
    assert found == {"aaa": None, "bbb": None, "ccc": "ccc", "ddd": "ddd"}
    assert engine.stage.box.db.read_here(retention.removed)["receipts"] == 2
