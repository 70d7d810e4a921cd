"""What the pages tell: link states, acks, messages from people; written down as they come."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from datetime import datetime
from itertools import islice

import structlog

from wabox import threads
from wabox.accounts import users
from wabox.box import Box
from wabox.campaigns import replies
from wabox.contacts import inbox_files, withdrawing
from wabox.db import Tx
from wabox.devices import idle_warnings, limits, linking, rules
from wabox.devices import stored as devices
from wabox.errors import NotFound, Unavailable
from wabox.letters import accounts as letters
from wabox.messages import addressees, answers, chats, reacting
from wabox.whatsapp.driver import Event, Inbound, Joined, Link, Pairing, PhoneUsed, Reaction, Receipt, Withdrawn

log = structlog.get_logger()

BATCH = 256
AGAIN_SECONDS = 1.0


class PageEvents:
    """Takes the driver's events on the loop's thread, without waiting, and writes them down in their order.

    While the box cannot write, they wait here: a link state is told once only, and must not be lost to a
    full disk. What the process's death takes along is swept up from the page at the next start.
    gather_seconds: so long a receipt waits for others, to share a transaction: each costs the card some pages.
    """

    def __init__(self, box: Box, *, gather_seconds: float = 0) -> None:
        self._box = box
        self._gather_seconds = gather_seconds
        self._hurry = asyncio.Event()
        self._waiting: deque[Event] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._stopping = False

    def take(self, event: Event) -> None:
        """Write the event down soon. A device that no longer exists has no events."""
        self._waiting.append(event)
        if not _can_wait(event):
            self._hurry.set()
        if self._writing is None:
            task = asyncio.get_running_loop().create_task(self._write_all(), name="receipts")
            self._writing = threads.lasting_task(task, asked=lambda: True)

    async def drain(self) -> None:
        """Every event taken so far is written, if the box can write at all."""
        self._stopping = True
        await self.quiet()

    async def quiet(self) -> None:
        """Nothing waits to be written any more."""
        self._hurry.set()
        if self._writing is not None:
            await self._writing

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                if not await self._write_some():
                    if self._stopping:
                        return
                    await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._writing = None

    async def _gather(self) -> None:
        """Receipts alone wait for more of them; anything else, or a stop, ends that at once."""
        if self._gather_seconds and not self._stopping and all(_can_wait(event) for event in self._waiting):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._gather_seconds):
                    await self._hurry.wait()
        self._hurry.clear()

    async def _write_some(self) -> bool:
        """Write the first events together. False: the box cannot write; the rest waits, in its order."""
        batch = list(islice(self._waiting, BATCH))
        results = await asyncio.gather(*(self._write(event) for event in batch), return_exceptions=True)
        for event, result in zip(batch, results, strict=True):
            if isinstance(result, Unavailable):
                log.warning("events wait to be written", waiting=len(self._waiting), why=result.code)
                return False
            self._waiting.popleft()
            if isinstance(result, NotFound):
                log.info("event of a device that is gone", device_id=event.device_id)
            elif result is not None:
                kind = type(event).__name__
                log.error("event not written", kind=kind, device_id=event.device_id, exc_info=result)
        return True

    async def _write(self, event: Event) -> None:
        await self._box.db.write(verb(event, self._box))


def _can_wait(event: Event) -> bool:
    """A receipt that only says how far a message came; a refusal is news."""
    return isinstance(event, Receipt) and event.ack > 0


def verb(event: Event, box: Box) -> Callable[[Tx], object]:
    """What writes this event down."""
    now = box.now()
    match event:
        case Link():
            return lambda tx: _see(tx, event, box, now)
        case Receipt():
            return lambda tx: _receive(tx, event, box, now)
        case Inbound() | Withdrawn():
            return lambda tx: _hear(tx, event, box, now)
        case Reaction():
            return lambda tx: reacting.hear(tx, event, now=now)
        case Joined():
            return lambda tx: _join(tx, event, now)
        case PhoneUsed():
            return lambda tx: idle_warnings.phone_used(tx, event, now=now)
        case Pairing():
            return lambda tx: linking.paired(tx, event)


def _see(tx: Tx, event: Link, box: Box, now: datetime) -> None:
    """A page that is ready again is asked at once what the one before did not answer."""
    was = devices.by_id(tx, event.device_id).state
    linking.saw(tx, event, now=now)
    if was != "ready" and devices.by_id(tx, event.device_id).state == "ready":
        chats.ask_anew(tx, event.device_id)


def _receive(tx: Tx, event: Receipt, box: Box, now: datetime) -> None:
    """How far a message came; the pause after it is the one that is in force of its phone."""
    gap_end = limits.next_send_at(now, rules.gap_of(tx, event.device_id, config=box.config))
    answers.receipt(tx, event.message_id, event.ack, at=event.at, next_send_at=gap_end, stored_only=event.stored)


def _join(tx: Tx, event: Joined, now: datetime) -> None:
    """Who wrote without a number, or opted out by it, is known by it now."""
    user_id = devices.by_id(tx, event.device_id).user_id
    addressees.told(tx, user_id, lid=event.lid, phone=event.phone, username=event.username, now=now)


def _hear(tx: Tx, event: Inbound | Withdrawn, box: Box, now: datetime) -> None:
    """What the person wrote has its effect; where that locked the account, its user is told."""
    if isinstance(event, Withdrawn):
        withdrawing.hear(tx, event, now=now)
        return
    user_id = devices.by_id(tx, event.device_id).user_id
    was = users.by_id(tx, user_id)
    replies.hear(tx, event, lock_after=box.config.content.lock_after_complaints, now=now)
    inbox_files.want_by_itself(tx, event, box.config.media, now=now)
    letters.if_locked(tx, box, user_id, was)
