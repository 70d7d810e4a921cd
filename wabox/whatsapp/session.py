"""One device's session: kept open, watched, judged, and put right when it goes wrong.

States are those of driver.LinkState, judged in states.py. Whatever breaks, the session climbs the
ladder of ladder.py; after a minute of trouble, or of a page that does not reach WhatsApp's servers,
the device is `disconnected`, and the climbing goes on. A logout by the phone ends the session: its profile
lies unopened for a day, or until the next one begins with a fresh QR. A logout for another reason does not:
the page is opened again, and asked whether it is linked.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from wabox.whatsapp import logouts, processes, states, wajs
from wabox.whatsapp.board import Board
from wabox.whatsapp.driver import Checkup, Detail, Link, LinkState, SessionSpec
from wabox.whatsapp.hearing import Hearing
from wabox.whatsapp.house import Held, House
from wabox.whatsapp.ladder import Ladder, Step
from wabox.whatsapp.page import Page, PageHung, PageLost
from wabox.whatsapp.profile import Ended, Note, Profile
from wabox.whatsapp.runtime import BrowserLost, DriverBroken
from wabox.whatsapp.silence import Silence
from wabox.whatsapp.states import Seen
from wabox.whatsapp.wear import Wear
from wabox.whatsapp.window import Ears, Window

log = structlog.get_logger(__name__)

_RECHECK_SECONDS = 30
_REASON_SECONDS = 1
_MOST_AHEAD = timedelta(minutes=1)
MOST_LOOK_UPS_FAILED = 3
MOST_DOWNLOADS_HUNG = 4
LOOK_UP = "find"  # by which a look-up that always fails is named among what is missing
_FAILED = ("page_failed", "browser_failed")
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG)


class Renewed(Exception):
    """The page is well, and shall be a fresh one."""


class LoggedOut(Exception):
    """WhatsApp says that this device is logged out; or, `confirmed`, the page itself holds no link any more.

    reason: WhatsApp's name for why, None if it has given none so far.
    """

    def __init__(self, reason: str | None, *, confirmed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.confirmed = confirmed


class Session:
    """Holds one device's page open until it is closed or logged out."""

    def __init__(self, spec: SessionSpec, house: House) -> None:
        self.spec = spec
        self.house = house
        self.limits = house.limits
        self.board = Board(spec, house.emit, house.now, house.limits.pairing_code)
        self.profile = Profile(house.profiles, spec.profile)
        self.ended = False
        ears = Ears(self._told, self._moved, self.lost)
        self._window = Window(self.profile, house.url, house.runtime, house.limits, ears)
        self._run: asyncio.Task[None] | None = None
        self._side: set[asyncio.Task[None]] = set()
        self._knock = asyncio.Event()
        self._latest: Seen | None = None
        self._broken: Exception | None = None
        self._was_linked = self.profile.note is not None
        self._leaving = self._logout_told = self._tried_twice = self._qr_reloaded = False
        self._reason: str | None = None  # that this page has named
        self._reason_told = asyncio.Event()
        self._ended_by: str | None = None  # why WhatsApp ended the session before this page
        self._retries = self._look_ups_failed = self._downloads_hung = 0  # in a row
        self._ladder = Ladder(house.limits)
        self._chromium: str | None = None
        self.wear = Wear(house.limits, self._time, house.night)
        self.silence = Silence(house.limits, self._time)
        self._hearing = Hearing(spec, self.profile, house.emit, house.now)
        self._attached_at = 0.0
        self._cut_off = False
        self._last_look: Seen | None = None
        self._trouble: tuple[str | None, datetime | None] = (None, None)
        self._qr_since: float | None = None
        self._swept: tuple[float, float, bool, float] | None = None

    # from outside

    @property
    def link(self) -> Link:
        """What the page shows now."""
        return self.board.link

    @property
    def page(self) -> Page | None:
        """The page, if there is one; whether it is of use says `link`."""
        return self._window.page

    def checkup(self) -> Checkup:
        """What stands behind this link, as last seen."""
        look, there = self._last_look, self.page is not None
        return Checkup(
            browser=self._window.browser if there else None,
            reached=urlsplit(self.page.tab.url).hostname if self.page is not None else None,
            page_version=look.page_version if look and there else None,
            wajs_version=look.wajs_version if look and there else None,
            missing=look.missing if look and there else (),
            lacks=look.lacks if look and there else (),
            patches=look.patches if look and there else {},
            takes=look.takes if look and there else {},
            dialog=look is not None and look.dialog,
            pressable=look is not None and look.pressable,
            trouble=self._trouble[0],
            trouble_at=self._trouble[1],
            skew=self.page.skew if self.page is not None else None,
            shown_for=timedelta(seconds=self._time() - self.board.since),
        )

    def start(self) -> None:
        """The session opens its browser and keeps it."""
        self._run = asyncio.create_task(self._keep(), name=f"session-{self.spec.device_id}")

    def lost(self, why: Exception) -> None:
        """Somebody knows that this browser or page is of no more use."""
        self._broken = why
        self._knock.set()

    def begin_anew(self, why: str) -> None:
        """From here on nothing is asked of the page as it is: it is loaded anew."""
        if self.link.state == "ready":
            self._show_starting()
        self.lost(PageLost(why))

    def doubt(self) -> None:
        """Somebody got no answer: look at the page now, not at the next heartbeat."""
        self._knock.set()

    def answered(self, question: str) -> None:
        """WhatsApp's server answered a question of this kind."""
        self.silence.answered(question)

    def unanswered(self, question: str) -> None:
        """WhatsApp's server did not answer it in time, though the page looked connected."""
        if self.link.state == "ready" and not self._cut_off:
            self.silence.unanswered(question)
            self._end_silence()

    def look_up_failed(self, why: str) -> None:
        """A page that is ready could not be asked for a message. Three times in a row: its engine is no good."""
        self._look_ups_failed += 1
        log.warning("look_up_failed", device_id=self.spec.device_id, count=self._look_ups_failed, why=why)
        self._knock.set()

    def downloaded(self, *, answered: bool) -> None:
        """A file came, or the page said why not; not answered: it holds the line that it was to come by.

        A browser opens six lines to a server. So after some in a row the page is loaded anew, unless it is busy.
        """
        self._downloads_hung = 0 if answered else self._downloads_hung + 1
        if self._downloads_hung >= MOST_DOWNLOADS_HUNG and self.wear.idle:
            self._downloads_hung = 0
            self.begin_anew("files that people sent do not come, and their lines stay open")

    def looked_up(self) -> None:
        """The page could be asked for a message."""
        self._look_ups_failed = 0

    async def close(self) -> None:
        """The browser is closed, the link stays. Says nothing: the caller shows what comes."""
        tasks = [task for task in (self._run, *self._side) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._window.drop(politely=True)
        with suppress(OSError):
            self.profile.save()

    async def log_out(self, *, forget: bool, anyway: bool) -> bool:
        """The browser is closed, and nothing of the link is left. False: WhatsApp could not be told, it is kept.

        A profile without a link is not opened for this. Killed between the telling and the wiping, the next
        try finds a QR where a link was, and wipes then.
        """
        linked = self.profile.note is not None
        with self.wear.asking():
            told = linked and await self._tell_whatsapp()
        await self.close()
        if linked and not (told or anyway):
            self._show("not_started")
            return False
        if told and not forget:
            self.profile.unlink()
        elif not await asyncio.to_thread(self.profile.wipe):
            self._show("not_started")
            return False
        self._finish()
        return True

    # its life

    async def _keep(self) -> None:
        step: Step = "browser"
        self._show_starting()
        await asyncio.to_thread(self._take_up)
        while not self.ended:
            try:
                step = await self._round(step)
            except Exception:  # the browsers loop: a bug must not end it
                log.exception("session_bug", device_id=self.spec.device_id)
                await asyncio.sleep(_RECHECK_SECONDS)
                step = "browser"

    def _take_up(self) -> None:
        """A profile whose link was plainly taken away begins anew; any other is opened as it is, and asked."""
        ended = self.profile.ended
        if ended is not None and ended.reason is not None and logouts.wipes(ended.reason):
            self.profile.wipe()
        elif ended is not None:
            self.profile.revive()

    async def _round(self, step: Step) -> Step:
        """Has the page open until something breaks; what to do then."""
        try:
            await self._take(step)
            await self._watch()
        except LoggedOut as word:
            await self._logged_out(word)
        except Renewed as why:
            await self._begin_afresh(str(why))
        except Held as held:
            await self._hold(held)
        except Exception as trouble:  # noqa: BLE001 - whatever it is, the ladder leads out of it
            return await self._climb(trouble)
        return "browser"

    async def _take(self, step: Step) -> None:
        """One attempt to have the page open and our shim in it."""
        self._broken = self._latest = None
        self._logout_told, self._reason = False, None
        self._reason_told.clear()
        if step == "reload" and self.page is not None:
            await self._window.reload()
        elif step == "tab" and self.page is not None:
            await self._window.renew_tab()
        else:
            if step == "playwright" and self.house.may_renew(self.spec.device_id):
                await self.house.runtime.renew("a device's browser keeps failing")
            chromium = await asyncio.to_thread(self.house.chromium_for, self.profile)
            self._chromium = chromium.version
            await asyncio.to_thread(self.profile.runs_on, chromium.version)
            await self._window.launch(chromium)
            self.wear.opened()
        self._see(await self._attached())

    async def _attached_again(self) -> Seen:
        """Our shim went with the document it was in."""
        if self.link.state in ("ready", "qr"):
            self._show_starting()
        return await self._attached()

    async def _attached(self) -> Seen:
        if self.page is None:
            raise BrowserLost("the browser is closed")
        engine = wajs.installed(self.house.engines, self.spec.engine)
        look = await self.page.attach(engine, self.house.patches_off)
        self._attached_at, self._qr_since = self._time(), None
        self.silence.alive()
        return look

    async def _watch(self) -> None:
        """Looks at every change and every heartbeat, until something breaks."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.limits.heartbeat):
                    await self._knock.wait()
            self._knock.clear()
            if self._broken is not None:
                raise self._broken
            look, self._latest = self._latest, None
            look = look or await self._look()
            if self._broken is not None:  # what it showed is of no more use
                raise self._broken
            self._see(look)
            await self._mind()

    async def _look(self) -> Seen:
        """Asks the page; after a navigation it gets our shim anew."""
        for attempt in (1, 2, 3):
            if self._broken is not None or self.page is None:
                raise self._broken or BrowserLost("the browser is closed")
            try:
                return await self.page.look() or await self._attached_again()
            except PageLost:  # in the midst of a navigation
                if attempt == 3:
                    raise
                await asyncio.sleep(0.5)
        raise PageLost("the page keeps navigating")

    # what the page shows

    def _see(self, look: Seen) -> None:
        if self._look_ups_failed >= MOST_LOOK_UPS_FAILED:
            look = replace(look, missing=(*look.missing, LOOK_UP))
        self._last_look = look
        if self._logout_told:
            raise LoggedOut(self._reason)
        if look.missing and not self._tried_twice:
            self._tried_twice = True  # modules may only have come late: one reload
            raise PageLost(f"bindings missing: {', '.join(look.missing)}")
        self._tried_twice = bool(look.missing)
        self._cut_off = not look.connected
        self.wear.shows(look.progress)
        note = self.profile.note
        phone = note.phone if note and note.phone else self.spec.phone
        spec = self.spec
        link = states.judge(spec.device_id, spec.session, look, linked_before=self._was_linked, phone=phone)
        if link.state == "qr" and note is not None:
            link = self._unlinked(link, look)
        if look.authenticated:
            self._qr_since, self._qr_reloaded = None, False
            self._remember(look)
        if link.state == "ready":
            self._ended_by = None
        self._was_linked = self._was_linked or link.state == "ready"
        if not (link.state == "starting" and self._failed()):
            self.board.show(link)
        self._sweep_if_new()

    def _unlinked(self, link: Link, look: Seen) -> Link:
        """A linked profile shows a QR: it was removed while we were away, or is still loading.

        That ends the link, so it is believed only of a page that was loaded twice, has shown a QR for long enough,
        and says itself that it holds no link. What it shows before decides nothing.
        """
        self._qr_since = self._qr_since or self._time()
        shown_for = self._time() - self._qr_since
        if not self._qr_reloaded and shown_for >= self.limits.qr_confirm / 2:
            self._qr_reloaded = True
            raise PageLost("a linked profile shows a QR")
        if shown_for >= self.limits.qr_confirm and look.registered is False:
            raise LoggedOut(self._ended_by, confirmed=True)
        return replace(link, state="starting", detail="reconnecting", qr=None)

    def _remember(self, look: Seen) -> None:
        note = self.profile.note
        if note is None:
            now = int((self.house.now() - self._ahead()).timestamp())  # as WhatsApp tells the times of messages
            self.profile.remember(Note(look.phone, now, now, self._chromium))
        elif look.phone and look.phone != note.phone:
            self.profile.remember(replace(note, phone=look.phone))

    def _ahead(self) -> timedelta:
        """How far this machine's clock is before WhatsApp's, as far as that matters."""
        skew = self.page.skew if self.page is not None else None
        return skew if skew is not None and skew > _MOST_AHEAD else timedelta()

    async def _mind(self) -> None:
        """Room on the disk; the deadlines of a page that is not well, of a QR text, of an incompatible page."""
        await asyncio.to_thread(self.house.check_room, self.profile)
        link, now = self.link, self._time()
        age = now - max(self._attached_at, self.board.since, self.wear.progressed_at)
        stuck = link.state == "starting" or self._failed()
        if (
            link.state == "starting"
            and self._cut_off
            and age > self.limits.failed_after
            and now > self.board.code_until
        ):
            self._show("disconnected", "page_failed", phone=link.phone)
        if not stuck and now - self._attached_at > self.limits.stable:
            self._ladder.calm()
            self._retries = 0 if link.state == "ready" else self._retries
        if stuck and age > self._patience():
            raise PageLost("the page does not become ready")
        if link.state == "qr" and link.qr is None and self._qr_is_late(now):
            raise PageLost("the QR is not renewed")
        if link.detail == "engine_incompatible" and age > self.limits.reprobe:
            await self._window.reload()
            self._look_ups_failed = min(self._look_ups_failed, MOST_LOOK_UPS_FAILED - 1)
            self._see(await self._attached())
        if link.state == "ready" and link.synced:
            self._end_silence()
            await self._renew_if_due()

    def _end_silence(self) -> None:
        """A page through which WhatsApp says nothing is loaded anew: caught up, and with nothing in hand."""
        well = self.link.state == "ready" and self.link.synced and not self._leaving
        if well and self.wear.idle and self.silence.is_dead:
            self.silence.tried()
            self.begin_anew("WhatsApp answered two questions in a row with nothing")

    async def _renew_if_due(self) -> None:
        """A page that is old or heavy is replaced while nothing is in hand. Raises Renewed."""
        why = "the night" if self.wear.due_at_night() else None
        if why is None and self.wear.to_be_weighed():
            weight = await asyncio.to_thread(processes.weight_mb, self.profile.directory)
            why = f"it weighs {weight} MB" if self.wear.too_heavy(weight) else None
        if why is not None and self.wear.idle and not self._leaving:
            self._show_starting()  # from here on nothing is asked of the old page
            raise Renewed(why)

    async def _begin_afresh(self, why: str) -> None:
        log.info("page_renewed", device_id=self.spec.device_id, why=why)
        await self._window.drop(politely=True)

    def _qr_is_late(self, now: float) -> bool:
        died_at = max(self._attached_at, self.board.changed_at, self.board.code_until)
        return now - died_at > self.limits.qr_failed

    def _failed(self) -> bool:
        """The ladder gave up hope: only a page that is well may say otherwise."""
        return self.link.state == "disconnected" and self.link.detail in _FAILED

    def _patience(self) -> float:
        if self.profile.note is None:
            typing = max(self.board.code_until - self._attached_at, 0)
            return self.limits.starting + typing
        return self.limits.reconnecting if self._was_linked else self.limits.syncing

    # what the page tells

    def _told(self, event: Any) -> None:
        if not isinstance(event, dict):
            return
        match event.get("what"):
            case "status":
                self._latest = states.seen(event.get("status"))
                self._knock.set()
            case "ack" | "inbound" | "withdrawn" | "joined" | "used" | "reaction":
                self.silence.alive()
                self._hearing.take(event)
            case "code":
                code = event.get("code")
                self.board.show_code(code if isinstance(code, str) else None, event.get("reason"))
            case "limits_asked":
                (self.answered if event.get("answered") is True else self.unanswered)("limits")
            case "dialog" | "logout_reason" as what:
                self._noted(what, event)
            case "logout" if self.profile.note is not None:
                self._logout_told = True
                self._knock.set()

    def _noted(self, what: str, event: dict[str, Any]) -> None:
        if what == "dialog":
            log.info("dialog_answered", device_id=self.spec.device_id, role=str(event.get("role"))[:20])
            return
        reason = event.get("reason")
        self._reason = reason[:80] if isinstance(reason, str) and reason else None
        self._reason_told.set()

    def _moved(self) -> None:
        self._latest = None
        self._knock.set()

    def _sweep_if_new(self) -> None:
        """Events are hints: after each (re)connection, once synced, and every hour the store itself is read."""
        if self.link.state != "ready" or self.page is None:
            return
        times = (self._time() - self._attached_at) // self.limits.sweep
        key = (self._attached_at, self.board.since, self.link.synced, times)
        if key != self._swept:
            self._swept = key
            self._aside(self._hearing.sweep(self.page))

    # when it goes wrong

    async def _climb(self, trouble: Exception) -> Step:
        """Says that there is trouble, waits its time, and names the next step."""
        if isinstance(trouble, OSError) and trouble.errno in _DISK_FULL:
            await self._hold(Held("storage_full", "The disk is full. Free some space."))
            return "browser"
        if isinstance(trouble, wajs.Altered):
            await self._hold(Held("engine_incompatible", f"{trouble}. Nothing is sent through it."))
            return "browser"
        if isinstance(trouble, DriverBroken):  # no rung helps: what is missing must be installed
            await self._hold(Held("browser_failed", str(trouble)))
            return "browser"
        rung = self._ladder.climb(trouble, self._time())
        known = isinstance(trouble, PageHung | PageLost | BrowserLost)
        self._trouble = (str(trouble) if known else type(trouble).__name__, self.house.now())
        log.warning(
            "session_trouble",
            device_id=self.spec.device_id,
            count=rung.count,
            next=rung.step,
            why=str(trouble) if known else type(trouble).__name__,
            exc_info=None if known else trouble,
        )
        if rung.failed:
            self._show_failed(trouble)
        elif self.link.state != "disconnected":
            self._show_starting()
        await asyncio.sleep(rung.pause_seconds)
        return rung.step

    def _show(
        self, state: LinkState, detail: Detail | None = None, text: str | None = None, *, phone: str | None = None
    ) -> None:
        self.board.show(Link(self.spec.device_id, self.spec.session, state, detail, text, phone=phone))

    def _show_failed(self, trouble: Exception) -> None:
        detail: Detail = "page_failed" if isinstance(trouble, PageLost) else "browser_failed"
        what = "WhatsApp Web does not load" if detail == "page_failed" else "Chromium keeps failing"
        text = f"{what}: {trouble}. wabox keeps trying."
        phone = self.link.phone or self.spec.phone
        self._show("disconnected", detail, text, phone=phone)

    def _show_starting(self) -> None:
        note = self.profile.note
        phone = note.phone if note and note.phone else self.spec.phone
        detail = states.back(self._was_linked)
        self._show("starting", detail, phone=phone)

    async def _hold(self, held: Held) -> None:
        phone = self.link.phone or self.spec.phone
        self._show("disconnected", held.detail, held.text, phone=phone)
        await self._window.drop(politely=False)
        await asyncio.sleep(_RECHECK_SECONDS)

    # the link's end

    async def _logged_out(self, word: LoggedOut) -> None:
        """The link is over if WhatsApp's word is plain, or the page has none; else its page is opened again."""
        if self._leaving:
            self.ended = True
            return
        reason = word.reason or await self._named()
        if not word.confirmed and not logouts.ends(reason):
            await self._try_again(reason)
            return
        await self._window.drop(politely=False)
        with suppress(OSError):  # then the next opening asks the page again
            await asyncio.to_thread(self.profile.end, Ended(reason, self.house.now()))
        self._finish(reason)

    async def _named(self) -> str | None:
        """The reason, which may come a moment after the word itself."""
        if not self._logout_told:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(_REASON_SECONDS):
                await self._reason_told.wait()
        return self._reason

    async def _try_again(self, reason: str | None) -> None:
        """WhatsApp ended the session, and not because anybody wanted it: that is shown, and after a while over."""
        self._ended_by, self._retries = reason, self._retries + 1
        detail: Detail = "storage_full" if logouts.kind(reason) == "storage" else "trying_again"
        phone = self.link.phone or self.spec.phone
        self.board.show(
            Link(self.spec.device_id, self.spec.session, "disconnected", detail, phone=phone, reason=reason)
        )
        await self._window.drop(politely=False)
        await asyncio.sleep(self.limits.retry * 2 ** min(self._retries - 1, 5))

    async def _tell_whatsapp(self) -> bool:
        """Whether WhatsApp itself has logged this device out, or had done so before."""
        if self._run is None:
            self.start()
        known = await self.board.wait_for(lambda link: link.state == "ready" or self.ended, self.limits.leaving)
        if self.ended or not known or self.page is None:
            return self.ended
        self._leaving = True
        try:
            await self.page.ask("logout", {}, self.limits.logout)
        except (PageHung, PageLost):
            return self._logout_told
        return True

    def _finish(self, reason: str | None = None) -> None:
        self.ended = True
        self._was_linked = False
        spec = self.spec
        self.board.show(Link(spec.device_id, spec.session, "disconnected", "logged_out", reason=reason))

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()
