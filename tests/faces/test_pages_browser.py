"""Every page in a real Chromium: at 360 and 1280, light and dark, under its own CSP, judged by axe."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import browsers
from tests.cast import Stage
from tests.faces.scene import PASSWORD, Scene, pairing_code
from tests.faces.states import Seeing, held, people, phones
from tests.some import some
from wabox import app
from wabox.box import Box
from wabox.db import Tx
from wabox.devices import linking
from wabox.devices import stored as devices
from wabox.messages import outbox, stored
from wabox.whatsapp.driver import Link

AXE = Path(__file__).parent.parent / "vendor" / "axe-core"

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]

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
    if (meets(one, x, y) || over?.closest(opened)) return false;
    window.scrollBy({ top: 250, behavior: "instant" });
    const { left, top, width, height } = one.getClientRects()[0];
    return !meets(one, left + width / 2, top + height / 2);
  };
  return shown.flatMap((one) => {
    if (lies(one)) return ["covered: " + said(one)];
    if (one.localName === "a" && within(one)) return [];
    if (!meets(one, ...middle(one))) return [];
    const high = Math.max(one.getBoundingClientRect().height, reach(one));
    return high < 43.9 ? [Math.round(high) + " px: " + said(one)] : [];
  });
})()
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.SHELL, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture
def address(shop: Stage) -> Iterator[str]:
    """The box on a real port."""
    with served(shop.box) as found:
        yield found


@contextmanager
def served(box: Box) -> Iterator[str]:
    """A box's pages on a real port."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings = uvicorn.Config(app.create(box), log_config=None, lifespan="off", ws="none", loop="asyncio")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@contextmanager
def window(chromium: Browser, width: int, **more: Any) -> Iterator[tuple[BrowserContext, Page, list[str]]]:
    """A tab of this width, and what its console complained of. A narrow one is touched with a thumb."""
    phone = {"has_touch": width < NARROW, **more}
    context = chromium.new_context(viewport={"width": width, "height": 760}, reduced_motion="reduce", **phone)
    context.add_init_script(WATCH)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append("dialog " + dialog.message))
    try:
        yield context, page, said
    finally:
        context.close()


@contextmanager
def turning(page: Page) -> Iterator[None]:
    """Done when what was pressed in it has led to another document, and that is there whole.

    A look for what the page before shows too, or for what neither has, would be content with the page before.
    """
    with page.expect_event("load"):
        yield


def log_in(page: Page, address: str) -> None:
    page.goto(address + "/login")
    page.fill("#email", "asha@example.com")
    page.fill("#password", PASSWORD)
    page.click("main .button-main")
    page.wait_for_url(address + "/")


def pages(scene: Scene) -> list[str]:
    return [
        "/",
        "/whatsapp",
        "/messages",
        "/messages?q=nothing+like+this",
        f"/messages/{scene.ids['queued']}",
        f"/messages/{scene.ids['unknown']}",
        "/messages/3",
        "/webhooks",
        "/settings",
        "/settings/keys",
        "/settings/sending",
        "/settings/answers",
        "/settings/alerts",
        "/whatsapp/devices/primary/rules",
        "/settings/security",
        "/admin/users",
        "/admin/users/2",
        "/admin/audit",
        "/admin/mail",
        "/docs",
        "/docs/try/post-send",
        "/help",
        "/help/owner",
        "/help/whatsapp",
    ]


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


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_every_page_is_sound(
    chromium: Browser, address: str, scene: Scene, shop: Stage, width: int, scheme: str
) -> None:
    pairing_code(shop)
    with window(chromium, width, color_scheme=scheme) as (_, page, said):
        page.goto(address + "/login")
        assert judge(page) == []
        log_in(page, address)
        for path in some(pages(scene)):
            page.goto(address + path)
            over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert over <= 0, f"{path} is {over} px too wide"
            assert judge(page) == [], path
        assert said == []


@pytest.mark.parametrize("width", [360, 1280])
def test_bengali_fits_too(chromium: Browser, address: str, scene: Scene, shop: Stage, width: int) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    with window(chromium, width) as (_, page, said):
        log_in(page, address)
        for path in some(pages(scene)):
            page.goto(address + path)
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
        assert said == []


def test_every_state_of_a_phone_fits_a_thumb_in_both_languages(chromium: Browser, shop: Stage) -> None:
    """One page has a phone in each state; the others show what it does to messages and people."""
    ids = phones(shop)
    held(shop, ids)
    people(shop)
    doctors = [f"/whatsapp/devices/{label}/doctor?look=1" for label in ("passkey", "box", "engine")]
    with (
        served(replace(shop.box, sights=Seeing(ids))) as address,
        window(chromium, 360, is_mobile=True) as (_, page, said),
    ):
        log_in(page, address)
        for path in some(["/whatsapp", "bn", "/whatsapp", "/", "/inbox", "/queue", *doctors]):
            if path == "bn":
                shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
                continue
            page.goto(address + path)
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
            assert judge(page) == [], path
        assert judge(page) == []
        page.goto(address + doctors[1])
        assert page.evaluate("document.querySelector('#picture img').naturalWidth") == 1100
        assert judge(page) == []
        assert said == []


def test_what_changes_on_the_box_changes_on_the_screen(
    chromium: Browser, address: str, scene: Scene, shop: Stage
) -> None:
    sales = shop.box.db.read_here(devices.by_label, 1, "sales")
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/whatsapp")
        page.fill("#pair-sales", "01911")
        page.focus("#pair-sales")
        qr = Link(sales.id, sales.session, "qr", qr="2@new,code,is,here")
        shop.box.db.write_now(linking.saw, qr, now=shop.hands.now())
        page.wait_for_selector(".qr-age:has-text('0 s old')")
        assert page.input_value("#pair-sales") == "01911"
        assert page.evaluate("document.activeElement.id") == "pair-sales"
        ready = Link(sales.id, sales.session, "ready", phone="8801911222333", synced=True)
        shop.box.db.write_now(linking.saw, ready, now=shop.hands.now())
        page.wait_for_selector("#device-sales .chip-good")
        page.goto(f"{address}/messages/{scene.ids['queued']}")
        shop.box.db.write_now(_cancelled, scene.ids["queued"], shop)
        page.wait_for_selector(".state-line .chip:has-text('Cancelled')")
        assert said == []


def _cancelled(tx: Tx, message_id: int, shop: Stage) -> None:
    outbox.cancel(tx, stored.by_id(tx, message_id), now=shop.hands.now())


def test_the_preview_follows_the_typing_and_the_form_sends(chromium: Browser, address: str, shop: Stage) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.fill("#phone", "01711999888")
        page.locator("#message").press_sequentially("{Save|Get} 20%")
        page.wait_for_selector("#preview .bubble:has-text('Get 20%')")
        page.click("#send .button-main")
        page.wait_for_selector("main .notice-good")
        assert "/messages/" in page.url
        assert said == []


def test_a_question_is_asked_before_deleting(chromium: Browser, address: str, shop: Stage) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/whatsapp")
        page.click("#device-sales .button:has-text('Delete')")
        dialog = page.locator("#del-sales")
        dialog.wait_for(state="visible")
        assert judge(page) == []
        page.keyboard.press("Escape")
        dialog.wait_for(state="hidden")
        page.click("#device-sales .button:has-text('Delete')")
        dialog.locator(".button-bad").click()
        page.wait_for_selector("main .notice-good")
        assert page.locator("#device-sales").count() == 0
        assert said == []


def test_every_page_works_without_a_script(chromium: Browser, address: str, scene: Scene, shop: Stage) -> None:
    with window(chromium, 360, java_script_enabled=False) as (_, page, _said):
        log_in(page, address)
        for path in some(pages(scene)):
            answer = page.goto(address + path)
            assert answer is not None and answer.status == 200
        page.goto(address + "/")
        page.fill("#phone", "01711999888")
        page.fill("#message", "no script needed")
        with turning(page):
            page.click("#send .button-main")
        assert page.locator(".bubble").inner_text() == "no script needed"
        page.click(".bar-more summary")
        with turning(page):
            page.click(".bar-sheet .nav-button")
        assert page.url.startswith(address + "/login")


def test_an_attack_in_every_text_does_nothing(chromium: Browser, address: str, scene: Scene, shop: Stage) -> None:
    attack = "\"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>{{7*7}}"

    def plant(tx: Tx) -> None:
        tx.run("update messages set text = :text, error_text = :text", text=attack)
        tx.run("update devices set pushname = :text, detail_text = :text, detail = 'conflict'", text=attack)
        tx.run("update sessions set agent = :text", text=attack)
        tx.run("update deliveries set last_error = :text, last_excerpt = :text", text=attack)

    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        shop.box.db.write_now(plant)
        for path in some(pages(scene)):
            page.goto(address + path)
            assert page.locator("main img[src=x]").count() == 0
        assert said == []


def test_a_silent_box_is_said_on_the_screen(chromium: Browser, address: str, shop: Stage) -> None:
    with window(chromium, 360) as (context, page, _said):
        log_in(page, address)
        page.goto(address + "/whatsapp")
        context.set_offline(True)
        page.wait_for_selector("#offline:visible")
        context.set_offline(False)
        page.wait_for_selector("#offline", state="hidden")


def test_axe_is_the_published_file() -> None:
    told = (AXE / "VERSION").read_text(encoding="utf-8")
    assert hashlib.sha256((AXE / "axe.min.js").read_bytes()).hexdigest() in told
