"""Makes tonight's backup when it is time, on a thread aside.

It waits for its turn: while another backup or a move is being made, an engine is tried, or nobody owns the box (it
may be about to be another one). That is no failure, unless it lasts a whole day; since when it
waits is kept beside the record, so that a box which is started anew each night waits no longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from datetime import datetime
from time import monotonic

import structlog

from wabox.accounts import users
from wabox.backup import nightly, record
from wabox.backup.record import Entry
from wabox.box import Box
from wabox.datadir import DataDir
from wabox.db import Rows
from wabox.errors import Unavailable
from wabox.renewal import stored as engines

log = structlog.get_logger()

LOOKS_SECONDS = 20.0


class Backups:
    """Asked each tick; looks now and then."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._data = DataDir(box.config.data.dir)
        self._looked_at = -LOOKS_SECONDS
        self._task: asyncio.Task[None] | None = None
        self.stopping = threading.Event()

    async def tick(self) -> None:
        """If it is time, one is being made; the tick does not wait for it."""
        if self._task is not None and self._task.done():
            task, self._task = self._task, None
            task.result()
        if self._task is not None or self.stopping.is_set() or monotonic() - self._looked_at < LOOKS_SECONDS:
            return
        self._looked_at = monotonic()
        now = self._box.now()
        if not nightly.due(self._box.config, self._data, now=now) or not await self._box.db.read(
            users.owner_exists
        ):
            self._waits(None)
            return
        since = record.waits_since(self._data)
        self._waits(now if since is None or since > now else since)  # after `now`: the clock was set back
        if self._is_late(now) or not await self._box.db.read(_is_trying):
            self._task = asyncio.create_task(self._make(), name="backup")

    async def stop(self) -> None:
        """What is being made is broken off; nothing of it is left."""
        self.stopping.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=5)

    def _is_late(self, now: datetime) -> bool:
        since = record.waits_since(self._data)
        return since is not None and now - since >= nightly.ITS_DAY

    def _waits(self, since: datetime | None) -> None:
        """A disk that takes nothing is told by the backup itself."""
        with contextlib.suppress(OSError):
            record.waits(self._data, since)

    async def _make(self) -> None:
        made = await asyncio.to_thread(self._made)
        if made is None:
            return
        self._waits(None)
        if made.well:
            log.info("backup made", bytes=made.bytes, after_failed=made.after_failed)
        else:
            log.error("backup failed", why=made.why)

    def _made(self) -> Entry | None:
        """What became of it; None: it waits on, for it is not its turn."""
        config, now = self._box.config, self._box.now()
        try:
            return nightly.run(config, self._data, nightly.Work(self.stopping), by="night", now=now)
        except Unavailable as refusal:
            if self.stopping.is_set() or not self._is_late(now):
                log.info("backup waits", why=refusal.code)
                return None
            return nightly.gave_up(config, self._data, refusal.sentence, now=now)


def _is_trying(rows: Rows) -> bool:
    return engines.in_trial(rows) is not None
