"""A device that another number was linked to goes on from it, because its owner says so."""

from __future__ import annotations

from datetime import datetime

from wabox.db import Tx
from wabox.devices import devices, numbers
from wabox.messages import chats

PIECE = 2_000


def go_on(tx: Tx, device: devices.Device, phone: str, *, now: datetime) -> devices.Device:
    """What waits on the device goes from this number, which is linked now. Saying it again changes nothing.

    phone: digits, as the owner has seen them. What the new chats of the number before held is asked anew, a piece
    of it at once and the rest at its time. Raises Invalid `wrong_number`.
    """
    numbers.send_from(tx, device.id, phone)
    if not device.number_changed:
        return device
    tx.run(
        f"""update messages set held_until = null, held_reason = null where id in (
             select id from messages where device_id = :id and status = 'queued' and held_until is not null
             and held_reason in ({chats.HELD_AS_NEW}) limit :most)""",  # noqa: S608 - a constant
        id=device.id,
        most=PIECE,
    )
    after = devices.by_id(tx, device.id)
    devices.owe_state(tx, after, now=now)
    return after
