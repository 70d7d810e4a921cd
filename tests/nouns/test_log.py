"""The log: its total is kept, and true through accepting, expanding and forgetting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from wabox.campaigns import control, expansion, launching
from wabox.checkup import counts
from wabox.contacts import writing
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.engine import keeping
from wabox.messages import leaving, log, outbox, template
from wabox.messages.log import Wanted


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """asha's log of seven messages, one of bilal's."""
    made = stage(tmp_path, data={"keep_messages_days": 30})
    for device_id, count in ((made.asha.device_id, 7), (made.bilal.device_id, 1)):
        for number in range(count):
            made.box.db.write_now(_accept, made, device_id, f"880171100000{number}")
    yield made
    made.close()


def _accept(tx: Tx, made: Stage, device_id: int, phone: str) -> int:
    device = devices.by_id(tx, device_id)
    return outbox.accept(tx, device, phone=phone, template=template.parse("Hi"), values={}, now=made.hands.now())


def _totals(made: Stage) -> tuple[int, int]:
    """Of asha's log: as kept, and as counted."""

    def ask(rows: Rows) -> tuple[int, int]:
        counted = rows.value("select count(*) from messages where user_id = :id", id=made.asha.id)
        return log.page(rows, made.asha.id, Wanted()).total, counted

    return made.box.db.read_here(ask)


def test_the_total_counts_what_was_accepted_and_nobody_elses(shop: Stage) -> None:
    assert _totals(shop) == (7, 7)


def test_a_message_that_was_refused_counts_nowhere(shop: Stage) -> None:
    def refused(tx: Tx) -> None:
        _accept(tx, shop, shop.asha.device_id, "8801711000009")
        raise ValueError

    with pytest.raises(ValueError):
        shop.box.db.write_now(refused)
    assert _totals(shop) == (7, 7)


def test_the_total_counts_a_campaign_and_not_what_was_forgotten(
    shop: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def launch(tx: Tx) -> int:
        now = shop.hands.now()
        ids = [writing.upsert(tx, shop.asha.id, phone=f"88017110001{n:02d}", now=now)[0].id for n in range(12)]
        return launching.create(
            tx,
            shop.asha.id,
            name="Sale",
            message="Hi",
            audience="{}",
            contact_ids=ids,
            device_ids=None,
            scheduled_for=None,
            now=now,
        ).id

    campaign_id, now = shop.box.db.write_now(launch), shop.hands.now()
    part = shop.box.db.read_here(expansion.prepare, campaign_id, require_consent=False, now=now)
    assert part is not None
    shop.box.db.write_now(expansion.write, part, now=now)
    assert _totals(shop) == (19, 19)
    shop.box.db.write_now(control.stop, shop.asha.id, campaign_id, now=now)
    shop.hands.forward(days=31)
    monkeypatch.setattr(keeping, "is_synchronised", lambda: True)
    asyncio.run(keeping.Keeping(shop.box).tick())
    assert _totals(shop) == (7, 7)  # those seven still wait


def test_pages_by_cursor_hold_each_message_once(shop: Stage) -> None:
    def walk(rows: Rows) -> list[int]:
        found, cursor = [], None
        while True:
            page = log.page(rows, shop.asha.id, Wanted(), per_page=3, cursor=cursor)
            found += [one.id for one in page.messages]
            cursor = page.next_cursor
            if cursor is None:
                return found

    ids = shop.box.db.read_here(walk)
    assert ids == sorted(ids, reverse=True) and len(ids) == 7


def test_a_part_of_the_log_is_counted(shop: Stage) -> None:
    at = shop.hands.now()
    shop.hands.forward(hours=1)
    late = shop.box.db.write_now(_accept, shop, shop.asha.device_id, "8801711000001")

    def ask(rows: Rows) -> None:
        def total(wanted: Wanted) -> int:
            return log.page(rows, shop.asha.id, wanted).total

        assert total(Wanted(since=at + timedelta(minutes=1))) == 1
        assert total(Wanted(until=at + timedelta(minutes=1))) == 7
        assert total(Wanted(phone="8801711000001")) == 2
        assert total(Wanted(status="queued")) == 8 and total(Wanted(status="sent")) == 0
        assert total(Wanted(device_label="primary")) == 8 and total(Wanted(device_label="other")) == 0
        assert [one.id for one in log.page(rows, shop.asha.id, Wanted(), per_page=1).messages] == [late]

    shop.box.db.read_here(ask)


def test_what_asks_for_a_status_of_a_user_finds_it_by_the_log(shop: Stage) -> None:
    """Its index leaves out what is being sent, so a question that does not say so reads every message."""
    seen: list[str] = []

    def ask(tx: Tx) -> list[str]:
        tx._connection.set_trace_callback(seen.append)
        leaving.of_user(tx, shop.asha.id, now=shop.hands.now())
        counts.count(tx, shop.box.config, None, now=shop.hands.now())
        tx._connection.set_trace_callback(None)
        asked = [sql for sql in seen if "from messages" in sql.lower() or "join messages" in sql.lower()]
        return [row["detail"] for sql in asked for row in tx.all("explain query plan " + sql)]

    plans = shop.box.db.write_now(ask)
    by = [plan for plan in plans if "log_by_status" in plan]
    assert len(by) >= 2, plans
    assert not [plan for plan in plans if "log_of (user_id=?)" in plan], plans
