"""Whether a device may send at all, how long it rests after a message, and which one was its last."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from wabox import times
from wabox.db import Tx
from wabox.devices import sentences
from wabox.devices import stored as devices
from wabox.errors import Unavailable

GONE = ("logged_out", "passkey_required")


def check_sendable(device: devices.Device) -> None:
    """Raises Unavailable `device_not_ready` if the device is not linked, so nothing would ever go."""
    if device.wanted and device.linked and device.detail not in GONE:
        return
    raise Unavailable("device_not_ready", _refused(device), retry_after=60)


def _refused(device: devices.Device) -> str:
    queued = 'send with "queue_if_offline": true.'
    if device.remark is not None:
        advice = sentences.advice(device)
        return f"The device {device.label} cannot send now. {advice} To let the message wait for it, {queued}"
    return (
        f"The device {device.label} is not linked to WhatsApp: link it on the page /whatsapp, then send again, "
        f"or {queued}"
    )


def next_send_at(now: datetime, gap_seconds: tuple[float, float]) -> datetime:
    """The earliest moment the device may send again; drawn uniformly, never before now.

    gap_seconds: (low, high). Caps and quiet hours are the gate's.
    """
    return now + timedelta(seconds=random.uniform(*gap_seconds))


def rest(tx: Tx, device_id: int, until: datetime) -> None:
    """The device sends nothing before this moment, nor before one that was set already."""
    tx.run(
        "update devices set next_send_at = max(coalesce(next_send_at, ''), :until) where id = :id",
        id=device_id,
        until=times.stored(until),
    )


def anchored(tx: Tx, device_id: int, anchor: tuple[str, str]) -> None:
    """WhatsApp has this message, the device's latest: while it is in the history, the history is whole."""
    tx.run(
        "update devices set anchor_chat_id = :chat, anchor_message_id = :message where id = :id",
        id=device_id,
        chat=anchor[0],
        message=anchor[1],
    )
