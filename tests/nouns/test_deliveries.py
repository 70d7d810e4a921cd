from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from wabox import retention
from wabox.accounts.users import User
from wabox.db import Tx
from wabox.errors import Invalid, NotFound
from wabox.times import stored, wire
from wabox.webhooks import deliveries, retries
from wabox.webhooks.retries import Outcome

SENT = {"job_id": 7, "campaign_id": None, "phone": "8801711111111", "status": "sent", "error": None}
TAKEN = Outcome(200, None, "ok", 12)


@pytest.fixture(autouse=True)
def webhook(tx: Tx, asha: User) -> None:
    """Asha's webhook, asked for two events."""
    tx.run(
        """
        insert into webhooks (user_id, url, secret, events, created_at, updated_at)
        values (:user_id, 'https://shop.example/hook', '', '["delivery.sent","delivery.failed"]', '', '')
        """,
        user_id=asha.id,
    )


def _owe(tx: Tx, user: User, now: datetime, *, message_id: int = 7, event: str = "delivery.sent") -> int:
    deliveries.owe(tx, user_id=user.id, event=event, payload=SENT, now=now, message_id=message_id)
    return int(tx.value("select max(id) from deliveries"))


def _status(tx: Tx, delivery_id: int) -> str:
    return str(tx.value("select status from deliveries where id = :id", id=delivery_id))


def test_an_event_that_was_asked_for_is_owed_as_the_very_text_to_post(tx: Tx, asha: User, now: datetime) -> None:
    _owe(tx, asha, now)
    row = tx.one("select * from deliveries")
    assert row is not None
    assert row["payload"].startswith('{"event":"delivery.sent","job_id":7,')
    assert json.loads(row["payload"]) == {"event": "delivery.sent", **SENT}
    assert row["webhook_id"].startswith("msg_")
    assert (row["status"], row["due_at"]) == ("owed", stored(now))


def test_an_event_nobody_asked_for_is_not_owed(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    deliveries.owe(tx, user_id=asha.id, event="delivery.read", payload=SENT, now=now, message_id=7)
    deliveries.owe(tx, user_id=asha.id, event="delivery", payload=SENT, now=now, message_id=7)
    deliveries.owe(tx, user_id=bilal.id, event="delivery.sent", payload=SENT, now=now, message_id=8)
    assert tx.value("select count(*) from deliveries") == 0


def test_half_a_surrogate_pair_does_not_stop_the_change_that_reports_it(tx: Tx, asha: User, now: datetime) -> None:
    deliveries.owe(tx, user_id=asha.id, event="delivery.sent", payload={"text": "a\ud83d বন্ধ"}, now=now)
    assert json.loads(tx.value("select payload from deliveries")) == {
        "event": "delivery.sent",
        "text": "a? বন্ধ",
    }


def test_a_later_event_is_not_due_before_the_earlier_one_of_its_message(tx: Tx, asha: User, now: datetime) -> None:
    _owe(tx, asha, now)
    tx.run("update deliveries set due_at = :later", later=stored(now + timedelta(hours=4)))
    _owe(tx, asha, now, event="delivery.failed")
    _owe(tx, asha, now, event="delivery.failed", message_id=8)
    due = [row["due_at"] for row in tx.all("select due_at from deliveries order by id")]
    assert due == [stored(now + timedelta(hours=4))] * 2 + [stored(now)]


def test_a_test_has_the_shape_of_an_event_and_goes_before_a_backlog(tx: Tx, asha: User, now: datetime) -> None:
    _owe(tx, asha, now - timedelta(days=1))
    delivery_id = deliveries.test(tx, asha.id, now)
    parcel = retries.parcel(tx, delivery_id)
    assert parcel is not None
    assert json.loads(parcel.body) == {
        "event": "webhook.test",
        "job_id": None,
        "campaign_id": None,
        "phone": None,
        "status": "test",
        "error": None,
        "sent_at": wire(now),
    }
    assert [head.id for head in retries.heads(tx, asha.id, now, 9)][0] == delivery_id


def test_a_test_without_a_webhook_says_to_set_one(tx: Tx, bilal: User, now: datetime) -> None:
    with pytest.raises(Invalid, match="set webhook_url first") as refused:
        deliveries.test(tx, bilal.id, now)
    assert refused.value.code == "webhook_not_set"


@pytest.mark.parametrize("status", ["owed", "delivered", "parked", "dropped"])
def test_replay_owes_it_again_under_the_same_id_whatever_became_of_it(
    tx: Tx, asha: User, now: datetime, status: str
) -> None:
    delivery_id = _owe(tx, asha, now)
    before = tx.value("select webhook_id from deliveries")
    tx.run("update deliveries set status = :status, tries = 24, due_at = '2999'", status=status)
    deliveries.replay(tx, asha.id, delivery_id)
    assert [head.id for head in retries.heads(tx, asha.id, now, 9)] == [delivery_id]
    row = tx.one("select webhook_id, tries from deliveries")
    assert row is not None
    assert tuple(row) == (before, 0)


def test_nobody_replays_what_is_not_theirs(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    delivery_id = _owe(tx, asha, now)
    retries.record(tx, delivery_id, TAKEN, now)
    for user_id, one in ((bilal.id, delivery_id), (asha.id, delivery_id + 1)):
        with pytest.raises(NotFound):
            deliveries.replay(tx, user_id, one)
    assert _status(tx, delivery_id) == "delivered"


def test_replay_without_a_webhook_says_to_set_one(tx: Tx, asha: User, now: datetime) -> None:
    delivery_id = _owe(tx, asha, now)
    tx.run("update webhooks set url = null")
    with pytest.raises(Invalid, match="set webhook_url first"):
        deliveries.replay(tx, asha.id, delivery_id)


def test_housekeeping_forgets_what_is_finished_and_old_with_its_attempts(
    tx: Tx, asha: User, now: datetime
) -> None:
    month = timedelta(days=30)
    old, replayed, owed = (_owe(tx, asha, now - month, message_id=one) for one in (1, 2, 3))
    retries.record(tx, old, TAKEN, now - month)
    retries.record(tx, replayed, TAKEN, now)
    before = now - timedelta(days=29)
    assert retention.over_age(tx, "deliveries", before=before) == [old]
    assert retention.remove(tx, "deliveries", [old, replayed, owed], before=before, now=now) == 1
    assert retention.over_age(tx, "deliveries", before=before) == []
    assert [row["id"] for row in tx.all("select id from deliveries order by id")] == [replayed, owed]
    assert [row["delivery_id"] for row in tx.all("select delivery_id from delivery_attempts")] == [replayed]
    assert tx.value("select deliveries from webhooks where user_id = :id", id=asha.id) == 2
