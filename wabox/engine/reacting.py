"""Puts emoji to messages, one at a time, in their device's turn."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from wabox.box import Box
from wabox.devices import stored as devices
from wabox.messages import reacting
from wabox.whatsapp.driver import Driver, SessionLost

log = structlog.get_logger()


@dataclass(slots=True)
class Reacting:
    """Asks WhatsApp for what is due. What ends in between is due again: twice does no harm."""

    box: Box
    driver: Driver

    def step(self, device_id: int) -> None:
        """The device's next emoji is put, if one is due. Runs in a worker thread."""
        db, now = self.box.db, self.box.now()
        wish = None if db.damaged else db.read_here(reacting.due, device_id, now=now)
        if wish is None:
            return
        if wish.against is not None:
            db.write_now(reacting.give_up, wish, wish.against)
            return
        device = db.read_here(devices.by_id, device_id)
        if not device.ready or not device.synced:
            return
        if not db.write_now(reacting.tried, wish, now=now):
            return
        try:
            found = self.driver.react(device_id, wish.wa_message_id, wish.chat_ids, wish.emoji, own=wish.own)
        except SessionLost:
            return
        log.info("asked to react", reaction_id=wish.id, outcome=found.outcome, reason=found.reason)
        if found.outcome == "reacted":
            db.write_now(reacting.done, wish)
        elif found.outcome in _ENDS:
            db.write_now(reacting.give_up, wish, _ENDS[found.outcome])


_ENDS: dict[str, str] = {"missing": "not_found", "refused": "refused"}
