"""Warns before WhatsApp drops a link, because its phone is not used or because the box is not connected."""

from __future__ import annotations

from wabox.box import Box
from wabox.checkup import machine_clock
from wabox.devices import idle_warnings, idling
from wabox.engine.backoff import Backoff


class Idling:
    """Looks each hour; a box whose clock is wrong counts no days."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._failed = Backoff()

    async def tick(self) -> None:
        """What is connected is noted; who is idle by now, or no more, is told to the owner."""
        db, now = self._box.db, self._box.now()
        if await db.read(machine_clock.is_wrong):
            return
        await db.write(idling.connected, now=now)
        for device_id in await db.read(idle_warnings.perhaps):
            if not self._failed.rests(device_id):
                with self._failed.apart("idling", device_id):
                    await db.write(idle_warnings.look_at, device_id, now=now)
