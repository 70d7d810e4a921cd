"""What became of a message that was being handed over when somebody crashed, or nobody answered.

Nothing else goes from its device until it is settled. The page's history is asked under the stored id:
with the server's ack it was sent; without it the message rests, is handed over once more under the same
id, rests again, and ends in `unknown`; not found while the history is intact, it never entered and is
handed over again under the same id; otherwise nobody can know, and it ends in `unknown`. A second hand-over
asks the gate as the first did: what may no longer go goes back into the line, or ends in `unknown`. A file whose
upload came to no end, and of which a fresh page has nothing, waits beside the line, so that the others go. So
does one of which the page that had it in hand says that it is not up; it was never in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from wabox.box import Box
from wabox.devices import limits, rules
from wabox.devices import stored as devices
from wabox.errors import NotFound
from wabox.media import stored as media
from wabox.messages import answers, handing, outbox, stored
from wabox.messages.handing import HANDED_AGAIN, RESTING
from wabox.whatsapp.driver import FILE_GONE, OF_FILES, UPLOAD_STUCK, Driver, Handed, LookedUp, SessionLost

log = structlog.get_logger()

LAST_REST = timedelta(minutes=5)
LAST_REST_OF_FILE = timedelta(minutes=1)  # after its upload: a receipt that comes later settles it all the same
NOT_ENTERED_REST = timedelta(seconds=5)  # the page's connection may have gone a moment ago
MOST_RECOVERIES = 3  # hand-overs that a running wabox saw end without an answer
MOST_ATTEMPTS = 20  # with those that its own end cut short


@dataclass(slots=True)
class Recovery:
    """Settles messages in doubt."""

    box: Box
    driver: Driver
    machine_boot: str

    def settle(self, message: stored.Message) -> bool:
        """Find out, or do the next thing that can be done. False: it stays in doubt for now."""
        if message.wa_message_id is None or message.wa_chat_id is None or message.link_epoch is None:
            self.box.db.write_now(handing.put_back, message, now=self.box.now())  # claimed, but not armed
            return True
        device = self.box.db.read_here(devices.by_id, message.device_id)
        if not device.linked or device.link_epoch != message.link_epoch:
            return self._lose(message, "link_lost")
        if not device.ready or not device.synced or self._is_resting(message):
            return False
        try:
            seen = self._look_up(device, message)
        except SessionLost:
            return False
        return self._judge(device, message, seen)

    def _is_resting(self, message: stored.Message) -> bool:
        return message.rest_until is not None and self.box.now() < message.rest_until

    def _look_up(self, device: devices.Device, message: stored.Message) -> LookedUp:
        assert message.wa_message_id is not None
        assert message.wa_chat_id is not None
        return self.driver.look_up(device.id, message.wa_message_id, message.chats, device.anchor)

    def _judge(self, device: devices.Device, message: stored.Message, seen: LookedUp) -> bool:
        now = self.box.now()
        log.info("looked up", job_id=message.id, ack=seen.ack, anchor=seen.anchor_found)
        if seen.ack is not None and seen.ack >= 1:
            self._sent(message)
            return True
        if seen.ack is not None and seen.ack < 0 and message.doubt_stage == HANDED_AGAIN:
            return self._lose(message, "no_answer")  # that was the second attempt; the first may have gone
        if seen.ack is not None and seen.ack < 0:
            self.box.db.write_now(answers.refused, message, now=now)
            return True
        if seen.ack == 0:
            return self._stored_without_ack(message)
        intact = message.machine_boot == self.machine_boot and (device.anchor is None or seen.anchor_found)
        if not intact:
            return self._lose(message, "history_lost")
        if message.media_id is not None and message.recoveries > 0:  # a fresh page has nothing of it
            self.box.db.write_now(handing.file_refused, message, UPLOAD_STUCK, now=now)
            return True
        return self._hand_over(message, stage=0)

    def _stored_without_ack(self, message: stored.Message) -> bool:
        if message.doubt_stage == 0:
            until = self.box.now() + timedelta(seconds=self.box.config.sending.doubt_seconds)
            self.box.db.write_now(handing.rest, message, stage=RESTING, until=until)
            return False
        if message.doubt_stage == RESTING:
            return self._hand_over(message, stage=HANDED_AGAIN)
        return self._lose(message, "no_answer")

    def _hand_over(self, message: stored.Message, *, stage: int) -> bool:
        if message.recoveries >= MOST_RECOVERIES or message.attempts >= MOST_ATTEMPTS:
            return self._lose(message, "no_answer")
        verdict = self.box.db.write_now(
            handing.once_more,
            message,
            stage=stage,
            rest_until=self._last_rest(message) if stage == HANDED_AGAIN else None,
            in_page=stage == HANDED_AGAIN,
            config=self.box.config,
            now=self.box.now(),
        )
        if verdict != "go":
            log.info("not handed over again", job_id=message.id, verdict=verdict)
            return verdict != "rest"
        if self.box.db.damaged:  # found since the gate was asked
            return False
        assert message.wa_message_id is not None
        assert message.wa_chat_id is not None
        try:
            file = self.box.db.read_here(
                media.file_of, self.box.media, message.media_id, message.media_kind, message.media_name
            )
            handed = self.driver.hand_over(
                message.device_id,
                message.wa_chat_id,
                message.wa_message_id,
                message.text,
                file or message.enclosed,
            )
        except NotFound:
            handed = Handed("refused", FILE_GONE)
        except SessionLost:  # the page was never asked
            return False
        log.info("handed over again", job_id=message.id, outcome=handed.outcome, reason=handed.reason)
        return self._record(message, handed, stage)

    def _record(self, message: stored.Message, handed: Handed, stage: int) -> bool:
        """What came of the second hand-over."""
        now = self.box.now()
        if handed.outcome == "acked":
            self._sent(message)
        elif handed.outcome == "refused" and stage == HANDED_AGAIN:  # the earlier attempt may have gone
            return self._lose(message, "no_answer")
        elif handed.outcome == "held" and stage == HANDED_AGAIN:  # so may it; and now it is not pushed again
            return self._lose(message, "withheld")
        elif handed.outcome == "held" or (handed.outcome == "refused" and handed.reason in answers.LIMITS):
            self.box.db.write_now(answers.held_back, message, handed, now=now)
        elif handed.outcome == "refused" and handed.reason in OF_FILES:
            self.box.db.write_now(handing.file_refused, message, handed.reason, now=now)
        elif handed.outcome == "refused":
            self.box.db.write_now(answers.refused, message, now=now)
        elif handed.outcome == "not_entered":  # no new doubt: as before this attempt, a moment later
            until = now + NOT_ENTERED_REST
            self.box.db.write_now(handing.rest, message, stage=message.doubt_stage, until=until)
            return False
        else:
            return self._doubted(message, stage)
        return True

    def _doubted(self, message: stored.Message, stage: int) -> bool:
        """An upload may have lasted longer than the rest that was given before it."""
        self.box.db.write_now(handing.doubted, message)
        if stage == HANDED_AGAIN and message.media_id is not None:
            self.box.db.write_now(handing.rest, message, stage=stage, until=self._last_rest(message))
        return False

    def _last_rest(self, message: stored.Message) -> datetime:
        return self.box.now() + (LAST_REST if message.media_id is None else LAST_REST_OF_FILE)

    def _sent(self, message: stored.Message) -> None:
        now = self.box.now()
        gap = self.box.db.read_here(rules.gap_of, message.device_id, config=self.box.config)
        gap_end = limits.next_send_at(now, gap)
        self.box.db.write_now(answers.sent, message, at=now, next_send_at=gap_end)

    def _lose(self, message: stored.Message, error: str) -> bool:
        self.box.db.write_now(outbox.lose, message, error, now=self.box.now())
        log.warning("message lost from sight", job_id=message.id, error=error)
        return True
