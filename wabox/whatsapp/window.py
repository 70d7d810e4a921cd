"""One device's browser: its context, its one tab, and word of whatever befalls them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from wabox.late import late
from wabox.whatsapp import processes
from wabox.whatsapp.browser import Chromium
from wabox.whatsapp.page import Page, PageCrashed, PageHung, PageLost, within
from wabox.whatsapp.patience import Limits
from wabox.whatsapp.profile import Profile
from wabox.whatsapp.runtime import BrowserLost, Runtime

if TYPE_CHECKING:
    import playwright.async_api as playwright
    from playwright.async_api import BrowserContext, Dialog, Download, Frame
    from playwright.async_api import Page as Tab
else:
    playwright = late("playwright.async_api")

log = structlog.get_logger(__name__)

BINDING = "waboxTell"
_CLOSE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears what befalls the window.

    told: the shim's events. moved: the tab went to another document. lost: it is of no more use.
    """

    told: Callable[[Any], None]
    moved: Callable[[], None]
    lost: Callable[[Exception], None]


class Window:
    """A Chromium on the device's profile, with one tab; closed or lost, it can be launched anew."""

    def __init__(self, profile: Profile, url: str, runtime: Runtime, limits: Limits, ears: Ears) -> None:
        self._profile = profile
        self._url = url
        self._runtime = runtime
        self._limits = limits
        self._ears = ears
        self._context: BrowserContext | None = None
        self.page: Page | None = None
        self.browser: str | None = None

    async def launch(self, chromium: Chromium) -> None:
        """A fresh browser shows the site. Raises BrowserLost, PageLost, PageHung, OSError."""
        await self.drop(politely=False)
        await asyncio.to_thread(self._profile.prepare)
        context = await self._runtime.launch(chromium, self._profile.directory, self._url, self._limits.launch)
        self._context = context
        self.browser = f"Chromium {context.browser.version}" if context.browser else chromium.version
        context.on("close", lambda _: self._gone(context))
        answer = self._limits.answer
        await within(answer, context.expose_binding(BINDING, self._told))
        await self._show(context.pages[0] if context.pages else None)

    async def renew_tab(self) -> None:
        """The site is shown in a new tab of the same browser, the old ones are closed."""
        if self._context is None:
            raise BrowserLost("the browser is closed")
        await self._show(None)

    async def reload(self) -> None:
        """The same tab loads the site again."""
        if self.page is None:
            raise BrowserLost("the browser is closed")
        if self.page.tab.url.startswith(("about:", "chrome-error:")):
            await self.page.goto(self._url)
        else:
            await self.page.reload()

    async def drop(self, *, politely: bool) -> None:
        """The browser is gone; politely, so that it may write what it holds, if it answers."""
        context, self._context, self.page = self._context, None, None
        if context is not None and politely:
            try:
                await within(_CLOSE_SECONDS, context.close())
            except (PageHung, PageLost):
                log.warning("browser_killed", profile=self._profile.directory.name)
        if context is not None:
            await asyncio.to_thread(processes.end_browsers_of, self._profile.directory)

    async def _show(self, tab: Tab | None) -> None:
        context = self._context
        if context is None:
            raise BrowserLost("the browser is closed")
        answer = self._limits.answer
        if tab is None:
            tab = await within(answer, context.new_page())
        page = self.page = Page(tab, self._limits)
        self._listen(tab)
        for other in context.pages:
            if other is not tab:
                await within(answer, other.close())
        await page.goto(self._url)

    def _listen(self, tab: Tab) -> None:
        def moved(frame: Frame) -> None:
            if self._is_ours(tab) and frame.parent_frame is None:
                self._ears.moved()

        def crashed(_: Tab) -> None:
            if self._is_ours(tab):
                self._ears.lost(PageCrashed("the page crashed"))

        def closed(_: Tab) -> None:
            if self._is_ours(tab):
                self._ears.lost(PageLost("the page was closed"))

        tab.on("framenavigated", moved)
        tab.on("crash", crashed)
        tab.on("close", closed)
        tab.on("dialog", _dismiss)
        tab.on("popup", _close)
        page = self.page
        tab.on("download", lambda one: _cancel_unasked(page, one))

    def _told(self, source: dict[str, Any], event: Any) -> None:
        page = source.get("page")
        if isinstance(page, playwright.Page) and self._is_ours(page):
            self._ears.told(event)

    def _gone(self, context: BrowserContext) -> None:
        if self._context is context:
            self._ears.lost(BrowserLost("Chromium ended"))

    def _is_ours(self, tab: Tab) -> bool:
        return self.page is not None and self.page.tab == tab


async def _dismiss(dialog: Dialog) -> None:
    """No question may hold up the page; leaving it is always allowed."""
    await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())


async def _cancel_unasked(page: Page | None, download: Download) -> None:
    """The page may give us nothing that was not asked for."""
    if page is None or not page.downloads:
        for drop in (download.cancel, download.delete):  # the one stops what comes, the other what has come
            with suppress(playwright.Error):
                await drop()


async def _close(popup: Tab) -> None:
    """There is one tab."""
    await popup.close()
