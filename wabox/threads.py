"""A thread or a task that ends unasked ends the process, so that systemd starts it again.

A box whose writer or clock is gone answers as if it were well and does nothing any more; one that is
started again looks up what was in doubt and goes on.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import structlog

from wabox.errors import Unavailable

log = structlog.get_logger()

LOOKS_SECONDS = 0.1
EXIT_CODE = 70  # a fault of the program itself (sysexits.h: EX_SOFTWARE)


def end(name: str, error: BaseException | None) -> None:
    """The process is over, at once: nothing of it can be trusted to be stopped in order."""
    try:
        log.critical("ended unasked; wabox stops and must be started again", thread=name, exc_info=error)
    finally:
        os._exit(EXIT_CODE)


def lasting(name: str, work: Callable[[], None], *, asked: Callable[[], bool]) -> threading.Thread:
    """A thread, not started yet, that ends the process if its work ends before `asked` says that it may."""

    def run() -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as fault:  # noqa: BLE001 - whatever it was, the thread is gone
            error = fault
        if error is not None or not asked():
            end(name, error)

    return threading.Thread(target=run, name=name, daemon=True)


def lasting_task(task: asyncio.Task[Any], *, asked: Callable[[], bool]) -> asyncio.Task[Any]:
    """The task, which ends the process if it ends before `asked` says that it may; a cancelled one was asked."""

    def ended(done: asyncio.Task[Any]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None or not (done.cancelled() or asked()):
            end(done.get_name(), error)

    task.add_done_callback(ended)
    return task


class Pool(ThreadPoolExecutor):
    """Threads that many give short work to; `check` looks whether they are all there.

    Python takes a thread of a pool that died for one that works: two dead readers, and every list waits for ever.
    """

    def __init__(self, most: int, name: str) -> None:
        super().__init__(most, thread_name_prefix=name)
        _pools.add(self)

    def dead(self) -> str | None:
        """The name of a thread that ended unasked."""
        if self._shutdown:
            return None
        return next((one.name for one in list(self._threads) if one.ident and not one.is_alive()), None)


class Turn:
    """Work that is done one at a time; who waits for it on the loop holds no thread: the box has few."""

    def __init__(self, busy: str, *, waits_seconds: float = 20) -> None:
        """busy: what is said to who waited so long in vain."""
        self._busy = busy
        self.waits_seconds = waits_seconds
        self.lock = threading.Lock()  # not of the loop: tests have many

    async def __aenter__(self) -> None:
        """It is our turn. Raises Unavailable `busy`."""
        until = monotonic() + self.waits_seconds
        while not self.lock.acquire(blocking=False):
            if monotonic() > until:
                raise Unavailable("busy", self._busy, retry_after=10)
            await asyncio.sleep(LOOKS_SECONDS)

    async def __aexit__(self, *_: object) -> None:
        """The next one's turn."""
        self.lock.release()


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def check() -> None:
    """The process goes on only while no pool has lost a thread. For the clock, each second."""
    for pool in list(_pools):
        if (name := pool.dead()) is not None:
            end(name, None)


def arm() -> None:
    """From now on, what a thread of this process does not catch ends the process."""

    def hook(fault: threading.ExceptHookArgs) -> None:
        if not isinstance(fault.exc_value, SystemExit):
            end(fault.thread.name if fault.thread else "a thread", fault.exc_value)

    threading.excepthook = hook
