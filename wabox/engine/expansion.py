"""A campaign's turn: its next parts become messages; and what campaigns need each tick."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import structlog

from wabox.box import Box
from wabox.campaigns import expansion, launching, running
from wabox.db import Tx
from wabox.engine.backoff import Backoff
from wabox.engine.workers import Workers

log = structlog.get_logger()

MOST_SECONDS = 1.0  # two threads share all campaigns: each has a turn soon


@dataclass(slots=True)
class Expansion:
    """Expands campaigns in worker threads."""

    box: Box
    stopping: threading.Event = field(default_factory=threading.Event)

    def turn(self, campaign_id: int) -> None:
        """Write the next parts, for a while; the next tick gives another turn."""
        ends = monotonic() + MOST_SECONDS
        while monotonic() < ends and not self.stopping.is_set():
            if not self.step(campaign_id):
                return

    def step(self, campaign_id: int) -> bool:
        """Write one part. False: there is none, or it must be prepared anew."""
        consent, now = self.box.config.guards.require_consent, self.box.now()
        part = self.box.db.read_here(expansion.prepare, campaign_id, require_consent=consent, now=now)
        if part is not None:
            return self.box.db.write_now(expansion.write, part, now=now)
        if self.box.db.write_now(expansion.strand, campaign_id):
            log.warning("campaign without a device", campaign_id=campaign_id)
        return False


class Campaigns:
    """What is due of campaigns each tick: launches, expansions, ends, tripwires."""

    def __init__(self, box: Box, workers: Workers) -> None:
        self._box = box
        self._workers = workers
        self._failed = Backoff()

    async def tick(self) -> None:
        """Look once."""
        now = self._box.now()
        if self._box.db.read_here(launching.due, now=now):
            await self._launch(now)
        for campaign_id in self._box.db.read_here(expansion.due):
            self._workers.give("campaign", campaign_id)
        if self._box.db.read_here(running.something_to_do):
            await self._box.db.write(_settle, now, tripwires=self._box.config.guards.tripwires)

    async def _launch(self, now: datetime) -> None:
        for campaign_id in await self._box.db.read(launching.due, now=now):
            if not self._failed.rests(campaign_id):
                with self._failed.apart("launch", campaign_id):
                    stamp, audience = await self._box.db.read(
                        launching.meant_now, campaign_id, self._box.config, now
                    )
                    await self._box.db.write(
                        launching.launch_scheduled, campaign_id, audience, now=now, stamp=stamp
                    )
                    log.info("campaign due", campaign_id=campaign_id, recipients=len(audience))


def _settle(tx: Tx, now: datetime, *, tripwires: bool) -> None:
    running.finish(tx, now=now)
    if tripwires:
        running.trip(tx, now=now)
