"""Gives turns: each second, and at once after a commit, it looks in the database for what is due.

It holds nothing that matters and does no work itself; a lost tick costs a second.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from wabox import fence, threads
from wabox.box import Box
from wabox.db import Rows
from wabox.engine.backoff import Backoff
from wabox.engine.lines import Lines
from wabox.engine.workers import Workers
from wabox.messages import claiming, leaving

log = structlog.get_logger()

TICK_SECONDS = 1
HOUR_SECONDS = 3600
ALL = "all"
SOON_SECONDS = 0.005  # commits of one moment share a tick

Step = Callable[[], Awaitable[None]]

# While the box is held only these do their work: what keeps the box itself in order, and closes browsers.
AT_HOME = frozenset(
    {
        "storage",
        "timekeeper",
        "links",
        "imports",
        "imports tidy",
        "housekeeping",
        "filing",
        "nightly",
    }
)


class _Scheduler(AsyncIOScheduler):  # type: ignore[misc]
    """A fault of its own would leave it without a timer: no tick would come any more."""

    def _process_jobs(self) -> float | None:
        try:
            seconds: float | None = super()._process_jobs()
        except BaseException as error:
            threads.end("clock", error)
            raise
        return seconds


class Clock:
    """steps: what else looks for its own work each tick. hourly: housekeeping. lines: as the turns know them."""

    def __init__(
        self,
        box: Box,
        workers: Workers,
        *,
        steps: Sequence[Step],
        hourly: Sequence[Step],
        lines: Lines | None = None,
    ) -> None:
        self._box = box
        self._workers = workers
        self._lines = lines or Lines()
        self._steps = (*steps, self._expire, self._devices)
        self._hourly = hourly
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failed = Backoff()
        self._ticking = False
        self._again = False
        self._stopping = False
        self._soon: asyncio.TimerHandle | None = None
        self._ticks: set[asyncio.Task[None]] = set()
        self._hours: set[asyncio.Task[None]] = set()
        self._scheduler = _Scheduler(
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def start(self) -> None:
        """Tick from now on, on the running loop."""
        self._loop = asyncio.get_running_loop()
        for steps, every in ((self._steps, TICK_SECONDS), (self._hourly, HOUR_SECONDS)):
            for step in steps:
                self._box.pulse.announce(name_of(step), every=every)
        for begin, seconds in ((self._start_tick, TICK_SECONDS), (self._start_hour, HOUR_SECONDS)):
            self._scheduler.add_job(_on_the_loop(begin), "interval", seconds=seconds)
        self._scheduler.start()
        self.wake()

    async def stop(self, deadline_seconds: float) -> None:
        """No step begins any more; the one that runs is finished, if it is by then. Housekeeping is broken off."""
        if self._loop is None:
            return
        self._loop, self._stopping = None, True
        self._scheduler.shutdown(wait=False)
        if self._soon is not None:
            self._soon.cancel()
        for task in self._hours:
            task.cancel()
        if tasks := self._ticks | self._hours:
            _, late = await asyncio.wait(tasks, timeout=deadline_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def wake(self) -> None:
        """Something was committed: look soon. From any thread.

        A commit may come while a tick is looking. It is not lost: the tick reads the database, and either sees the
        commit, or is followed by the one that is scheduled here. Many commits within a moment share one tick.
        """
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed this very moment: nobody looks any more
                loop.call_soon_threadsafe(self._schedule)

    def _schedule(self) -> None:
        if self._loop is None or self._soon is not None:
            return
        self._soon = self._loop.call_later(SOON_SECONDS, self._start_tick)

    def _start_tick(self) -> None:
        threads.check()
        self._soon = None  # before the look: what is committed during it schedules another
        self._begin(self.tick(), self._ticks, "tick")

    def _start_hour(self) -> None:
        if not self._hours:
            self._begin(self._each(self._hourly), self._hours, "housekeeping")

    def _begin(self, work: Coroutine[Any, Any, None], among: set[asyncio.Task[None]], name: str) -> None:
        task = threads.lasting_task(asyncio.ensure_future(work), asked=lambda: True)
        task.set_name(name)
        among.add(task)
        task.add_done_callback(among.discard)

    async def tick(self) -> None:
        """Look once for everything that is due. One at a time; a call in between makes it look again."""
        if self._ticking:
            self._again = True
            return
        self._ticking = True
        try:
            self._again = True
            while self._again and not self._stopping:
                self._again = False
                await self._each(self._steps)
        finally:
            self._ticking = False

    async def _each(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if self._stopping or self._box.db.damaged:  # on a damaged file nothing is due
                return
            try:
                with self._box.pulse.step(name_of(step)):
                    if name_of(step) in AT_HOME or self._box.db.read_here(fence.of) is None:
                        await step()
            except Exception:
                log.exception("step failed", step=name_of(step))

    async def _expire(self) -> None:
        """Many at once; where one of them fails, each by itself."""
        now, write = self._box.now(), self._box.db.write
        if not self._box.db.read_here(leaving.expired, now=now, most=1):
            return
        if not len(self._failed):
            with self._failed.apart("expiry", ALL):
                await write(leaving.expire, now=now)
            return
        for message_id in self._box.db.read_here(leaving.expired, now=now):
            if not self._failed.rests(message_id):
                with self._failed.apart("expiry", message_id):
                    await write(leaving.expire, now=now, only=message_id)
        self._failed.went_well(ALL)

    async def _devices(self) -> None:
        for device_id in self._box.db.read_here(self._movable, self._box.now()):
            self._workers.give("device", device_id)

    def _movable(self, rows: Rows, now: datetime) -> list[int]:
        """Devices whose line was not just found standing still."""
        return [
            due.device_id
            for due in claiming.devices_due(rows, now=now)
            if self._lines.may_move(due, partial(claiming.has_news, rows), now=now)
        ]


def _on_the_loop(begin: Callable[[], None]) -> Step:
    """As APScheduler wants it: at its shutdown it cancels what it runs itself, so it only begins."""

    async def job() -> None:
        begin()

    return job


def name_of(step: Step) -> str:
    """`Links.tick` is links, `Billing.tidy` billing tidy, the clock's own `_expire` expire."""
    owner, _, verb = str(getattr(step, "__qualname__", step)).rpartition(".")
    words = [owner.lower() if owner != "Clock" else "", verb.strip("_") if verb != "tick" else ""]
    return " ".join(word for word in words if word)
