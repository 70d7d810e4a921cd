"""How the running box is: its counts, files, memory and engine, looked at seldom enough to cost little.

What is slow is done on threads aside: walking the data directory every ten minutes, the processes and the
database at most every few seconds, however many ask.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

from wabox import db, shortage
from wabox.box import Box
from wabox.checkup import counts, database, memory, wear
from wabox.checkup.counts import Counts, Totals
from wabox.checkup.database import Checked
from wabox.db import Rows
from wabox.errors import Unavailable
from wabox.pulse import Step, Turns
from wabox.threads import Pool

LOOK_SECONDS = 4.0
SHARE = 20  # a look that took long is kept for so many times as long
WALK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Files:
    """Bytes. data: of the whole directory, None while it is not known yet."""

    data: int | None
    free: int
    disk: int
    database: int
    wal: int


@dataclass(frozen=True, slots=True)
class Vitals:
    """The box at a moment. queue: verbs that wait for the writer; failing: why it cannot write, if it cannot.

    counts: None while the database is too hurt to be counted. damaged: what was found in it, None: nothing.
    failing_code: what askers are told. short_of: what the process ran out of within the hour.

    open_files: how many, and how many may be.
    written: bytes given to the disk, as `wear` tells them. requests: {(face, class): how many since the start}.
    """

    at: datetime
    up_seconds: float
    counts: Counts | None
    files: Files
    memory: Mapping[str, int]
    written: Mapping[str, int]
    queue: int
    failing: str | None
    failing_code: str | None
    damaged: str | None
    short_of: tuple[shortage.Kind, ...]
    open_files: tuple[int, int]
    steps: tuple[Step, ...]
    late: tuple[str, ...]
    turns: tuple[Turns, ...]
    requests: Mapping[tuple[str, str], int]
    checked: Checked | None


class Watch:
    """Looks at one box for many who ask; all on the loop, except for what is slow."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._aside = Pool(1, "walk")
        self._walk: Future[int] | None = None
        self._data: int | None = None
        self._walked_at = -WALK_SECONDS
        self._totals: Totals | None = None
        self._looking: asyncio.Task[Vitals] | None = None
        self._seen: Vitals | None = None
        self._fresh_until = 0.0

    async def look(self) -> Vitals:
        """The box as it was a few seconds ago at most."""
        if self._seen is not None and monotonic() < self._fresh_until:
            return self._seen
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())
        return await asyncio.shield(self._looking)

    def forget(self) -> None:
        """The next look is a new one."""
        self._seen = None

    async def _look(self) -> Vitals:
        box, now, began = self._box, self._box.now(), monotonic()
        found, checked = await self._asked(now)
        files, used = await asyncio.to_thread(self._files), await asyncio.to_thread(memory.used)
        written = await asyncio.to_thread(wear.of_family)
        pulse = box.pulse
        self._fresh_until = monotonic() + max(LOOK_SECONDS, SHARE * (monotonic() - began))
        self._seen = Vitals(
            at=now,
            up_seconds=monotonic() - pulse.started,
            counts=found,
            files=files,
            memory=used,
            written=written,
            queue=box.db.waiting,
            failing=box.db.failing,
            failing_code=box.db.failing_code,
            damaged=box.db.damage.why,
            short_of=tuple(shortage.recent()),
            open_files=memory.open_files(),
            steps=tuple(pulse.steps.values()),
            late=tuple(pulse.late),
            turns=tuple(pulse.turns.values()),
            requests=dict(pulse.requests),
            checked=checked,
        )
        return self._seen

    async def _asked(self, now: datetime) -> tuple[Counts | None, Checked | None]:
        """What the database says of the box; nothing, where it is too hurt to say."""
        try:
            found, checked = await self._box.db.read(self._ask, now)
        except Unavailable as refusal:
            if refusal.code != db.DAMAGED:
                raise
            return None, None
        self._totals = found.totals
        return found, checked

    def _ask(self, rows: Rows, now: datetime) -> tuple[Counts, Checked | None]:
        return counts.count(rows, self._box.config, self._totals, now=now), database.last(rows)

    def _files(self) -> Files:
        path = self._box.config.data.dir
        disk = shutil.disk_usage(path)
        file = self._box.db.path
        return Files(self._walked(path), disk.free, disk.total, _size(file), _size(Path(f"{file}-wal")))

    def _walked(self, path: Path) -> int | None:
        """What the last walk found; a new one is begun when that is old."""
        if self._walk is not None and self._walk.done():
            self._data, self._walk = self._walk.result(), None
        if self._walk is None and monotonic() - self._walked_at >= WALK_SECONDS:
            self._walked_at = monotonic()
            self._walk = self._aside.submit(size_of, path)
        return self._data


def size_of(directory: Path) -> int:
    """Bytes of every file in it, as they lie on the disk."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(f"{folder}/{name}").st_blocks * 512
            except OSError:  # gone meanwhile, as Chromium's files go
                continue
    return total


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
