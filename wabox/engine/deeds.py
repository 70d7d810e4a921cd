"""Does to messages that went what was asked for: another text, deleting for everyone, an emoji; one at a time.

All in their device's turn. What ends in between is due again: a text is looked at before it is changed, and of the
rest twice does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from wabox import crash
from wabox.box import Box
from wabox.devices import stored as devices
from wabox.messages import deeds, reacting, stored
from wabox.whatsapp.driver import Driver, Edited, Revoked, SessionLost

log = structlog.get_logger()

_ENDS: dict[str, str] = {"missing": "not_found", "refused": "refused"}


@dataclass(slots=True)
class Deeds:
    """Asks WhatsApp for what is due. Runs in a worker thread."""

    box: Box
    driver: Driver

    def soon(self, device_id: int) -> None:
        """The device's next deletion and the next change of a text are tried: whoever wants that wants it soon."""
        if not self.box.db.damaged:
            for due in self.box.db.read_here(deeds.due, device_id, bulk=False, now=self.box.now()):
                self._do(due)

    def later(self, device_id: int) -> None:
        """Its next emoji is put, and a message of a whole campaign deleted: both yield to the rest."""
        if self.box.db.damaged:
            return
        wish = self.box.db.read_here(reacting.due, device_id, now=self.box.now())
        if wish is not None:
            self._react(wish)
        for due in self.box.db.read_here(deeds.due, device_id, bulk=True, now=self.box.now()):
            self._do(due)

    def _do(self, due: deeds.Due) -> None:
        db, deed, message = self.box.db, due.deed, due.message
        if due.against is not None:
            db.write_now(deeds.give_up, deed, message, due.against, now=self.box.now())
            return
        if not self._is_there(message.device_id) or not db.write_now(
            deeds.tried, deed, message, now=self.box.now()
        ):
            return
        crash.point("deed_tried")
        try:
            found = self._asked(deed, message)
        except SessionLost:
            return
        crash.point("deed_answered")
        told = {"job_id": message.id, "outcome": found.outcome, "reason": found.reason}
        log.info("asked for a deed", deed=deed.name, **told)
        if found.outcome == deed.past:
            db.write_now(deeds.done, deed, message, now=self.box.now())
        elif found.outcome in _ENDS:
            db.write_now(deeds.give_up, deed, message, _ENDS[found.outcome], now=self.box.now())
        crash.point("deed_recorded")

    def _asked(self, deed: deeds.Deed, message: stored.Message) -> Edited | Revoked:
        assert message.wa_chat_id is not None
        assert message.wa_message_id is not None
        crash.point_soon("deed_asked", 0.03)
        if deed is deeds.EDIT:
            return self.driver.edit(
                message.device_id, message.wa_message_id, message.chats, message.edit_text or ""
            )
        return self.driver.revoke(message.device_id, message.wa_message_id, message.chats)

    def _react(self, wish: reacting.Wish) -> None:
        db = self.box.db
        if wish.against is not None:
            db.write_now(reacting.give_up, wish, wish.against)
            return
        if not self._is_there(wish.device_id) or not db.write_now(reacting.tried, wish, now=self.box.now()):
            return
        crash.point("deed_tried")
        crash.point_soon("deed_asked", 0.03)
        try:
            found = self.driver.react(wish.device_id, wish.wa_message_id, wish.chat_ids, wish.emoji, own=wish.own)
        except SessionLost:
            return
        crash.point("deed_answered")
        log.info("asked to react", reaction_id=wish.id, outcome=found.outcome, reason=found.reason)
        if found.outcome == "reacted":
            db.write_now(reacting.done, wish)
        elif found.outcome in _ENDS:
            db.write_now(reacting.give_up, wish, _ENDS[found.outcome])
        crash.point("deed_recorded")

    def _is_there(self, device_id: int) -> bool:
        """Whether its page can be asked for anything."""
        device = self.box.db.read_here(devices.by_id, device_id)
        return device.ready and device.synced
