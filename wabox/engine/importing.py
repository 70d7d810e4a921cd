"""An import's turn: its next rows go in, a batch a transaction; and what imports need each tick and hour."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime
from pathlib import Path

import structlog

from wabox.box import Box
from wabox.campaigns import replies
from wabox.contacts.lists import imports, intake
from wabox.contacts.lists.intake import Batch, Reading
from wabox.db import Tx
from wabox.engine.workers import Workers
from wabox.errors import Invalid

log = structlog.get_logger()

MOST_SECONDS = 1.0  # two threads share all imports: each has a turn soon
ORPHANS_KEPT_SECONDS = 3_600.0  # a file lies there a moment before its row does


def directory(box: Box) -> Path:
    """Where uploaded files lie."""
    return box.config.data.dir / "imports"


class Importing:
    """Imports in worker threads. What it remembers between turns can be read from the files again."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._readings: dict[int, Reading] = {}
        self.stopping = threading.Event()

    def turn(self, import_id: int) -> None:
        """Write the next batches, for a while; the next tick gives another turn."""
        ends = time.monotonic() + MOST_SECONDS
        while time.monotonic() < ends and not self.stopping.is_set():
            if not self.step(import_id):
                return

    def step(self, import_id: int) -> bool:
        """Write one batch. False: there is no more to do."""
        found = self._box.db.read_here(imports.by_id, import_id)
        if found.status != "running":
            self._end(import_id)
            return False
        try:
            batch = self._next(found)
            written = self._box.db.write_now(_write, batch, now=self._box.now())
        except Invalid as refusal:
            self._box.db.write_now(imports.fail, import_id, refusal.sentence, now=self._box.now())
            self._end(import_id)
            return False
        if batch.is_last or not written:
            self._end(import_id)
        return written and not batch.is_last

    def close(self) -> None:
        """No file is open any more. For the end, when no turn runs."""
        for import_id in list(self._readings):
            self._drop(import_id)

    def _next(self, found: imports.Import) -> Batch:
        reading = self._readings.get(found.id)
        if reading is not None and reading.line != found.line:  # what it read last was never written
            self._drop(found.id)
            reading = None
        if reading is None:
            country = self._box.config.locale.country
            reading = Reading(directory(self._box), found, country=country, now=self._box.now())
            self._readings[found.id] = reading
        return reading.batch(found)

    def _drop(self, import_id: int) -> None:
        reading = self._readings.pop(import_id, None)
        if reading is not None:
            reading.close()

    def _end(self, import_id: int) -> None:
        """The import is over: its file goes, its refused rows stay."""
        self._drop(import_id)
        found = self._box.db.read_here(imports.by_id, import_id)
        if found.status not in imports.OPEN:
            (directory(self._box) / found.file).unlink(missing_ok=True)
            log.info("import over", import_id=import_id, status=found.status, rows=found.done)


def _write(tx: Tx, batch: Batch, *, now: datetime) -> bool:
    """The batch is in, and whoever it says has opted out gets nothing more. False as `intake.write`."""
    if not intake.write(tx, batch, now=now):
        return False
    found = batch.found
    for phone in batch.silenced:
        replies.opt_out_by_owner(tx, found.user_id, phone, source="import", by=found.consent_by, now=now)
    return True


class Imports:
    """What is due of imports each tick and hour."""

    def __init__(self, box: Box, workers: Workers) -> None:
        self._box = box
        self._workers = workers

    async def tick(self) -> None:
        """Give every running import its turn."""
        for import_id in self._box.db.read_here(imports.due):
            self._workers.give("import", import_id)

    async def tidy(self) -> None:
        """Uploads that nobody started are forgotten; files that no import needs go."""
        await self._box.db.write(imports.forget_uploads, now=self._box.now())
        await asyncio.to_thread(self._sweep)

    def _sweep(self) -> None:
        young = time.time() - ORPHANS_KEPT_SECONDS
        old = [one for one in directory(self._box).glob("*.csv") if one.stat().st_mtime < young]
        needed = self._box.db.read_here(imports.needed_files)
        for one in old:
            if one.name not in needed:
                one.unlink(missing_ok=True)
