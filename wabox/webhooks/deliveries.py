"""Knows what is owed to a webhook: owed -> delivered | parked | dropped; replay makes any of them owed again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound
from wabox.times import stored, wire

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # due at: a person waits for it: before any backlog


def owe(
    tx: Tx,
    *,
    user_id: int,
    event: str,
    payload: Mapping[str, object],
    now: datetime,
    message_id: int | None = None,
    device_id: int | None = None,
) -> None:
    """The user's webhook will be told, at least once, and in order with what is owed for that message.

    Nothing is written when no webhook is set or the event was not asked for. payload: JSON-ready, times
    already as wire(); `event` is put in front. It is stored as the very text that will be posted.
    Call it in the transaction of the change that it reports.
    """
    if is_asked_for(tx, user_id, event):
        _insert(tx, user_id, event, payload, now=now, message_id=message_id, device_id=device_id)


def is_asked_for(rows: Rows, user_id: int, event: str) -> bool:
    """Whether a webhook is set that wants to hear of this event."""
    asked = rows.value(
        "select 1 from webhooks where user_id = :user_id and url is not null and instr(events, :event) > 0",
        user_id=user_id,
        event=f'"{event}"',
    )
    return asked is not None


def test(tx: Tx, user_id: int, now: datetime) -> int:
    """A `webhook.test` is owed, before all else; returns its id. Raises Invalid without a webhook."""
    _require_url(tx, user_id)
    payload = {
        "job_id": None,
        "campaign_id": None,
        "phone": None,
        "status": "test",
        "error": None,
        "sent_at": wire(now),
    }
    delivery_id = _insert(tx, user_id, "webhook.test", payload, now=now, message_id=None, device_id=None)
    tx.run("update deliveries set due_at = :due where id = :id", due=stored(AT_ONCE), id=delivery_id)
    return delivery_id


def sample(tx: Tx, user_id: int, event: str, body: Mapping[str, object], now: datetime) -> int:
    """An example of this event is owed, before all else; returns its id. Raises Invalid without a webhook.

    It is called `test.` and the event's name, and says `"test": true`: no program takes it for the real one.
    """
    _require_url(tx, user_id)
    payload = {"test": True, **body}
    delivery_id = _insert(tx, user_id, f"test.{event}", payload, now=now, message_id=None, device_id=None)
    tx.run("update deliveries set due_at = :due where id = :id", due=stored(AT_ONCE), id=delivery_id)
    return delivery_id


def replay(tx: Tx, user_id: int, delivery_id: int) -> None:
    """It is owed again under the same webhook-id, at once and for three days, whatever became of it.

    Raises NotFound if it is not this user's, Invalid without a webhook to send it to.
    """
    mine = tx.value(
        "select 1 from deliveries where id = :id and user_id = :user_id", id=delivery_id, user_id=user_id
    )
    if not mine:
        raise NotFound("not_found", "There is no such delivery; look at the list for the ones you have.")
    _require_url(tx, user_id)
    tx.run(
        """
        update deliveries set status = 'owed', tries = 0, give_up_at = null, due_at = :due
        where id = :id
        """,
        id=delivery_id,
        due=stored(AT_ONCE),
    )


def drop(tx: Tx, user_id: int) -> None:
    """Nothing is owed to this user's webhook any more: it was switched off."""
    tx.run(
        "update deliveries set status = 'dropped' where user_id = :user_id and status = 'owed'",
        user_id=user_id,
    )


def hurry(tx: Tx, user_id: int, now: datetime) -> None:
    """All that waits for a later try is due now: there is a new address, or the old one works again."""
    tx.run(
        """
        update deliveries set due_at = :now
        where user_id = :user_id and status = 'owed' and due_at > :now
        """,
        user_id=user_id,
        now=stored(now),
    )


def rows_added(tx: Tx, user_id: int, n: int) -> None:
    """The user's log has n more rows, or fewer: it knows how long it is without counting a million."""
    tx.run("update webhooks set deliveries = deliveries + :n where user_id = :user_id", n=n, user_id=user_id)


def _require_url(tx: Tx, user_id: int) -> None:
    if not tx.value("select 1 from webhooks where user_id = :id and url is not null", id=user_id):
        raise Invalid(
            "webhook_not_set",
            "No webhook is set; set webhook_url first.",
            details={"webhook_url": "Set the address that should receive events."},
        )


def _insert(
    tx: Tx,
    user_id: int,
    event: str,
    payload: Mapping[str, object],
    *,
    now: datetime,
    message_id: int | None,
    device_id: int | None,
) -> int:
    """A new row, due now; behind an earlier one of its line it is not due before that one."""
    rows_added(tx, user_id, 1)
    return tx.insert(
        """
        insert into deliveries
            (user_id, message_id, device_id, line, webhook_id, event, payload, due_at, created_at)
        values (:user_id, :message_id, :device_id, :line, :webhook_id, :event, :payload,
            coalesce((select max(due_at) from deliveries
                where line = :line and status = 'owed' and due_at > :now), :now), :now)
        """,
        user_id=user_id,
        message_id=message_id,
        device_id=device_id,
        line=_line(event, message_id, device_id),
        webhook_id="msg_" + secrets.token_hex(16),
        event=event,
        payload=_text({"event": event, **payload}),
        now=stored(now),
    )


def _line(event: str, message_id: int | None, device_id: int | None) -> str | None:
    """What is told in order: a message's events, and a device's states."""
    if message_id is not None:
        return f"m{message_id}"
    return f"d{device_id}" if event == "device.state" else None


def _text(payload: Mapping[str, object]) -> str:
    """Compact JSON. Half a surrogate pair, which people's phones do send, becomes a question mark."""
    try:
        return msgspec.json.encode(payload).decode("utf-8")
    except UnicodeEncodeError:
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace").decode("utf-8")
