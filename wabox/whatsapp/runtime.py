"""Playwright's helper process, and the browsers it starts for us: started late, watched, renewed.

If that process dies, no event fires and no call fails by itself: whoever holds a browser of it
must be told. So its pid is known here, and its death is seen by looking at it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import structlog

from wabox.late import late
from wabox.whatsapp import browser, node, processes
from wabox.whatsapp.browser import Chromium
from wabox.whatsapp.leftovers import Temporary
from wabox.whatsapp.page import PageHung, PageLost, within

if TYPE_CHECKING:
    import playwright.async_api as playwright
    from playwright.async_api import BrowserContext, Playwright
    from playwright.async_api._context_manager import PlaywrightContextManager
else:
    playwright = late("playwright.async_api")

log = structlog.get_logger(__name__)

ServiceWorkers = Literal["allow", "block"]

# Measured: unbounded the process grows to 224 MB, below 128 it may die under load.
_NODE_OPTIONS = "--max-old-space-size=128 --max-semi-space-size=1"
_BROWSER_MB = 400  # of one that starts, at its most
_START_SECONDS = 30
_ANSWER_SECONDS = 5


class BrowserLost(Exception):
    """Chromium or its helper process is gone, or does not start."""


class DriverBroken(BrowserLost):
    """Playwright's own process does not run on this machine, so no browser can be started."""


class Runtime:
    """At most one Playwright at a time, for all devices. temporary: for its files and its browsers'."""

    def __init__(self, temporary: Temporary, service_workers: ServiceWorkers = "allow") -> None:
        self._temporary = temporary
        self.service_workers: ServiceWorkers = service_workers
        self._playwright: Playwright | None = None
        self._pid: int | None = None
        self._lock = asyncio.Lock()
        self._launching = 0
        self._launched = asyncio.Condition()

    @property
    def pid(self) -> int | None:
        """The helper process, None if it is not started."""
        return self._pid

    def died(self) -> bool:
        """The helper process was started and is no more."""
        return self._pid is not None and not processes.alive(self._pid)

    async def ready(self) -> None:
        """The helper process runs. Raises BrowserLost."""
        await self._answering()

    async def launch(self, chromium: Chromium, directory: Path, url: str, seconds: float) -> BrowserContext:
        """A browser on this profile directory, with no page but a blank one.

        Raises BrowserLost. A few at a time: starting a browser is the heaviest thing a Pi does.
        """
        async with self._turn():
            playwright = await self._answering()
            place = await asyncio.to_thread(self._temporary.prepare)
            try:
                return await within(
                    seconds + 5, self._launch(playwright, chromium, directory, url, seconds, place)
                )
            except (PageHung, PageLost) as failed:
                raise BrowserLost(f"Chromium does not start: {failed}") from None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """A browser may start inside: there is room for it beside those that start just now."""
        async with self._launched:
            await self._launched.wait_for(lambda: self._launching < side_by_side())
            self._launching += 1
        try:
            yield
        finally:
            self._launching -= 1
            async with self._launched:
                self._launched.notify_all()

    async def renew(self, reason: str) -> None:
        """A fresh helper process at the next launch; every browser of the old one is gone."""
        async with self._lock:
            log.warning("playwright_renewed", reason=reason)
            await self._end(0)

    async def stop(self, seconds: float) -> None:
        """The helper process is gone, politely if it can be done in time."""
        async with self._lock:
            await self._end(seconds)

    async def _launch(
        self, playwright: Playwright, chromium: Chromium, directory: Path, url: str, seconds: float, place: Path
    ) -> BrowserContext:
        return await playwright.chromium.launch_persistent_context(
            directory,
            executable_path=chromium.path,
            headless=True,
            args=browser.arguments(url, chromium.user_agent),
            user_agent=chromium.user_agent,
            chromium_sandbox=not browser.runs_as_root(),
            env={**browser.environment(), "TMPDIR": str(place)},
            accept_downloads=True,  # into a directory of the browser's; what nobody asked for is cancelled
            service_workers=self.service_workers,
            reduced_motion="reduce",
            viewport={"width": 1100, "height": 800},
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
            timeout=seconds * 1000,
        )

    async def _answering(self) -> Playwright:
        async with self._lock:
            if self._playwright is not None and not await self._answers(self._playwright):
                log.warning("playwright_renewed", reason="no answer")
                await self._end(0)
            if self._playwright is None:
                await self._start()
            if self._playwright is None:
                raise BrowserLost("Playwright does not start")
            return self._playwright

    async def _answers(self, playwright: Playwright) -> bool:
        if self.died():
            return False
        try:
            probe = await within(_ANSWER_SECONDS, playwright.request.new_context())
            await within(_ANSWER_SECONDS, probe.dispose())
        except (PageHung, PageLost):
            return False
        return True

    async def _start(self) -> None:
        await asyncio.to_thread(import_module, "playwright.async_api")  # some 50 ms, not on the loop
        before = set(processes.children(os.getpid()))
        with _clean_environment(await asyncio.to_thread(self._temporary.prepare)):
            manager = playwright.async_playwright()
            try:
                self._playwright = await within(_START_SECONDS, manager.start())
            except Exception as failed:  # noqa: BLE001 - a plain one, where Playwright's process ends at once
                _read_obituary(manager)
                raise await _why_not(failed) from None
        fresh = set(processes.children(os.getpid())) - before
        self._pid = next((pid for pid in fresh if _is_driver(pid)), None)
        _read_obituary(manager)
        log.info("playwright_started", pid=self._pid)

    async def _end(self, seconds: float) -> None:
        playwright, pid = self._playwright, self._pid
        self._playwright = self._pid = None
        if playwright is not None and seconds > 0:
            try:
                await within(seconds, playwright.stop())
            except (PageHung, PageLost):
                log.warning("playwright_killed", pid=pid)
        if pid is not None and processes.alive(pid):
            processes.kill(processes.family(pid))
        if playwright is not None and seconds <= 0:
            try:
                await within(_ANSWER_SECONDS, playwright.stop())
            except (PageHung, PageLost):
                log.warning("playwright_left", pid=pid)


def side_by_side() -> int:
    """How many browsers may start at once now: each has a processor, and what it takes of the memory."""
    room = processes.free_mb() // _BROWSER_MB
    return max(1, min(len(os.sched_getaffinity(0)), room))


async def _why_not(failed: Exception) -> BrowserLost:
    """Playwright only knows that its connection closed; its process itself says what it lacks."""
    why = await asyncio.to_thread(node.complaint)
    if why is None:
        return BrowserLost(f"Playwright does not start: {failed}")
    return DriverBroken(
        f"No browser can be started, because Playwright's Node does not run: {why}. {node.cure(why)}"
    )


@contextmanager
def _clean_environment(place: Path) -> Iterator[None]:
    """Playwright passes our environment on to its process: lend it one without traps, its files in `place`."""
    kept = dict(os.environ)
    clean = {**browser.environment(), "NODE_OPTIONS": _NODE_OPTIONS, "TMPDIR": str(place)}
    for name in kept.keys() - clean.keys():
        del os.environ[name]
    os.environ.update(clean)
    try:
        yield
    finally:
        for name in ("NODE_OPTIONS", "TMPDIR"):
            os.environ.pop(name, None)
        os.environ.update(kept)


def _is_driver(pid: int) -> bool:
    return "run-driver" in processes.command_line(pid)


def _read_obituary(manager: PlaywrightContextManager) -> None:
    """Playwright never reads its own future that its process died: asyncio would print it as lost."""
    transport = getattr(getattr(manager, "_client", None), "_transport", None)
    died = getattr(transport, "on_error_future", None)
    if isinstance(died, asyncio.Future):
        died.add_done_callback(lambda future: future.cancelled() or future.exception())
