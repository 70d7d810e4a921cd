"""A device's turn: look up what is in doubt, then resolve, claim and arm, hand over, record, and again.

A turn is never in flight twice for one device. It yields after 20 messages or 10 seconds; when the gate
says wait it ends, and the clock gives the next one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

import structlog

from wabox import crash, fence
from wabox.box import Box
from wabox.config import Config
from wabox.db import Tx
from wabox.devices import limits, rules
from wabox.devices import stored as devices
from wabox.engine.deeds import Deeds
from wabox.engine.lines import Lines
from wabox.engine.recovery import Recovery
from wabox.errors import NotFound
from wabox.media import stored as media
from wabox.messages import addressees, answers, chats, claiming, gate, handing, outbox, stored
from wabox.whatsapp.driver import FILE_GONE, OF_FILES, TOO_MANY, Driver, File, Handed, Resolved, SessionLost

log = structlog.get_logger()

MOST_MESSAGES = 20
MOST_SECONDS = 10.0
MOST_NOT_ENTERED = 3
AWAY_REST = timedelta(seconds=3)
NOT_CONNECTED = "not_connected"  # the page's own network is away: nobody's failure


@dataclass(frozen=True, slots=True)
class _Said:
    """What WhatsApp has just said of a number."""

    phone: str
    answer: Resolved

    @property
    def found(self) -> bool:
        return self.answer.answer == "yes" and self.answer.chat_id is not None


@dataclass(slots=True)
class Turns:
    """Gives devices their turns. machine_boot: changes when the machine, not wabox, was restarted."""

    box: Box
    driver: Driver
    machine_boot: str
    stopping: threading.Event = field(default_factory=threading.Event)
    lines: Lines = field(default_factory=Lines)
    recovery: Recovery = field(init=False)
    deeds: Deeds = field(init=False)

    def __post_init__(self) -> None:
        self.recovery = Recovery(self.box, self.driver, self.machine_boot)
        self.deeds = Deeds(self.box, self.driver)

    def turn(self, device_id: int) -> None:
        """Send what may go, until something must wait. Runs in a worker thread.

        After it an emoji, and a message of a campaign that is to be deleted for everyone: both yield to the rest.
        """
        ends = monotonic() + MOST_SECONDS
        for _ in range(MOST_MESSAGES):
            if self.stopping.is_set() or monotonic() > ends or not self.step(device_id):
                break
        if not self.stopping.is_set():
            self.deeds.later(device_id)

    def step(self, device_id: int) -> bool:
        """Settle the message in doubt, or send the next one. False: nothing more to do now.

        Before either, a message is deleted for everyone or changed: whoever wants that wants it soon. A box
        that is held looks nothing up either.
        """
        if self.box.db.read_here(fence.of) is not None:
            return False
        self.deeds.soon(device_id)
        doubtful = self.box.db.read_here(stored.in_doubt, device_id)
        if doubtful is not None:
            moved = self.recovery.settle(doubtful)
            if not moved:
                self.lines.stood_still(device_id, None)
            return moved
        try:
            said = self._ask_ahead(device_id)
        except SessionLost:
            return self._went_on(device_id, moved=False)
        claimed, armed = self.box.db.write_now(
            _claim, device_id, said, machine_boot=self.machine_boot, config=self.box.config, now=self.box.now()
        )
        if armed is not None:
            crash.point("armed")
            return self._went_on(device_id, moved=self._hand_over(armed))
        if isinstance(claimed, claiming.Again):
            return True
        if claimed is None or isinstance(claimed, gate.Wait):
            self.lines.stood_still(device_id, claimed)
            return False
        return self._went_on(device_id, moved=self._send(claimed, said))

    def _went_on(self, device_id: int, *, moved: bool) -> bool:
        if not moved:
            self.lines.stood_still(device_id, None)
        return moved

    def _ask_ahead(self, device_id: int) -> _Said | None:
        """What WhatsApp says of the number that comes next, if it must be asked, before its message is claimed.

        So the claim stores the answer, arms and flushes the disk once. Raises SessionLost: nothing was moved.
        """
        phone = self.box.db.read_here(claiming.to_ask, device_id, config=self.box.config, now=self.box.now())
        if phone is None:
            return None
        said = _Said(phone, self.driver.resolve(device_id, phone))
        crash.point("resolved")
        return said

    def _send(self, message: stored.Message, said: _Said | None) -> bool:
        """What was claimed and not armed: its number is not there, or unclear, or another came up meanwhile."""
        device = self.box.db.read_here(devices.by_id, message.device_id)
        if said is not None and said.phone == message.phone and not said.found:
            return self._no_chat(device, message, self._rested(device, said.answer))
        try:
            where, asked = self._resolve(device, message.phone)
        except SessionLost:
            self.box.db.write_now(handing.put_back, message, now=self.box.now())
            return False
        crash.point("resolved")
        if where.answer != "yes" or where.chat_id is None:
            return self._no_chat(device, message, where)
        armed = self.box.db.write_now(
            _learn_and_arm if asked else handing.arm,
            message,
            where,
            machine_boot=self.machine_boot,
            config=self.box.config,
            now=self.box.now(),
        )
        if armed is None:
            return True
        crash.point("armed")
        return self._hand_over(armed)

    def _resolve(self, device: devices.Device, phone: str) -> tuple[Resolved, bool]:
        """What WhatsApp says of the number, and whether it was asked now: only if nothing is remembered.

        A yes is learnt as the message is armed, in one transaction; anything else at once.
        """
        remembered = self.box.db.read_here(chats.remembered, device, phone, now=self.box.now())
        if remembered is not None:
            return remembered, False
        answer = self.driver.resolve(device.id, phone)
        if answer.answer == "yes" and answer.chat_id is not None:
            return answer, True
        self.box.db.write_now(_learn, device, phone, answer, now=self.box.now())
        return self._rested(device, answer), False

    def _rested(self, device: devices.Device, answer: Resolved) -> Resolved:
        """After a no the phone rests as after a message."""
        if answer.answer == "no":
            self.box.db.write_now(limits.rest, device.id, self._next_send_at(device.id))
        return answer

    def _no_chat(self, device: devices.Device, message: stored.Message, where: Resolved) -> bool:
        now = self.box.now()
        if where.answer == "no":
            self.box.db.write_now(answers.number_missing, message, now=now)
        elif where.reason == TOO_MANY:
            self.box.db.write_now(answers.too_many_checks, message, now=now)
            log.warning("too many number checks", device_id=device.id)
        else:
            retry_at = chats.ask_again_at(now, message.number_tries)
            self.box.db.write_now(answers.number_unclear, message, retry_at=retry_at, now=now)
            log.info("number unclear", job_id=message.id, device_id=device.id)
        return True

    def _hand_over(self, armed: stored.Message) -> bool:
        assert armed.wa_chat_id is not None
        assert armed.wa_message_id is not None
        if self.box.db.damaged:  # found since it was armed; the look-up of a later start settles it
            return False
        try:
            file = self._file(armed)
        except NotFound:
            return self._file_refused(armed, FILE_GONE)
        crash.point_soon("entered", 0.03)
        if file is not None:
            crash.point_soon("uploading", 1.0)
        try:
            handed = self.driver.hand_over(
                armed.device_id, armed.wa_chat_id, armed.wa_message_id, armed.text, file or armed.enclosed
            )
        except SessionLost:  # the page was never asked; recovery hands it over when the session is back
            return False
        return self._record(armed, handed)

    def _file(self, armed: stored.Message) -> File | None:
        """What goes with it. Raises NotFound. A text alone asks for nothing."""
        if armed.media_id is None:
            return None
        return self.box.db.read_here(
            media.file_of, self.box.media, armed.media_id, armed.media_kind, armed.media_name
        )

    def _record(self, armed: stored.Message, handed: Handed) -> bool:
        if handed.outcome == "acked":
            return self._acked(armed, handed.at or self.box.now())
        if handed.outcome == "in_doubt":
            return self._in_doubt(armed)
        now = self.box.now()
        if handed.reason == NOT_CONNECTED and handed.outcome == "not_entered":
            self.box.db.write_now(handing.wait_out, armed, AWAY_REST, now=now)
            return False
        if handed.outcome == "held" or (handed.outcome == "refused" and handed.reason in answers.LIMITS):
            self.box.db.write_now(answers.held_back, armed, handed, now=now)
            log.info("message held by WhatsApp", job_id=armed.id, reason=handed.reason)
            return True
        if handed.outcome == "refused" and handed.reason in OF_FILES:
            return self._file_refused(armed, handed.reason)
        if handed.outcome == "not_entered" and armed.attempts < MOST_NOT_ENTERED:
            self.box.db.write_now(_forget_and_put_back, armed, now=now)
            log.warning("message not entered", job_id=armed.id, reason=handed.reason)
            return False
        end = _refused if handed.outcome == "refused" else _not_entered
        self.box.db.write_now(end, armed, now=self.box.now(), next_send_at=self._next_send_at(armed.device_id))
        log.warning("message refused", job_id=armed.id, reason=handed.reason)
        return True

    def _file_refused(self, armed: stored.Message, reason: str) -> bool:
        self.box.db.write_now(handing.file_refused, armed, reason, now=self.box.now())
        log.warning("file refused", job_id=armed.id, reason=reason)
        return True

    def _acked(self, armed: stored.Message, at: datetime) -> bool:
        crash.point("acked")
        self.box.db.write_now(answers.sent, armed, at=at, next_send_at=self._next_send_at(armed.device_id))
        crash.point("recorded")
        return True

    def _in_doubt(self, armed: stored.Message) -> bool:
        self.box.db.write_now(handing.doubted, armed)
        log.warning("message in doubt", job_id=armed.id, device_id=armed.device_id)
        return True

    def _next_send_at(self, device_id: int) -> datetime:
        gap = self.box.db.read_here(rules.gap_of, device_id, config=self.box.config)
        return limits.next_send_at(self.box.now(), gap)


def _forget_and_put_back(tx: Tx, message: stored.Message, *, now: datetime) -> None:
    chats.forget(tx, message.device_id, message.phone)
    handing.put_back(tx, message, now=now)


def _claim(
    tx: Tx, device_id: int, said: _Said | None, *, machine_boot: str, config: Config, now: datetime
) -> tuple[stored.Message | gate.Wait | claiming.Again | None, stored.Message | None]:
    """What `claim_next` says; and the message armed in the same transaction, if its chat is known.

    said: learnt first, whoever is claimed: a chat may tell that somebody opted out, or is cold.
    """
    if said is not None:
        _learn(tx, devices.by_id(tx, device_id), said.phone, said.answer, now=now)
    claimed = claiming.claim_next(tx, device_id, config=config, now=now)
    if not isinstance(claimed, stored.Message):
        return claimed, None
    crash.point("claimed")
    where = chats.remembered(tx, devices.by_id(tx, device_id), claimed.phone, now=now)
    if where is None or where.answer != "yes" or where.chat_id is None:
        return claimed, None
    armed = handing.arm(tx, claimed, where, machine_boot=machine_boot, config=config, now=now)
    return claiming.Again() if armed is None else claimed, armed


def _learn_and_arm(
    tx: Tx, message: stored.Message, where: Resolved, *, machine_boot: str, config: Config, now: datetime
) -> stored.Message | None:
    _learn(tx, devices.by_id(tx, message.device_id), message.phone, where, now=now)
    return handing.arm(tx, message, where, machine_boot=machine_boot, config=config, now=now)


def _learn(tx: Tx, device: devices.Device, phone: str, answer: Resolved, *, now: datetime) -> None:
    addressees.learn(tx, device, phone, answer, now=now)
    if answer.answer != "unknown":
        limits.checked(tx, device.id, now=now)


def _refused(tx: Tx, message: stored.Message, *, now: datetime, next_send_at: datetime) -> None:
    if answers.refused(tx, message, now=now):
        limits.rest(tx, message.device_id, next_send_at)


def _not_entered(tx: Tx, message: stored.Message, *, now: datetime, next_send_at: datetime) -> None:
    if outbox.fail(tx, message, "not_entered", now=now):
        limits.rest(tx, message.device_id, next_send_at)
