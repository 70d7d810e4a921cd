"""One page of WhatsApp Web: opened, gated, injected, and asked; every call ends in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wabox.late import late
from wabox.whatsapp import bindings, wajs
from wabox.whatsapp.driver import SILENT, UNKNOWN, WRITTEN
from wabox.whatsapp.patience import Limits
from wabox.whatsapp.states import Seen, seen
from wabox.whatsapp.wajs import Engine

if TYPE_CHECKING:
    import playwright.async_api as playwright
else:
    playwright = late("playwright.async_api")

T = TypeVar("T")


class PageLost(Exception):
    """The page went away or does not load; a reload may help."""


class PageCrashed(PageLost):
    """The page's process died; reloading is of no use, a new tab is."""


class NotAttached(PageLost):
    """The page has no shim (yet, or after a navigation): what was asked was surely not done."""


class PageHung(Exception):
    """The page did not answer in time; only killing its browser is sure to help."""


async def within(seconds: float, work: Awaitable[T]) -> T:
    """The work's result. Raises PageHung after `seconds`, PageLost if the page or browser went.

    Late work is not cancelled, for Playwright cannot take a call back: it is let go.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.add_done_callback(_forget)
    if not task.done():
        raise PageHung(f"no answer for {seconds:g} s")
    try:
        return task.result()
    except playwright.Error as lost:
        raise PageLost(_brief(lost)) from None
    except asyncio.CancelledError:
        raise PageLost("cancelled") from None


class Page:
    """A tab and our shim in it."""

    def __init__(self, tab: playwright.Page, limits: Limits) -> None:
        self.tab = tab
        self._limits = limits
        self.downloads = 0  # that are asked for just now
        self.skew: timedelta | None = None  # of this machine's clock before the site's

    async def goto(self, url: str) -> None:
        """The site is loaded as far as its first scripts. Raises PageLost, PageHung."""
        limit = self._limits.goto
        load = self.tab.goto(url, wait_until="domcontentloaded", timeout=limit * 1000)
        answer = await within(limit + 5, load)
        self._date(answer)
        if answer is not None and answer.status >= 400:
            raise PageLost(f"the site answered {answer.status}")

    async def reload(self) -> None:
        """As `goto`, for the page that is shown."""
        limit = self._limits.goto
        load = self.tab.reload(wait_until="domcontentloaded", timeout=limit * 1000)
        self._date(await within(limit + 5, load))

    def _date(self, answer: playwright.Response | None) -> None:
        with suppress(TypeError, ValueError):
            theirs = parsedate_to_datetime(answer.headers.get("date", "") if answer is not None else "")
            self.skew = datetime.now(UTC) - theirs

    async def attach(self, engine: Engine = wajs.BUILT_IN, patches_off: Collection[str] = ()) -> Seen:
        """wa-js and our shim are in the page and subscribed. Returns the first look.

        patches_off: names of mends that stay out. Raises PageLost if it is no WhatsApp Web, Altered if the engine
        is not what it was; missing bindings are in the look's `missing`.
        """
        if missing := await self._gate():
            return seen({"missing": missing, "versions": {"wajs": engine.version}})
        limits = self._limits
        config = "window.WPPConfig = { disableGoogleAnalytics: true, linkPreviewApiServers: [] };"
        source = await asyncio.to_thread(engine.source)
        await within(limits.inject, self.tab.evaluate(f"{config}\n{source}\n;null"))
        if not await self._injected():
            raise PageLost("wa-js found no loader in the page")
        return await self._shim(engine.version, patches_off)

    async def look(self) -> Seen | None:
        """What the page shows; None if our shim is gone, as after a navigation."""
        raw = await within(
            self._limits.answer,
            self.tab.evaluate("() => (window.wabox ? window.wabox.status() : null)"),
        )
        return None if raw is None else seen(raw)

    async def ask(self, verb: str, question: dict[str, Any], seconds: float) -> Any:
        """The shim's answer. The page keeps the time itself; ours is only for a page that hangs."""
        call = """([verb, question]) =>
            window.wabox ? window.wabox[verb](question).then((said) => [said]) : null"""
        timed = {**question, "timeoutMs": seconds * 1000}
        work = self.tab.evaluate(call, [verb, timed])
        answer = await within(seconds + self._limits.margin, work)
        if answer is None:
            raise NotAttached("the page is loading")
        return answer[0]

    async def hold(self, path: Path) -> playwright.JSHandle:
        """The file of this path, in a field that is in no document; its bytes cross no pipe, the page reads them.

        Raises PageLost, PageHung; nothing was asked of our shim so far.
        """
        limit = self._limits.answer
        make = "() => Object.assign(document.createElement('input'), { type: 'file' })"
        held = (await within(limit, self.tab.evaluate_handle(make))).as_element()
        if held is None:
            raise PageLost("the page makes no field for a file")
        await within(limit, held.set_input_files(path, timeout=limit * 1000))
        return held

    async def fetch(self, question: dict[str, Any], seconds: float) -> tuple[Any, Path | None]:
        """What our shim says of a file that it was asked for, and where the browser has put it, to be taken away.

        The page offers a blob, so the bytes cross no pipe. Raises PageLost, PageHung.
        """
        coming = asyncio.ensure_future(self.tab.wait_for_event("download", timeout=seconds * 1000))
        self.downloads += 1
        try:
            said = await self.ask("fetch", question, seconds)
            if not isinstance(said, dict) or said.get("outcome") != "here":
                return said, None
            download = await within(self._limits.answer, coming)
            return said, await within(seconds, download.path())
        finally:
            self.downloads -= 1
            coming.cancel()
            coming.add_done_callback(_forget)

    async def run(self, script: str, question: Any, seconds: float) -> Any:
        """What a script of its own answers. Raises PageLost, PageHung."""
        return await within(seconds, self.tab.evaluate(script, question))

    async def picture(self) -> bytes:
        """The page as a PNG; of a linked one only its dialogs, all else is blank. Raises PageLost, PageHung.

        What may be seen is marked first, and the picture is given up if the page was linked meanwhile. Where there
        are dialogs it shows them alone, so that they can be read on a phone.
        """
        limit = self._limits.answer
        before = await self.ask("frame", {}, limit)
        try:
            area = before.get("area")
            png = await within(limit, self.tab.screenshot(type="png", animations="disabled", clip=area))
        finally:
            after = await self.ask("frame", {}, limit)
            await self.ask("unframe", {}, limit)
        if before["linked"] != after["linked"]:
            raise PageLost("the page was linked meanwhile")
        return png

    async def _gate(self) -> list[str]:
        """Waits for the modules that wa-js must find; returns those that did not come."""
        limit = self._limits.gate
        question = {"names": list(wajs.GATE), "timeoutMs": limit * 1000}
        answer = await within(limit + 5, self.tab.evaluate(wajs.gate(), question))
        if not answer["loader"]:
            raise PageLost("the site is no WhatsApp Web: it has no module loader")
        return [str(name) for name in answer["missing"]]

    async def _injected(self) -> bool:
        """wa-js waits until the loader is quiet, 20 s at most. Raises PageLost if another document came."""
        poll = """async (ms) => {
            const until = performance.now() + ms;
            while (window.WPP && !window.WPP.isInjected && performance.now() < until)
              await new Promise((resolve) => setTimeout(resolve, 50));
            return window.WPP ? window.WPP.isInjected : null;
        }"""
        limit = self._limits.inject
        injected = await within(limit + 5, self.tab.evaluate(poll, limit * 1000))
        if injected is None:
            raise PageLost("the page moved on while wa-js was put in")
        return bool(injected)

    async def _shim(self, version: str, patches_off: Collection[str]) -> Seen:
        limits = self._limits
        options = {
            "graceMs": limits.socket_grace * 1000,
            "qrFirstMs": limits.qr_first * 1000,
            "qrMs": limits.qr * 1000,
            "qrLateMs": limits.qr_late * 1000,
            "qrWaitMs": limits.qr_wait * 1000,
            "passkeyMs": limits.passkey * 1000,
            "noticeMs": limits.notice * 1000,
            "dialogMs": limits.dialog * 1000,
            "pairMs": limits.pairing_code * 1000,
            "unsyncedMs": limits.unsynced * 1000,
            "lookMs": limits.look * 1000,
            "fetchMs": limits.margin * 800,
            "limitsMs": limits.renew * 1000,
            "stillMs": limits.upload_still * 1000,
            "uploadRate": limits.upload_rate,
            "downloadMs": limits.download * 1000,
            "wajs": version,
            "bindings": bindings.told(),
            "written": sorted(WRITTEN),
            "silent": sorted(SILENT),
            "unknown": UNKNOWN,
            "patchesOff": list(patches_off),
        }
        return seen(await within(limits.answer, self.tab.evaluate(wajs.shim(), options)))


def _forget(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()


def _brief(error: playwright.Error) -> str:
    return error.message.split("\n", 1)[0][:200]
