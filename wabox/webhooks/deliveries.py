"""Knows what is owed to a webhook: owed -> delivered | parked | dropped; replay makes any of them owed again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import datetime

import msgspec

from wabox.db import Tx
from wabox.times import stored


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
    asked = tx.value(
        "select 1 from webhooks where user_id = :user_id and url is not null and instr(events, :event) > 0",
        user_id=user_id,
        event=f'"{event}"',
    )
    if asked:
        _insert(tx, user_id, event, payload, now=now, message_id=message_id, device_id=device_id)


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
