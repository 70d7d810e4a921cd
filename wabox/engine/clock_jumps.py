"""Watches this machine's clock for jumps, by the clock that only runs forward."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import structlog

from wabox.box import Box
from wabox.checkup import machine_clock

log = structlog.get_logger()

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


class Timekeeper:
    """Judges the clock once a tick."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._offset: timedelta | None = None
        self._jump = timedelta()
        self._reported = False
        self._wrong = False

    async def tick(self) -> None:
        """Look at the clock; write down a change."""
        now = self._box.now()
        self._jump += self._moved(now)
        astray = abs(self._jump) > machine_clock.TOLERANCE and not is_synchronised()
        jumped = astray and not self._reported
        if not self._box.db.read_here(machine_clock.needs_judging, now, jumped=jumped):
            return
        if self._reported and not astray:
            await self._box.db.write(machine_clock.settled)
        wrong = await self._box.db.write(machine_clock.judge, now, jumped=jumped)
        self._reported = wrong and astray
        if not wrong and astray:  # the owner has confirmed the new time
            self._jump = timedelta()
        if wrong != self._wrong:
            log.warning("clock looks wrong" if wrong else "clock is right again")
        self._wrong = wrong

    def _moved(self, now: datetime) -> timedelta:
        """How far the clock moved beyond the time that passed since the last look."""
        offset = timedelta(seconds=now.timestamp() - monotonic())
        moved = timedelta() if self._offset is None else offset - self._offset
        self._offset = offset
        return moved if abs(moved) > timedelta(seconds=30) else timedelta()


def is_synchronised() -> bool:
    """Whether the system's time service says the clock is right."""
    return SYNCHRONISED.exists()
