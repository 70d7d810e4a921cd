from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wabox.accounts.users import User
from wabox.db import Tx
from wabox.errors import Invalid, NotFound
from wabox.webhooks import deliveries, log, retries
from wabox.webhooks.retries import Outcome


@pytest.fixture(autouse=True)
def webhook(tx: Tx, asha: User) -> None:
    """Asha's webhook."""
    tx.run(
        """
        insert into webhooks (user_id, url, secret, events, created_at, updated_at)
        values (:user_id, 'https://shop.example/hook', '', '["delivery.sent"]', '', '')
        """,
        user_id=asha.id,
    )


def _owe(tx: Tx, user: User, now: datetime, message_id: int) -> int:
    deliveries.owe(
        tx, user_id=user.id, event="delivery.sent", payload={"n": message_id}, now=now, message_id=message_id
    )
    return int(tx.value("select max(id) from deliveries"))


def test_the_log_shows_the_newest_first_page_by_page(tx: Tx, asha: User, now: datetime) -> None:
    ids = [_owe(tx, asha, now, one) for one in range(1, 6)]
    assert [one.id for one in log.page(tx, asha.id, limit=2)] == ids[:2:-1]
    assert [one.id for one in log.page(tx, asha.id, limit=2, offset=2)] == ids[2:0:-1]
    assert [one.id for one in log.page(tx, asha.id, limit=2, before_id=ids[3])] == ids[2:0:-1]
    assert log.count(tx, asha.id) == 5


def test_the_log_is_filtered_by_status_and_message(tx: Tx, asha: User, now: datetime) -> None:
    first, second = _owe(tx, asha, now, 1), _owe(tx, asha, now, 2)
    tx.run("update deliveries set status = 'parked' where id = :id", id=first)
    assert [one.id for one in log.page(tx, asha.id, limit=9, status="parked")] == [first]
    assert [one.id for one in log.page(tx, asha.id, limit=9, message_id=2)] == [second]
    assert log.count(tx, asha.id, status="owed", message_id=1) == 0
    with pytest.raises(Invalid, match="use one of owed"):
        log.page(tx, asha.id, limit=9, status="x' or 1 --")


def test_a_delivery_shows_what_became_of_it_and_every_attempt(tx: Tx, asha: User, now: datetime) -> None:
    one = _owe(tx, asha, now, 1)
    retries.record(tx, one, Outcome(None, "The connection was refused.", None, 3), now)
    retries.record(tx, one, Outcome(200, None, "ok", 8), now + timedelta(seconds=6))
    shown = log.find(tx, asha.id, one)
    assert (shown.status, shown.attempts, shown.due_at) == ("delivered", 2, None)
    assert (shown.last_status, shown.last_error, shown.last_excerpt) == (200, None, "ok")
    tries = [(each.status, each.error, each.milliseconds) for each in log.attempts(tx, [one])]
    assert tries == [(None, "The connection was refused.", 3), (200, None, 8)]


def test_a_replayed_delivery_is_not_shown_as_due_in_1970(tx: Tx, asha: User, now: datetime) -> None:
    one = _owe(tx, asha, now, 1)
    deliveries.replay(tx, asha.id, one)
    assert log.find(tx, asha.id, one).due_at == now


def test_nobody_sees_what_is_not_theirs(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    one = _owe(tx, asha, now, 1)
    assert log.page(tx, bilal.id, limit=9) == []
    assert log.count(tx, bilal.id) == 0
    with pytest.raises(NotFound):
        log.find(tx, bilal.id, one)
