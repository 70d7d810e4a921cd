"""Deletes messages for everyone, one at a time, in their device's turn."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from wabox.box import Box
from wabox.devices import stored as devices
from wabox.messages import revoking
from wabox.whatsapp.driver import Driver, SessionLost

log = structlog.get_logger()


@dataclass(slots=True)
class Revoking:
    """Asks WhatsApp for what is due. What ends in between is due again: twice does no harm."""

    box: Box
    driver: Driver

    def step(self, device_id: int, *, bulk: bool = False) -> None:
        """The device's next deletion is tried, if one is due. Runs in a worker thread.

        bulk: of those of whole campaigns.
        """
        db, now = self.box.db, self.box.now()
        message = None if db.damaged else db.read_here(revoking.due, device_id, bulk=bulk, now=now)
        if message is None:
            return
        against = db.read_here(revoking.hindrance, message, now=now)
        if against is not None:
            db.write_now(revoking.give_up, message, against, now=now)
            return
        device = db.read_here(devices.by_id, device_id)
        if not device.ready or not device.synced:
            return
        assert message.wa_chat_id is not None
        assert message.wa_message_id is not None
        if not db.write_now(revoking.tried, message, now=now):
            return
        try:
            found = self.driver.revoke(device_id, message.wa_message_id, message.chats)
        except SessionLost:
            return
        log.info("asked to delete for everyone", job_id=message.id, outcome=found.outcome, reason=found.reason)
        if found.outcome == "revoked":
            db.write_now(revoking.done, message, now=self.box.now())
        elif found.outcome in _ENDS:
            db.write_now(revoking.give_up, message, _ENDS[found.outcome], now=self.box.now())


_ENDS: dict[str, str] = {"missing": "not_found", "refused": "refused"}
