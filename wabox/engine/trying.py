"""Tries the wa-js that waits to be tried, in a process of its own; what came of it stands in the rows."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from wabox.box import Box
from wabox.engine.backoff import Backoff
from wabox.renewal import store, stored, switching
from wabox.renewal.stored import Installed
from wabox.whatsapp.wajs import Engine

log = structlog.get_logger()

STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial. reason: at what step it failed, None if it passed; lacks: what is told only."""

    reason: str | None
    lacks: tuple[str, ...] = ()


Said = Callable[[str], Awaitable[None]]
Trial = Callable[[Engine, Said], Awaitable[Tried]]


class Trials:
    """One at a time. trial: how one is made; tests bring their own."""

    def __init__(self, box: Box, trial: Trial | None = None) -> None:
        self._box = box
        self._trial = trial or in_a_child(box)
        self._task: asyncio.Task[None] | None = None
        self._failed = Backoff()
        self._engines = box.config.data.dir / "engine"

    def go_on(self) -> None:
        """What waits is being tried. A trial that broke is made anew after a rest."""
        if self._task is not None and not self._task.done():
            return
        if self._task is not None and not self._task.cancelled() and self._task.exception() is not None:
            log.error("engine trial broke", exc_info=self._task.exception())
            self._failed.failed("trial")
        self._task = None
        if not self._failed.rests("trial") and self._box.db.read_here(stored.in_trial) is not None:
            self._task = asyncio.create_task(self.now(), name="engine-trial")

    async def ended(self) -> None:
        """The trial that is under way is over, however it ended."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def stop(self, deadline_seconds: float) -> None:
        """It is broken off; the next start makes it anew."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=deadline_seconds)

    async def now(self) -> None:
        """What waits was tried."""
        db = self._box.db
        found = await db.write(switching.begin_trial, now=self._box.now())
        if found is None:
            return
        engine = store.engine_of(self._engines, found.wajs)
        if not await asyncio.to_thread(store.is_whole, engine):
            await db.write(switching.refused, found.id, switching.ALTERED, now=self._box.now())
            return

        async def said(step: str) -> None:
            await db.write(switching.came_to, found.id, step)

        log.info("engine is tried", version=found.version)
        came = await self._trial(engine, said)
        await self._end(found, came)

    async def _end(self, found: Installed, came: Tried) -> None:
        if came.reason is not None:
            log.warning("engine refused", version=found.version, reason=came.reason)
            await self._box.db.write(switching.refused, found.id, came.reason, now=self._box.now())
            return
        log.info("engine is good", version=found.version)
        await self._box.db.write(switching.passed, found.id, came.lacks, now=self._box.now())


def in_a_child(box: Box) -> Trial:
    """A trial in a process of its own, which ends when this one does."""

    async def trial(engine: Engine, said: Said) -> Tried:
        whatsapp = box.config.whatsapp
        asked = {
            "engines": str(engine.path.parent.parent),
            "version": engine.version,
            "sha256": engine.sha256,
            "url": whatsapp.url,
            "chromium": whatsapp.chromium,
        }
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "wabox.trial", stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write((json.dumps(asked) + "\n").encode())
            await child.stdin.drain()
            return await _told(child.stdout, said)
        finally:
            child.stdin.close()  # a child that still runs ends at that
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await child.wait()
            except TimeoutError:
                child.kill()

    return trial


async def _told(lines: asyncio.StreamReader, said: Said) -> Tried:
    while line := await lines.readline():
        told = json.loads(line)
        if "good" not in told:
            await said(str(told["step"]))
        elif told["good"]:
            return Tried(None, tuple(told["lacks"]))
        else:
            return Tried(str(told["why"] or told["step"])[:300])
    raise RuntimeError("the trial ended without a word")
