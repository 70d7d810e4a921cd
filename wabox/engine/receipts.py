"""What the pages tell: link states, acks, messages from people; written down as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from wabox.box import Box
from wabox.db import Tx
from wabox.devices import devices
from wabox.messages import chats, outbox, pace
from wabox.whatsapp.driver import Event, Inbound, Link, Pairing, Receipt

log = structlog.get_logger()


class Receipts:
    """Takes the driver's events on the loop's thread, without waiting, in their order."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._writing: set[asyncio.Task[None]] = set()

    def take(self, event: Event) -> None:
        """Write the event down soon. A device that no longer exists has no events."""
        task = asyncio.get_running_loop().create_task(self._write(event))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def drain(self) -> None:
        """Every event taken so far is written."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def _write(self, event: Event) -> None:
        try:
            await self._box.db.write(verb(event, self._box))
        except Exception:
            log.exception("event not written", kind=type(event).__name__, device_id=event.device_id)


def verb(event: Event, box: Box) -> Callable[[Tx], object]:
    """What writes this event down."""
    now = box.now()
    match event:
        case Link():
            return lambda tx: devices.saw(tx, event, now=now)
        case Receipt():
            gap_end = pace.next_send_at(now, box.config.sending.gap_seconds)
            return lambda tx: outbox.receipt(tx, event.message_id, event.ack, at=event.at, next_send_at=gap_end)
        case Inbound():
            return lambda tx: inbound(tx, event, now=now)
        case Pairing():
            return lambda tx: devices.paired(tx, event)


def inbound(tx: Tx, event: Inbound, *, now: datetime) -> None:
    """Somebody wrote: their chat is no new one any more."""
    if event.phone is not None:
        user_id = devices.by_id(tx, event.device_id).user_id
        chats.wrote(tx, event.device_id, user_id, event.phone, inbound=True, at=now)
