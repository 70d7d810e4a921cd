"""Gives turns: each second, and at once after a commit, it looks in the database for what is due.

It holds nothing that matters and does no work itself; a lost tick costs a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from wabox.box import Box
from wabox.engine.workers import Workers
from wabox.messages import claiming, outbox

log = structlog.get_logger()

TICK_SECONDS = 1
HOUR_SECONDS = 3600
SOON_SECONDS = 0.005  # commits of one moment share a tick

Step = Callable[[], Awaitable[None]]


class Clock:
    """steps: what else looks for its own work each tick. hourly: housekeeping."""

    def __init__(self, box: Box, workers: Workers, *, steps: Sequence[Step], hourly: Sequence[Step]) -> None:
        self._box = box
        self._workers = workers
        self._steps = (*steps, self._expire, self._devices)
        self._hourly = hourly
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticking = False
        self._again = False
        self._soon: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._scheduler = AsyncIOScheduler(
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def start(self) -> None:
        """Tick from now on, on the running loop."""
        self._loop = asyncio.get_running_loop()
        for steps, every in ((self._steps, TICK_SECONDS), (self._hourly, HOUR_SECONDS)):
            for step in steps:
                self._box.pulse.announce(name_of(step), every=every)
        self._scheduler.add_job(self.tick, "interval", seconds=TICK_SECONDS)
        self._scheduler.add_job(self._housekeep, "interval", hours=1)
        self._scheduler.start()
        self.wake()

    async def stop(self) -> None:
        """No tick begins any more; the running one is finished."""
        if self._loop is None:
            return
        self._loop = None
        self._scheduler.shutdown(wait=False)
        if self._soon is not None:
            self._soon.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self) -> None:
        """Something was committed: look soon. From any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._schedule)

    def _schedule(self) -> None:
        if self._loop is None or self._soon is not None:
            return
        self._soon = self._loop.call_later(SOON_SECONDS, self._start_tick)

    def _start_tick(self) -> None:
        self._soon = None
        task = asyncio.ensure_future(self.tick())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def tick(self) -> None:
        """Look once for everything that is due. One at a time; a call in between makes it look again."""
        if self._ticking:
            self._again = True
            return
        self._ticking = True
        try:
            self._again = True
            while self._again:
                self._again = False
                await self._each(self._steps)
        finally:
            self._ticking = False

    async def _housekeep(self) -> None:
        await self._each(self._hourly)

    async def _each(self, steps: Sequence[Step]) -> None:
        for step in steps:
            try:
                with self._box.pulse.step(name_of(step)):
                    await step()
            except Exception:
                log.exception("step failed", step=name_of(step))

    async def _expire(self) -> None:
        now = self._box.now()
        if self._box.db.read_here(outbox.something_expired, now=now):
            await self._box.db.write(outbox.expire, now=now)

    async def _devices(self) -> None:
        for device_id in self._box.db.read_here(claiming.devices_due, now=self._box.now()):
            self._workers.give("device", device_id)


def name_of(step: Step) -> str:
    """`Links.tick` is links, `Billing.tidy` billing tidy, the clock's own `_expire` expire."""
    owner, _, verb = str(getattr(step, "__qualname__", step)).rpartition(".")
    words = [owner.lower() if owner != "Clock" else "", verb.strip("_") if verb != "tick" else ""]
    return " ".join(word for word in words if word)
