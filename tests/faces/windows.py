"""Windows in a real Chromium on a box's pages, and what is looked for in each page that one shows.

What takes a processor's time is made once for a file: the browser, and a window of each kind. A server for each
kind of box stands for the whole run and serves one box after the other at one address. So a page finds its style
sheet, its scripts and its letters where the page before has left them, as in a customer's browser.
"""

from __future__ import annotations

import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import uvicorn
from litestar import Litestar
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tests import browsers
from tests.cast import Stage
from wabox import app
from wabox.accounts import sessions
from wabox.box import Box

AXE = Path(__file__).parent.parent / "vendor" / "axe-core"

WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP " + event.violatedDirective + " " + event.blockedURI + " " + event.sample));
"""

# Only what is complained of leaves the page: all that axe has seen is as much as the page itself.
JUDGE = """
(preload) => axe.run(document, {
  preload,
  resultTypes: ["violations"],
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then(({ violations }) =>
  violations
    .filter(({ impact }) => ["serious", "critical", "moderate"].includes(impact))
    .flatMap(({ id, nodes }) =>
      nodes.slice(0, 3).map(({ html, failureSummary }) =>
        `${id}: ${html.slice(0, 160)} ${(failureSummary || "").slice(0, 200)}`)))
"""


NARROW = 600  # dots; what is less wide is a phone
PHONE, DESK = 360, 1280

# What a thumb must meet: buttons, fields, folds, a box to tick by its label, and links that stand alone in a row,
# a cell, a head or a card, not within a sentence. How high one is, is what answers to a touch, padding and
# stretched areas too; none may lie over what else is pressed.
TOUCH = """
(() => {
  const middle = (one) => {
    one.scrollIntoView({ block: "center", behavior: "instant" });
    const { left, top, width, height } = one.getClientRects()[0];
    return [left + width / 2, top + height / 2];
  };
  const meets = (one, x, y) => {
    const found = document.elementFromPoint(x, y);
    return one.contains(found) || [...(one.labels || [])].some((each) => each.contains(found));
  };
  const reach = (one) => {
    const [x, y] = middle(one);
    let up = 0, down = 0;
    while (up < 44 && meets(one, x, y - up - 1)) up++;
    while (down < 44 && meets(one, x, y + down + 1)) down++;
    return up + down + 1;
  };
  const within = (one) => {
    const block = one.closest("p, dd, li, td, th, h1, h2, h3, summary, div, section, main") || one.parentElement;
    return [...block.childNodes].some((each) => each.nodeType === 3 && /\\p{L}/u.test(each.data));
  };
  const said = (one) => one.outerHTML.replace(/\\s+/g, " ").slice(0, 140);
  const asked = document.querySelector(":popover-open") || document;
  const shown = [...asked.querySelectorAll("a[href], button, summary, input, select, textarea")]
    .filter((one) => one.checkVisibility() && one.getClientRects().length && one.type !== "hidden")
    .filter((one) => !one.disabled && !one.matches("[aria-hidden=true]"))
    .filter((one) => one.localName !== "a" || one.textContent.trim() !== "" && !one.matches(".skip"));
  const lies = (one) => {  // what lies over it, if anything; not what was opened just now, nor what stays in sight
    const [x, y] = middle(one);
    const over = document.elementFromPoint(x, y);
    const opened = "[role=listbox], .bar-sheet, form:has([role=listbox] > *)";
    if (meets(one, x, y) || over?.closest(opened)) return null;
    window.scrollBy({ top: 250, behavior: "instant" });
    const { left, top, width, height } = one.getClientRects()[0];
    return meets(one, left + width / 2, top + height / 2) ? null : over || document.body;
  };
  return shown.flatMap((one) => {
    const over = lies(one);
    if (over) return ["covered: " + said(one) + " by " + said(over)];
    if (one.localName === "a" && within(one)) return [];
    if (!meets(one, ...middle(one))) return [];
    const high = Math.max(one.getBoundingClientRect().height, reach(one));
    return high < 43.9 ? [Math.round(high) + " px: " + said(one)] : [];
  });
})()
"""

BLANK = "about:blank"
PATIENCE_SECONDS = 10.0
KEPT_SECONDS = 120  # a line that a browser may use again is not cut while a busy machine thinks


@dataclass(slots=True)
class Pane:
    """A window of one kind, lent to one test after the other. said: what its console complained of."""

    context: BrowserContext
    page: Page
    said: list[str] = field(default_factory=list)

    def clean(self) -> None:
        """As new, but for what a browser may keep for ever: nobody is logged in and nothing goes on."""
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.goto(BLANK)
        self.page.emulate_media(media="null")
        self.context.clear_cookies()


@dataclass(slots=True)
class Served:
    """A web application at an address of its own, and between two boxes without one."""

    web: Litestar
    server: uvicorn.Server
    address: str


_panes: dict[str, list[Pane]] = defaultdict(list)
_idle: dict[tuple[bool, int], list[Served]] = defaultdict(list)
_boxes: dict[str, Box] = {}  # by the address at which each is served now


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browsers.SHELL, chromium_sandbox=False, args=browsers.SHORT_LIVED
        )
        yield browser
        _panes.clear()
        browser.close()


@pytest.fixture
def address(shop: Stage) -> Iterator[str]:
    """The box on a real port."""
    with served(shop.box) as found:
        yield found


@contextmanager
def served(box: Box) -> Iterator[str]:
    """A box's pages on a real port. Ends when no request is under way any more."""
    shelf = _idle[box.config.billing.enabled, box.config.limits.body_kilobytes]
    one = shelf.pop() if shelf else _serving(box)
    one.web.state.box = _boxes[one.address] = box
    yield one.address
    until = monotonic() + PATIENCE_SECONDS
    while one.server.server_state.tasks:
        assert monotonic() < until, "a request goes on and on"
        sleep(0.005)
    del one.web.state.box, _boxes[one.address]
    shelf.append(one)


def _serving(box: Box) -> Served:
    listener = socket.create_server(("127.0.0.1", 0))
    web = app.bare(billing=box.config.billing.enabled, body_kilobytes=box.config.limits.body_kilobytes)
    settings = uvicorn.Config(
        web, log_config=None, lifespan="off", ws="none", loop="asyncio", timeout_keep_alive=KEPT_SECONDS
    )
    server = uvicorn.Server(settings)
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    return Served(web, server, f"http://127.0.0.1:{listener.getsockname()[1]}")


@contextmanager
def window(chromium: Browser, width: int, **more: Any) -> Iterator[tuple[BrowserContext, Page, list[str]]]:
    """A tab of this width, and what its console complained of. A narrow one is touched with a thumb."""
    size = sized(width)
    how = {"viewport": size, "reduced_motion": "reduce", "has_touch": width < NARROW, **more}
    shelf = _panes[repr(sorted(how.items()))]
    pane = shelf.pop() if shelf else _opened(chromium, how)
    pane.said = []
    try:
        yield pane.context, pane.page, pane.said
    except BaseException:
        pane.context.close()  # whatever state it is in
        raise
    if pane.page.viewport_size != size:
        pane.page.set_viewport_size(size)
    pane.clean()
    shelf.append(pane)


def sized(width: int) -> ViewportSize:
    """A window's size."""
    return {"width": width, "height": 760}


def _opened(chromium: Browser, how: dict[str, Any]) -> Pane:
    context = chromium.new_context(**how)
    context.add_init_script(WATCH)
    pane = Pane(context, context.new_page())
    pane.page.on(
        "console", lambda said: pane.said.append(said.text) if said.type in ("error", "warning") else None
    )
    pane.page.on("pageerror", lambda error: pane.said.append(str(error)))
    pane.page.on("dialog", lambda dialog: pane.said.append("dialog " + dialog.message))
    return pane


def log_in(page: Page, address: str, email: str = "asha@example.com") -> None:
    """The window is in as if by the form, which test_pages_accounts_browser fills in; no page is open yet."""
    box = _boxes[address]
    user_id = box.db.read_here(lambda rows: rows.value("select id from users where email = :email", email=email))
    begun = box.db.write_now(sessions.start, user_id, ip="127.0.0.1", agent="Chromium", now=box.now())
    page.context.add_cookies([{"name": "wabox_session", "value": begun.token, "url": address}])


@contextmanager
def turning(page: Page) -> Iterator[None]:
    """Done when what was pressed in it has led to another document, and that is there whole.

    A look for what the page before shows too, or for what neither has, would be content with the page before.
    """
    with page.expect_event("load"):
        yield


def judge(page: Page) -> list[str]:
    """axe's serious complaints, and where the page is as narrow as a phone what a thumb would miss on it.

    The first look at a page loads axe into every later page of its window. The style sheet, which they share, it
    reads only then: a rule looks through it for what holds a phone upright or across.
    """
    first = not page.evaluate("'axe' in window")
    if first:
        axe = (AXE / "axe.min.js").read_text(encoding="utf-8")
        page.context.add_init_script(axe)
        page.evaluate(axe)
    found: list[str] = page.evaluate(JUDGE, first)
    if (page.viewport_size or {"width": NARROW})["width"] < NARROW:
        found += missed(page)
    return found


def missed(page: Page) -> list[str]:
    """What a thumb would miss on the page."""
    found: list[str] = page.evaluate(TOUCH)
    return found


def wide(page: Page, width: int) -> list[str]:
    """What of the page does not fit a window of this width, which it has from now on."""
    if page.viewport_size != (size := sized(width)):
        page.set_viewport_size(size)
    over = page.evaluate("document.documentElement.scrollWidth") - width
    return [f"{over} px too wide for {width}"] if over > 0 else []


def look(page: Page, width: int) -> list[str]:
    """What is wrong with the page at this width; and it must fit phone and desk, whichever it was opened on.

    The next page opens at the width at which this one was looked at last.
    """
    found: list[str] = []
    for each in (DESK, PHONE) if (page.viewport_size or sized(width))["width"] == DESK else (PHONE, DESK):
        found += wide(page, each)
        if each == width:
            found += judge(page)
    return found
