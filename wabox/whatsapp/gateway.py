"""The real driver: a Chromium per device on the main loop, callable from worker threads."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import structlog

from wabox import threads
from wabox.whatsapp import asks, browser, leftovers, logouts, processes, profile
from wabox.whatsapp.driver import (
    Checkup,
    Downloaded,
    Edited,
    Enclosed,
    Event,
    Handed,
    Link,
    LookedUp,
    OnEvent,
    Pairing,
    Reacted,
    Resolved,
    Revoked,
    SessionLost,
    SessionSpec,
)
from wabox.whatsapp.house import House
from wabox.whatsapp.leftovers import Temporary
from wabox.whatsapp.page import Page
from wabox.whatsapp.patience import Limits
from wabox.whatsapp.profile import Profile
from wabox.whatsapp.runtime import BrowserLost, Runtime, ServiceWorkers
from wabox.whatsapp.session import Session

log = structlog.get_logger(__name__)

T = TypeVar("T")
Verb = Callable[..., Coroutine[Any, Any, T]]
_WATCHDOG_SECONDS = 1.0
_MARGIN_SECONDS = 15  # beyond what a call allows itself: the loop may be busy
_MIN_FREE_BYTES = 64 * 1024 * 1024


class Gateway:
    """Keeps the Driver protocol with real browsers.

    url: the site to drive. chromium: a path or name, None to look for one. profiles: where the
    devices' profile directories are. on_event is called on the loop's thread and must not wait.
    night: whether idle pages are renewed at this moment. engines: where wa-js lies that the owner installed.
    """

    def __init__(
        self,
        url: str,
        chromium: str | None,
        profiles: Path,
        on_event: OnEvent,
        *,
        now: Callable[[], datetime] | None = None,
        limits: Limits | None = None,
        min_free_bytes: int = _MIN_FREE_BYTES,
        night: Callable[[datetime], bool] = lambda _: False,
        service_workers: ServiceWorkers = "allow",
        engines: Path | None = None,
        patches_off: tuple[str, ...] = (),
    ) -> None:
        self._url = url
        self._chromium = chromium
        self._profiles = profiles
        self._on_event = on_event
        self._now = now or (lambda: datetime.now(UTC))
        self._limits = limits or Limits()
        self._min_free_bytes = min_free_bytes
        self._night = night
        self._service_workers = service_workers
        self._engines = engines
        self._patches_off = patches_off
        self._temporary = Temporary(profiles)
        self._sessions: dict[int, Session] = {}
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._orders: list[Callable[[], None]] = []
        self._orders_lock = threading.Lock()
        self._under_way: dict[int, _Order] = {}  # the latest order of each device, until it is carried out
        self._tasks: set[asyncio.Task[Any]] = set()
        self._asking: set[asyncio.Task[Any] | None] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._house: House | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self, *, soon: bool = False) -> None:
        """Ready for orders on this loop; no browser is started before the first `open`.

        What an earlier life left of browsers is ended and removed: whoever starts this holds the profiles.
        soon: sessions will be opened at once, so what all browsers need is made ready meanwhile.
        """
        await asyncio.to_thread(leftovers.sweep, self._profiles, self._temporary)
        runtime = Runtime(self._temporary, self._service_workers)
        self._house = House(
            url=self._url,
            chromium=self._chromium,
            profiles=self._profiles,
            runtime=runtime,
            limits=self._limits,
            min_free_bytes=self._min_free_bytes,
            emit=self._emit,
            now=self._now,
            may_renew=self._may_renew,
            night=lambda: self._night(self._now()),
            engines=self._engines,
            patches_off=self._patches_off,
        )
        if browser.is_loopback(self._url) and browser.runs_as_root():
            log.warning("chromium_without_sandbox", why="root, and the site is on this machine")
        watch = asyncio.create_task(self._watch_runtime(runtime), name="browser-watchdog")
        self._watch = threads.lasting_task(watch, asked=lambda: False)
        if soon and not browser.refuses(self._url):
            ready = asyncio.create_task(self._make_ready(runtime))
            self._tasks.add(ready)
            ready.add_done_callback(self._tasks.discard)
        with self._orders_lock:
            self._loop = asyncio.get_running_loop()
            orders, self._orders = self._orders, []
        for begin in orders:
            begin()

    async def stop(self, deadline_seconds: float = 8) -> None:
        """Every browser is closed, politely if it can be done in time; links stay."""
        with self._orders_lock:
            self._loop = None
        tasks = [task for task in (self._watch, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        sessions, self._sessions = list(self._sessions.values()), {}
        closing = [asyncio.ensure_future(session.close()) for session in sessions]
        if closing:
            _, late = await asyncio.wait(closing, timeout=deadline_seconds * 0.7)
            for task in late:
                task.cancel()
        for asking in list(self._asking):
            if asking is not None:
                asking.cancel()
        if self._house is not None:
            await self._house.runtime.stop(deadline_seconds * 0.2)
        await asyncio.to_thread(self._temporary.clear)

    # orders: they return at once

    def opened(self) -> dict[int, int]:
        """As in Driver."""
        with self._orders_lock:
            there = {device_id: session.spec.session for device_id, session in list(self._sessions.items())}
            for device_id, order in self._under_way.items():
                if isinstance(order.opens, int):
                    there[device_id] = order.opens
                elif order.opens == "closed":
                    there.pop(device_id, None)
        return there

    def open(self, spec: SessionSpec) -> None:
        """As in Driver."""
        self._order(_Order(spec.device_id, spec.session), self._open, spec)

    def close(self, device_id: int) -> None:
        """As in Driver."""
        self._order(_Order(device_id, "closed"), self._close, device_id)

    def log_out(self, spec: SessionSpec, *, forget: bool = False, anyway: bool = False) -> Future[bool]:
        """As in Driver."""
        return self._order(_Order(spec.device_id, "closed"), self._log_out, spec, forget, anyway)

    def kept(self) -> set[str]:
        """As in Driver."""
        return profile.names(self._profiles)

    def discard(self, profiles: Collection[str], *, unused_since: datetime) -> list[str]:
        """As in Driver."""
        gone = []
        for name in sorted(profiles):
            one = Profile(self._profiles, name)
            with suppress(OSError):
                if one.used_at() < unused_since and one.wipe():
                    gone.append(name)
        return gone

    def forget_ended(self, *, before: datetime, dead_before: datetime | None = None) -> list[str]:
        """As in Driver."""
        loop = self._loop
        if loop is None:
            return []

        def is_over(name: str) -> bool:
            ended = Profile(self._profiles, name).ended
            return ended is not None and logouts.is_over(ended.reason, ended.at, before, dead_before)

        ended = [name for name in sorted(self.kept()) if is_over(name)]
        gone = asyncio.run_coroutine_threadsafe(self._put_away(ended, is_over), loop).result(_MARGIN_SECONDS)
        profile.clear(self._profiles)
        return gone

    async def _put_away(self, names: list[str], is_over: Callable[[str], bool]) -> list[str]:
        """On the loop, where sessions begin: one that has opened its profile since keeps it.

        So does a browser that is still closing, which would make the directory anew: it is put away the next time.
        """
        names = [one for one in names if not await asyncio.to_thread(processes.browsers_of, self._profiles / one)]
        held = {session.spec.profile for session in self._sessions.values() if not session.ended}
        gone = []
        for name in names:
            if name not in held and is_over(name):
                with suppress(OSError):
                    Profile(self._profiles, name).put_away()
                    gone.append(name)
        return gone

    def ask_pairing_code(self, spec: SessionSpec, phone: str) -> Future[None]:
        """As in Driver; waits for the QR page first."""
        return self._order(_Order(spec.device_id, "as before"), self._pair, spec, phone)

    # questions: they block a worker thread, never for longer than their limit

    def resolve(self, device_id: int, phone: str) -> Resolved:
        """As in Driver."""
        return self._ask(device_id, lambda session: asks.resolve(session, phone), self._limits.resolve)

    def hand_over(
        self, device_id: int, chat_id: str, message_id: str, text: str, enclosed: Enclosed | None = None
    ) -> Handed:
        """As in Driver. SessionLost: the page was never asked, so it is surely not sent."""
        asked = threading.Event()

        async def hand(session: Session) -> Handed:
            asked.set()
            return await asks.hand_over(session, chat_id, message_id, text, enclosed)

        try:
            return self._ask(device_id, hand, asks.hand_over_seconds(self._limits, enclosed))
        except _NoAnswer:
            if not asked.is_set():
                raise
            return Handed("in_doubt", "no_answer", self._now())

    def look_up(
        self,
        device_id: int,
        message_id: str,
        chat_ids: tuple[str, ...],
        anchor: tuple[str, str] | None,
    ) -> LookedUp:
        """As in Driver."""
        return self._ask(
            device_id,
            lambda session: asks.look_up(session, message_id, chat_ids, anchor),
            2 * self._limits.look_up,
        )

    def download(self, device_id: int, chat_id: str, message_id: str, into: Path, most: int) -> Downloaded:
        """As in Driver."""
        return self._ask(
            device_id,
            lambda session: asks.download(session, chat_id, message_id, into, most),
            2 * self._limits.download_most,
        )

    def revoke(self, device_id: int, message_id: str, chat_ids: tuple[str, ...]) -> Revoked:
        """As in Driver."""
        return self._ask(
            device_id,
            lambda session: asks.revoke(session, message_id, chat_ids),
            self._limits.look_up + self._limits.revoke,
        )

    def edit(self, device_id: int, message_id: str, chat_ids: tuple[str, ...], text: str) -> Edited:
        """As in Driver."""
        return self._ask(
            device_id,
            lambda session: asks.edit(session, message_id, chat_ids, text),
            self._limits.look_up + self._limits.revoke,
        )

    def react(
        self, device_id: int, message_id: str, chat_ids: tuple[str, ...], emoji: str, *, own: bool
    ) -> Reacted:
        """As in Driver."""
        return self._ask(
            device_id,
            lambda session: asks.react(session, message_id, chat_ids, emoji, own=own),
            self._limits.look_up + self._limits.revoke,
        )

    def examine(self, device_id: int, work: Callable[[Page], Awaitable[T]], seconds: float) -> T:
        """What the device's page itself answers, in whatever state it is. Blocks; raises SessionLost."""

        async def asked(session: Session) -> T:
            if session.page is None:
                raise SessionLost("the browser is closed")
            return await work(session.page)

        return self._ask(device_id, asked, seconds)

    def let_service_workers(self, how: ServiceWorkers) -> None:
        """The site may use service workers, or not, in browsers that are started from now on."""
        self._service_workers = self._there().runtime.service_workers = how

    # what the faces see

    def checkup(self, device_id: int) -> Checkup:
        """As in Sights."""

        async def look(session: Session) -> Checkup:
            return session.checkup()

        try:
            return self._ask(device_id, look, self._limits.answer)
        except SessionLost:
            return Checkup()

    def picture(self, device_id: int) -> bytes:
        """As in Sights."""
        return self._ask(device_id, asks.picture, 5 * self._limits.answer)

    def press(self, device_id: int) -> bool:
        """As in Sights."""
        return self._ask(device_id, asks.press, self._limits.answer)

    # on the loop

    async def _make_ready(self, runtime: Runtime) -> None:
        """Playwright runs and Chromium has said its version. What fails, the first session meets again."""
        asked = asyncio.to_thread(browser.find, self._chromium)
        await asyncio.gather(runtime.ready(), asked, return_exceptions=True)

    async def _open(self, spec: SessionSpec) -> None:
        async with self._turns[spec.device_id]:
            session = self._sessions.get(spec.device_id)
            if session is not None and session.spec.session == spec.session:
                return
            if session is not None:
                await session.close()
            self._begin_session(spec)

    async def _close(self, device_id: int) -> None:
        async with self._turns[device_id]:
            if session := self._sessions.pop(device_id, None):
                await session.close()
                if not session.ended:
                    session.board.show(Link(device_id, session.spec.session, "not_started"))

    async def _log_out(self, spec: SessionSpec, forget: bool, anyway: bool) -> bool:  # noqa: FBT001
        async with self._turns[spec.device_id]:
            session = self._sessions.get(spec.device_id)
            if session is None or session.ended:
                session = self._sessions[spec.device_id] = Session(spec, self._there())
            gone = await session.log_out(forget=forget, anyway=anyway)
            del self._sessions[spec.device_id]  # one whose logout broke off stays: it has a browser to close
            return gone

    async def _pair(self, spec: SessionSpec, phone: str) -> None:
        async with self._turns[spec.device_id]:  # behind an open or close that was ordered before
            session = self._sessions.get(spec.device_id)
        if session is None or session.ended or session.spec.session != spec.session:
            self._emit(Pairing(spec.device_id, spec.session, None, None, "not_waiting_for_link"))
            return
        await asks.pair(session, phone)

    def _there(self) -> House:
        if self._house is None:
            raise SessionLost("the gateway is not started")
        return self._house

    def _begin_session(self, spec: SessionSpec) -> None:
        session = self._sessions[spec.device_id] = Session(spec, self._there())
        session.start()

    def _may_renew(self, device_id: int) -> bool:
        others = (one for one in self._sessions.values() if one.spec.device_id != device_id)
        return all(other.link.state not in ("ready", "qr") for other in others)

    async def _watch_runtime(self, runtime: Runtime) -> None:
        """If Playwright's process dies no event fires: look for it."""
        while True:
            await asyncio.sleep(_WATCHDOG_SECONDS)
            try:
                if runtime.died():
                    await runtime.renew("its process died")
                    for session in list(self._sessions.values()):
                        session.lost(BrowserLost("Playwright's process died"))
            except Exception:
                log.exception("watchdog failed")

    def _emit(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:
            log.exception("event_refused", device_id=event.device_id, kind=type(event).__name__)

    # between the threads

    # An order is given on any thread and carried out on the loop. Two of one device may be under way at once, an
    # open behind a close: `_turns` carries them out one after the other, as they came to the loop, and `opened`
    # tells of the latest that was given, not of what is carried out so far. Else the engine, which asks it each
    # tick, would give the open again. An order before the gateway's start waits for it.

    def _order(self, order: _Order, verb: Verb[T], *arguments: Any) -> Future[T]:
        future: Future[T] = Future()
        with self._orders_lock:
            before = self._under_way.get(order.device_id)
            if order.opens == "as before" and before is not None:
                order.opens = before.opens
            self._under_way[order.device_id] = order
            begin = partial(self._begin, order, verb, arguments, future)
            if self._loop is None:
                self._orders.append(begin)
            else:
                self._loop.call_soon_threadsafe(begin)
        return future

    def _begin(self, order: _Order, verb: Verb[T], arguments: tuple[Any, ...], future: Future[T]) -> None:
        task = asyncio.get_running_loop().create_task(verb(*arguments))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(order, done, future))

    def _done(self, order: _Order, task: asyncio.Task[T], future: Future[T]) -> None:
        self._tasks.discard(task)
        with self._orders_lock:
            if self._under_way.get(order.device_id) is order:  # a later one may have taken its place
                del self._under_way[order.device_id]
        if task.cancelled():
            future.cancel()
        elif (bug := task.exception()) is not None:
            log.error("driver_order_failed", device_id=order.device_id, exc_info=bug)
            future.set_exception(bug)
        else:
            future.set_result(task.result())

    def _ask(self, device_id: int, work: Callable[[Session], Coroutine[Any, Any, T]], seconds: float) -> T:
        loop = self._loop
        if loop is None:
            raise SessionLost("the gateway is stopped")
        if threading.get_ident() == getattr(loop, "_thread_id", None):
            raise RuntimeError("ask the driver from a worker thread, not from its own loop")

        async def answer() -> T:
            session = self._sessions.get(device_id)
            if session is None or session.ended:
                raise SessionLost("the device is not open")
            task = asyncio.current_task()
            self._asking.add(task)
            try:
                return await work(session)
            finally:
                self._asking.discard(task)

        future = asyncio.run_coroutine_threadsafe(answer(), loop)
        try:
            return future.result(seconds + _MARGIN_SECONDS)
        except (TimeoutError, concurrent.futures.CancelledError):  # cancelled: the gateway stops meanwhile
            future.cancel()
            raise _NoAnswer("no answer in time") from None


@dataclass(eq=False, slots=True)
class _Order:
    """Under way. opens: the number of the session that the device has afterwards."""

    device_id: int
    opens: int | Literal["closed", "as before"]


class _NoAnswer(SessionLost):
    """The loop did not answer; what was asked may have happened."""
