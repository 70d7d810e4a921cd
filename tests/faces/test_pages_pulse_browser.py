"""A page that stands open, in a real Chromium: its strip, counts and title follow; a hidden tab asks nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests import browsers
from tests.cast import Stage
from tests.faces.test_pages_pulse import run, unlink
from tests.faces.windows import address, chromium, judge, log_in, window
from tests.faces.work import Work

__all__ = ["address", "chromium"]  # fixtures

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
TURN = """() => {
  for (const part of document.querySelectorAll(".live[hx-get]")) part.dispatchEvent(new Event("every"));
}"""
TAKE_TURNS = """async (turns) => {
  const part = document.getElementById("campaigns");
  const asked = [];
  for (let turn = 0; turn < turns; turn++) {
    asked.push(await new Promise((done) => {
      addEventListener("htmx:config:request", (event) => event.defaultPrevented && done(0), { once: true });
      addEventListener("htmx:finally:request", () => done(1), { once: true });
      part.dispatchEvent(new Event("every"));
    }));
  }
  return asked;
}"""
ASK = """() => new Promise((done) => {
  addEventListener("htmx:finally:request", (event) => done(event.detail.ctx.response.status), { once: true });
  document.getElementById("pulse").dispatchEvent(new Event("every"));
})"""


def ask(page: Page) -> int:
    """The page has asked for its pulse. Returns the answer's status."""
    return int(page.evaluate(ASK))


def test_a_page_that_stands_open_learns_of_trouble_and_of_new_messages(
    chromium: Browser, address: str, work: Work, shop: Stage
) -> None:
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/contacts")
        inbox = page.locator(".side [data-count=inbox]")
        expect(inbox).to_have_text("6")
        expect(page).to_have_title("(6) Contacts · wabox")
        assert ask(page) == 200
        assert ask(page) == 304  # the piece is known
        unlink(shop)
        run(shop, "update inbox set seen_at = '2026-03-13T05:00:00.000000+00:00'")
        assert ask(page) == 200
        expect(page.locator(".strip")).to_contain_text("Not linked any more")
        expect(page.locator(".side [data-count=whatsapp]")).to_have_text("1")
        expect(inbox).to_be_hidden()
        expect(page).to_have_title("Contacts · wabox")
        assert judge(page) == []
        page.click(".strip .button")
        page.wait_for_url(address + "/whatsapp#device-primary")
        assert said == []


def test_a_hidden_tab_asks_nothing_and_asks_at_once_when_it_is_looked_at(
    chromium: Browser, address: str, work: Work
) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/campaigns")
        page.evaluate(HIDE, True)
        page.on("request", note)
        page.evaluate(TURN)
        page.evaluate("() => new Promise(done => setTimeout(done))")
        assert asked == []
        with page.expect_response(lambda answer: "/campaigns/live" in answer.url):
            page.evaluate(HIDE, False)
        assert said == []


def test_the_longer_nothing_is_new_the_more_seldom_a_page_asks_until_the_reader_acts(
    chromium: Browser, address: str, work: Work, shop: Stage
) -> None:
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/campaigns")
        page.evaluate("for (let one = 0; one < 999; one++) clearInterval(one)")  # turns come by hand alone
        assert page.evaluate(TAKE_TURNS, 12) == [1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0]
        page.keyboard.press("Shift")
        assert page.evaluate(TAKE_TURNS, 1) == [1]
        assert page.evaluate(TAKE_TURNS, 1) == [0]
        run(shop, "update campaigns set name = name || ' again'")
        assert page.evaluate(TAKE_TURNS, 2) == [1, 1]  # news, and so each turn again
        expect(page.locator("#campaigns")).to_contain_text("again")
        assert said == []


def test_write_leads_from_anywhere_to_the_form(chromium: Browser, address: str, work: Work) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/contacts")
        page.click(".bar-write")
        page.wait_for_url(address + "/#send")
        expect(page.locator("#send-title")).to_be_in_viewport()
        page.evaluate("scrollTo(0, 0)")
        expect(page.locator("#send-title")).not_to_be_in_viewport()
        page.click(".bar-write")
        expect(page.locator("#send-title")).to_be_in_viewport()
        page.click(".bar-more summary")
        expect(page.locator(".bar-sheet .nav-link").last).to_be_visible()
        assert judge(page) == []
        assert said == []
