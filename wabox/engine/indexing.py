"""Keeps the index of words: what has changed is marked anew, and whoever has enough new rows gets their next unit.

A reader does the work; the writer is asked for a unit's 70 rows at a time, and never waits.
"""

from __future__ import annotations

import threading
from time import monotonic

from wabox.box import Box
from wabox.engine.workers import Workers
from wabox.finding import index

MOST_SECONDS = 1.0
TICK_SECONDS = 20.0
ONLY = 1  # there is one index, and one turn


class Indexing:
    """Units in a worker thread. stopping: set when no more are begun."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.stopping = threading.Event()

    def turn(self, _: int) -> None:
        """Mark units for a while, resting in between as long as each took; the next tick gives another turn."""
        ends = monotonic() + MOST_SECONDS
        while monotonic() < ends:
            began = monotonic()
            if not self.step() or self.stopping.wait(monotonic() - began):
                return

    def step(self) -> bool:
        """Do one thing that is due. False: nothing is."""
        marked = self._box.db.read_here(index.mark_one)
        if marked is not None:
            self._box.db.write_now(index.keep, marked)
            return True
        due = self._box.db.read_here(index.next_due)
        return due is not None and self._box.db.write_now(index.open_unit, due)


class Indexes:
    """What is due of the index: each third of a minute, each second while it is behind."""

    def __init__(self, box: Box, workers: Workers) -> None:
        self._box = box
        self._workers = workers
        self._looks_at = 0.0

    async def tick(self) -> None:
        """Give the index its turn, if anything is to be marked."""
        if monotonic() < self._looks_at:
            return
        behind = await self._box.db.read(index.is_behind)
        self._looks_at = monotonic() + (MOST_SECONDS if behind else TICK_SECONDS)
        if behind:
            self._workers.give("index", ONLY)
