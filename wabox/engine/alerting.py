"""Looks now and then what ails the box and its phones, and tells whom it concerns.

What is found, that it was told, and the mail, message and post that tell it are one transaction: who is killed
before it tells at the next look, who is killed after it tells nothing twice. A held box looks at nothing.
"""

from __future__ import annotations

import asyncio
from time import monotonic

import structlog

from wabox.alerts import looking, stored
from wabox.alerts.kinds import Ill, Kind, Look
from wabox.alerts.looking import Finding, Seen
from wabox.backup import nightly, record
from wabox.box import Box
from wabox.checkup import machine, machine_clock
from wabox.config import Config
from wabox.datadir import DataDir
from wabox.db import Rows, Tx
from wabox.letters import roads

log = structlog.get_logger()

EVERY_SECONDS = 5.0


class Alerting:
    """Asked each tick; looks every few seconds, and the tick does not wait for it."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._looked_at = -EVERY_SECONDS
        self._task: asyncio.Task[None] | None = None

    async def tick(self) -> None:
        """What is news is told; a box that cannot write tells it when it can."""
        if self._task is not None and not self._task.done():
            return
        if monotonic() - self._looked_at < EVERY_SECONDS or self._box.db.failing is not None:
            return
        if not self._box.stopping.is_set():
            self._looked_at = monotonic()
            self._task = asyncio.create_task(self._run(), name="alerts")

    async def quiet(self) -> None:
        """Nothing is being looked at any more."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            await self._look()
        except Exception:
            if not self._box.stopping.is_set():
                log.exception("step failed", step="alerting")

    async def _look(self) -> None:
        box = self._box
        seen = await asyncio.to_thread(_seen, box)
        if await box.db.read(_is_news, box, seen):
            await box.db.write(look_and_tell, box, seen)


def look_and_tell(tx: Tx, box: Box, seen: Seen) -> None:
    """The rows are as things are, and whom it concerns is told."""
    now = box.now()
    roads.tell(tx, box, stored.settle(tx, _look(tx, box, seen), now=now), now=now)


def _is_news(rows: Rows, box: Box, seen: Seen) -> bool:
    return stored.is_news(rows, _look(rows, box, seen), now=box.now())


def _look(rows: Rows, box: Box, seen: Seen) -> Look:
    wrong = looking.while_clock_is_wrong(rows, wrong=machine_clock.is_wrong(rows))
    return wrong or looking.look(rows, seen, now=box.now())


def _seen(box: Box) -> Seen:
    """What no row says: the disk, and the nights' backups."""
    found: dict[Kind, Finding] = {"disk_full": _disk(box.config), "backup": _backup(box)}
    return found


def _disk(config: Config) -> Finding:
    finding = machine.disk(config.data.dir)
    if finding.level == "bad":
        return Ill()
    return True if finding.level == "ok" else None  # a little room is no news either way


def _backup(box: Box) -> Finding:
    """As the health page judges it; a night that is being made anew is not over yet."""
    if nightly.place_of(box.config) is None:
        return False
    night = [one for one in record.entries(DataDir(box.config.data.dir)) if one.by == "night"]
    found = [one for one in nightly.judged(box.config, night, now=box.now()) if one.level == "bad"]
    if not found:
        return True
    return Ill({"says": found[0].text, **{name: str(value) for name, value in found[0].values.items()}})
