"""Changes texts of messages that have just gone, one at a time, in their device's turn."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from wabox.box import Box
from wabox.devices import stored as devices
from wabox.messages import editing
from wabox.whatsapp.driver import Driver, SessionLost

log = structlog.get_logger()


@dataclass(slots=True)
class Editing:
    """Asks WhatsApp for what is due. What ends in between is due again, and looked at before it is changed."""

    box: Box
    driver: Driver

    def step(self, device_id: int) -> None:
        """The device's next text is changed, if one is due. Runs in a worker thread."""
        db, now = self.box.db, self.box.now()
        message = None if db.damaged else db.read_here(editing.due, device_id, now=now)
        if message is None:
            return
        against = db.read_here(editing.hindrance, message, now=now)
        if against is not None:
            db.write_now(editing.give_up, message, against, now=now)
            return
        device = db.read_here(devices.by_id, device_id)
        if not device.ready or not device.synced:
            return
        assert message.wa_chat_id is not None
        assert message.wa_message_id is not None
        if not db.write_now(editing.tried, message, now=now):
            return
        try:
            found = self.driver.edit(device_id, message.wa_message_id, message.chats, message.edit_text or "")
        except SessionLost:
            return
        log.info("asked to change a text", job_id=message.id, outcome=found.outcome, reason=found.reason)
        if found.outcome == "edited":
            db.write_now(editing.done, message, now=self.box.now())
        elif found.outcome in _ENDS:
            db.write_now(editing.give_up, message, _ENDS[found.outcome], now=self.box.now())


_ENDS: dict[str, str] = {"missing": "not_found", "refused": "refused"}
