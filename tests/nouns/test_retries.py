from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wabox.accounts.users import User
from wabox.db import Tx
from wabox.times import read, stored
from wabox.webhooks import deliveries, retries
from wabox.webhooks.retries import Outcome

TAKEN = Outcome(204, None, None, 12)
BROKEN = Outcome(500, "The receiver answered 500.", "oops", 12)
REFUSED = Outcome(None, "The connection was refused.", None, 3)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def webhook(tx: Tx, asha: User, bilal: User) -> None:
    """Both have a webhook that takes every event."""
    for user in (asha, bilal):
        tx.run(
            """
            insert into webhooks (user_id, url, secret, events, created_at, updated_at)
            values (:user_id, 'https://shop.example/hook', '',
                '["delivery.sent","delivery.delivered","delivery.read","device.state"]', '', '')
            """,
            user_id=user.id,
        )


def _owe(
    tx: Tx,
    user: User,
    now: datetime,
    *,
    message_id: int | None = None,
    device_id: int | None = None,
    event: str = "delivery.sent",
) -> int:
    deliveries.owe(
        tx, user_id=user.id, event=event, payload={}, now=now, message_id=message_id, device_id=device_id
    )
    return int(tx.value("select max(id) from deliveries"))


def _heads(tx: Tx, user: User, now: datetime) -> list[int]:
    return [head.id for head in retries.heads(tx, user.id, now, 99)]


def _row(tx: Tx, delivery_id: int, column: str) -> str | None:
    text: str | None = tx.value(f"select {column} from deliveries where id = :id", id=delivery_id)
    return text


def _due(tx: Tx, delivery_id: int) -> datetime:
    return read(_row(tx, delivery_id, "due_at") or "")


def test_what_is_owed_is_due_at_once_and_only_to_its_owner(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    first, second = _owe(tx, asha, now), _owe(tx, asha, now)
    assert retries.users_due(tx, now) == [asha.id]
    assert _heads(tx, asha, now) == [first, second]
    assert _heads(tx, bilal, now) == []


def test_a_webhook_that_is_off_is_never_due(tx: Tx, asha: User, now: datetime) -> None:
    _owe(tx, asha, now)
    tx.run("update webhooks set url = null")
    assert retries.users_due(tx, now) == []


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_means_delivered(tx: Tx, asha: User, now: datetime, status: int) -> None:
    one = _owe(tx, asha, now)
    retries.record(tx, one, Outcome(status, None, "thanks", 9), now)
    assert _row(tx, one, "status") == "delivered"
    assert retries.users_due(tx, now + timedelta(days=9)) == []
    assert tx.value("select count(*) from delivery_attempts where status = :status", status=status) == 1


def test_what_is_gone_is_not_tried_again_and_lets_the_next_pass(tx: Tx, asha: User, now: datetime) -> None:
    one, two = _owe(tx, asha, now), _owe(tx, asha, now)
    retries.record(tx, one, Outcome(410, "gone", None, 9), now)
    assert (_row(tx, one, "status"), _row(tx, one, "last_error")) == ("parked", "gone")
    assert _heads(tx, asha, now) == [two]


@pytest.mark.parametrize(("asked", "waits"), [(None, 6), (1, 6), (90, 90), (3_600, 3_600)])
def test_retry_after_is_obeyed_and_shortens_no_gap(
    tx: Tx, asha: User, now: datetime, asked: int | None, waits: int
) -> None:
    one = _owe(tx, asha, now)
    retries.record(tx, one, Outcome(503, None, None, 9, asked), now)
    assert _heads(tx, asha, now + timedelta(seconds=waits - 1 if waits > 6 else 4)) == []
    assert _heads(tx, asha, now + timedelta(seconds=waits)) == [one]


@pytest.mark.parametrize("status", [None, 100, 199, 301, 302, 304, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again(tx: Tx, asha: User, now: datetime, status: int | None) -> None:
    one = _owe(tx, asha, now)
    retries.record(tx, one, Outcome(status, "no", None, 9), now)
    assert _row(tx, one, "status") == "owed"
    assert _heads(tx, asha, now) == []
    assert _heads(tx, asha, now + timedelta(seconds=6)) == [one]


def test_gaps_grow_and_never_come_early() -> None:
    """Row 33."""
    named = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 14_400, 14_400]
    assert [retries.gap(n, 0.0).total_seconds() for n in range(1, 11)] == named
    assert all(retries.gap(n, 1.0).total_seconds() == pytest.approx(1.2 * named[n - 1]) for n in range(1, 11))


def test_after_three_days_it_is_parked(tx: Tx, asha: User, now: datetime) -> None:
    """Row 33: four days."""
    one, moment, tries = _owe(tx, asha, now), now, 0
    while _row(tx, one, "status") == "owed":
        moment = max(moment, _due(tx, one))
        retries.record(tx, one, REFUSED, moment)
        tries += 1
    assert timedelta(days=3) <= moment - now <= timedelta(days=3, hours=5)
    assert 20 <= tries <= 26
    assert _row(tx, one, "status") == "parked"
    assert tx.value("select count(*) from delivery_attempts") == tries
    assert retries.users_due(tx, moment + timedelta(days=30)) == []


def test_a_clock_that_jumps_ahead_parks_nothing_at_its_first_failures(tx: Tx, asha: User, now: datetime) -> None:
    """Row 30."""
    one = _owe(tx, asha, now)
    retries.record(tx, one, REFUSED, now)
    retries.record(tx, one, REFUSED, now + timedelta(days=2_000))
    assert _row(tx, one, "status") == "owed"


def test_a_clock_that_jumps_back_leaves_nothing_waiting_for_years(tx: Tx, asha: User, now: datetime) -> None:
    """Row 30."""
    one = _owe(tx, asha, now + timedelta(days=2_000))
    retries.record(tx, one, REFUSED, now + timedelta(days=2_000))
    assert retries.users_due(tx, now) == [asha.id]
    assert _heads(tx, asha, now) == [one]
    retries.record(tx, one, REFUSED, now)
    assert read(_row(tx, one, "give_up_at") or "") == now + timedelta(days=3)


def test_a_message_is_told_in_order_while_others_pass(tx: Tx, asha: User, now: datetime) -> None:
    sent = _owe(tx, asha, now, message_id=1)
    delivered = _owe(tx, asha, now, message_id=1, event="delivery.delivered")
    other = _owe(tx, asha, now, message_id=2)
    assert _heads(tx, asha, now) == [sent, other]
    retries.record(tx, sent, BROKEN, now)
    assert _heads(tx, asha, now) == [other]
    assert _due(tx, delivered) == _due(tx, sent)
    assert retries.parcel(tx, delivered) is None
    retries.record(tx, sent, TAKEN, _due(tx, sent))
    assert _heads(tx, asha, _due(tx, sent)) == [other, delivered]


def test_what_stands_behind_a_delivered_one_is_due_at_once(tx: Tx, asha: User, now: datetime) -> None:
    sent = _owe(tx, asha, now, message_id=1)
    delivered = _owe(tx, asha, now, message_id=1, event="delivery.delivered")
    retries.record(tx, sent, BROKEN, now)
    deliveries.replay(tx, asha.id, sent)
    retries.record(tx, sent, TAKEN, now)
    assert _heads(tx, asha, now) == [delivered]


def test_a_parked_one_blocks_nothing(tx: Tx, asha: User, now: datetime) -> None:
    sent = _owe(tx, asha, now, message_id=1)
    delivered = _owe(tx, asha, now, message_id=1, event="delivery.delivered")
    tx.run(
        "update deliveries set tries = 30, give_up_at = :now where id = :id",
        id=sent,
        now=stored(now - HOUR),
    )
    retries.record(tx, sent, BROKEN, now)
    assert _row(tx, sent, "status") == "parked"
    assert _heads(tx, asha, now) == [delivered]


def test_the_states_of_a_device_are_told_in_order(tx: Tx, asha: User, now: datetime) -> None:
    tx.run("insert into devices (user_id, label, profile, created_at) values (:id, 'a', 'p', '')", id=asha.id)
    first = _owe(tx, asha, now, device_id=1, event="device.state")
    _owe(tx, asha, now, device_id=1, event="device.state")
    assert _heads(tx, asha, now) == [first]


def test_the_webhook_is_failing_from_its_first_failure_to_its_next_success(
    tx: Tx, asha: User, now: datetime
) -> None:
    one, two = _owe(tx, asha, now), _owe(tx, asha, now)
    retries.record(tx, one, BROKEN, now)
    retries.record(tx, one, BROKEN, now + HOUR)
    assert tx.value("select failing_since from webhooks where user_id = :id", id=asha.id) == stored(now)
    retries.record(tx, two, TAKEN, now + HOUR)
    assert tx.value("select failing_since from webhooks where user_id = :id", id=asha.id) is None


def test_all_that_waits_goes_at_once_when_a_webhook_is_back_after_long(tx: Tx, asha: User, now: datetime) -> None:
    one, two = _owe(tx, asha, now), _owe(tx, asha, now)
    for moment in range(9):
        retries.record(tx, one, REFUSED, now + moment * HOUR)
    retries.record(tx, two, TAKEN, now + 8 * HOUR)
    assert _heads(tx, asha, now + 8 * HOUR) == [one]


def test_one_bad_delivery_is_not_hurried_by_the_others_that_pass(tx: Tx, asha: User, now: datetime) -> None:
    bad = _owe(tx, asha, now)
    retries.record(tx, bad, BROKEN, now)
    retries.record(tx, _owe(tx, asha, now), TAKEN, now + timedelta(seconds=1))
    assert _heads(tx, asha, now + timedelta(seconds=1)) == []


def test_what_was_dropped_in_flight_stays_dropped_unless_the_receiver_has_it(
    tx: Tx, asha: User, now: datetime
) -> None:
    one, two = _owe(tx, asha, now), _owe(tx, asha, now)
    deliveries.drop(tx, asha.id)
    retries.record(tx, one, BROKEN, now)
    retries.record(tx, two, TAKEN, now)
    assert [_row(tx, each, "status") for each in (one, two)] == ["dropped", "delivered"]


def test_an_answer_for_a_forgotten_delivery_is_let_go(tx: Tx, now: datetime) -> None:
    retries.record(tx, 4711, TAKEN, now)
    assert tx.value("select count(*) from delivery_attempts") == 0


def test_looking_for_what_is_due_uses_the_index_of_what_is_owed(tx: Tx, asha: User, now: datetime) -> None:
    seen: list[str] = []
    tx._connection.set_trace_callback(seen.append)
    retries.heads(tx, asha.id, now, 9)
    retries.users_due(tx, now)
    tx._connection.set_trace_callback(None)
    plans = [row["detail"] for sql in seen for row in tx.all("explain query plan " + sql)]
    assert not [plan for plan in plans if plan.startswith("SCAN") and plan != "SCAN w"], plans
    assert not [plan for plan in plans if "TEMP B-TREE" in plan], plans
