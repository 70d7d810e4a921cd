from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wabox import migrations
from wabox.db import Tx, connect
from wabox.times import stored
from wabox.webhooks import deliveries

NOW = datetime(2026, 4, 25, 12, 34, 56, tzinfo=UTC)
SENT = {"job_id": 7, "campaign_id": None, "phone": "8801711111111", "status": "sent", "error": None}


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Tx]:
    connection = connect(tmp_path / "wabox.db")
    migrations.migrate(connection)
    for user_id in (1, 2):
        connection.execute(
            "insert into users (id, email, password_hash, role, created_at) values (?, ?, '', 'user', '')",
            (user_id, f"u{user_id}@example.org"),
        )
    _webhook(connection, 1, "https://shop.example/hook", '["delivery.sent","delivery.failed"]')
    yield Tx(connection)
    connection.close()


def _webhook(connection: sqlite3.Connection, user_id: int, url: str | None, events: str) -> None:
    connection.execute(
        "insert into webhooks (user_id, url, secret, events, created_at, updated_at) values (?, ?, '', ?, '', '')",
        (user_id, url, events),
    )


def test_an_event_that_was_asked_for_is_owed_as_the_very_bytes_to_post(tx: Tx) -> None:
    deliveries.owe(tx, user_id=1, event="delivery.sent", payload=SENT, now=NOW, message_id=7)
    row = tx.one("select * from deliveries")
    assert row is not None
    assert row["payload"].startswith('{"event":"delivery.sent","job_id":7,')
    assert json.loads(row["payload"]) == {"event": "delivery.sent", **SENT}
    assert row["webhook_id"].startswith("msg_")
    assert (row["status"], row["due_at"]) == ("owed", stored(NOW))


def test_an_event_nobody_asked_for_is_not_owed(tx: Tx) -> None:
    deliveries.owe(tx, user_id=1, event="delivery.read", payload=SENT, now=NOW, message_id=7)
    deliveries.owe(tx, user_id=2, event="delivery.sent", payload=SENT, now=NOW, message_id=8)
    assert tx.value("select count(*) from deliveries") == 0


def test_half_a_surrogate_pair_does_not_stop_the_change_that_reports_it(tx: Tx) -> None:
    deliveries.owe(tx, user_id=1, event="delivery.sent", payload={"text": "a\ud83d বন্ধ"}, now=NOW)
    assert json.loads(tx.value("select payload from deliveries")) == {
        "event": "delivery.sent",
        "text": "a? বন্ধ",
    }


def test_a_later_event_is_not_due_before_the_earlier_one_of_its_message(tx: Tx) -> None:
    deliveries.owe(tx, user_id=1, event="delivery.sent", payload=SENT, now=NOW, message_id=7)
    tx.run("update deliveries set due_at = :later", later=stored(NOW + timedelta(hours=4)))
    deliveries.owe(tx, user_id=1, event="delivery.failed", payload=SENT, now=NOW, message_id=7)
    deliveries.owe(tx, user_id=1, event="delivery.failed", payload=SENT, now=NOW, message_id=8)
    due = [row["due_at"] for row in tx.all("select due_at from deliveries order by id")]
    assert due == [stored(NOW + timedelta(hours=4))] * 2 + [stored(NOW)]
