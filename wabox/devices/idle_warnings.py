"""Whom the owner is told of before WhatsApp drops a link: told once, and once more when it is over."""

from __future__ import annotations

from datetime import datetime

from wabox.db import Rows, Tx
from wabox.devices import idling, linking
from wabox.devices import stored as devices
from wabox.whatsapp.driver import PhoneUsed


def phone_used(tx: Tx, used: PhoneUsed, *, now: datetime) -> None:
    """The device's own phone is in use; a warning that it was not is over."""
    idling.phone_used(tx, used.device_id, used.session, used.at, now=now)
    look_at(tx, used.device_id, now=now)


def perhaps(rows: Rows) -> list[int]:
    """Ids of the devices of which there may be news."""
    found = rows.all("select id from devices where removed_at is null and (linked = 1 or idle_told is not null)")
    return [row["id"] for row in found]


def look_at(tx: Tx, device_id: int, *, now: datetime) -> bool:
    """The owner is told of who is idle by now, or that nobody is any more. Whether there was any news."""
    device = devices.by_id(tx, device_id)
    idle = device.idle(now)
    told = idle.who if idle else None
    if (
        device.removed_at is not None
        or told == device.signs.told
        or (told is None and not device.idle_no_more(now))
    ):
        return False
    idling.note(tx, device_id, told)
    if device.linked:
        linking.owe_state(tx, devices.by_id(tx, device_id), now=now)
    return True
