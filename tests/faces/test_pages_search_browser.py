"""To by name, the search and the keys in a real Chromium, as test_pages_browser does it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests import browsers
from tests.cast import Stage
from tests.faces.test_pages_work_browser import fits
from tests.faces.windows import address, chromium, judge, log_in, window
from tests.faces.work import Work

__all__ = ["address", "chromium"]  # fixtures

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]


@pytest.mark.parametrize(("width", "scheme", "language"), [(360, "light", "bn"), (1280, "dark", "en")])
def test_the_search_is_sound(
    chromium: Browser, address: str, shop: Stage, work: Work, width: int, scheme: str, language: str
) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = :one", one=language))
    with window(chromium, width, color_scheme=scheme) as (_, page, said):
        log_in(page, address)
        for path in ("/search", "/search?q=nothing+like+this", "/search?q=an", "/search?q=red+one"):
            page.goto(address + path)
            page.evaluate("document.querySelector('#keys').open = true")
            assert fits(page) and judge(page) == [], path
        page.goto(address + "/")
        page.fill("#phone", "rina")
        page.wait_for_selector("#whom-found [role=option]")
        assert fits(page) and judge(page) == []
        assert said == []


def test_a_name_is_typed_and_the_keyboard_chooses(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/")
        page.locator("body").press("n")
        to = page.locator("#phone")
        expect(to).to_be_focused()
        to.press_sequentially("abdul")
        expect(page.locator("#whom-found li").first).to_contain_text("Abdul Hannan")
        page.keyboard.press("Enter")  # nobody is marked yet, so nothing is sent
        assert to.get_attribute("aria-activedescendant") == page.get_attribute("#whom-found li", "id")
        page.keyboard.press("Enter")
        expect(to).to_have_value("Abdul Hannan Chowdhury of the Riverside Cloth House, +880 1711-300004")
        expect(page.locator("#message")).to_be_focused()
        assert page.is_hidden("#whom-found")
        page.keyboard.type("Dear {name}")
        page.wait_for_selector("#preview .bubble:has-text('Dear Abdul Hannan')")
        before = shop.value("select count(*) from messages")
        with page.expect_navigation(url="**/messages/*"):
            page.keyboard.press("Control+Enter")
        assert shop.value("select count(*) from messages") == before + 1
        assert shop.value("select phone from messages order by id desc limit 1") == "8801711300004"
        assert said == []


def test_without_a_script_the_next_page_asks(chromium: Browser, address: str, shop: Stage, work: Work) -> None:
    with window(chromium, 360, java_script_enabled=False) as (_, page, _said):
        log_in(page, address)
        page.goto(address + "/")
        page.fill("#phone", "Abdul")
        page.fill("#message", "Hello")
        page.click("#send .button-main")
        page.locator(".whom-meant label", has_text="1711-300012").click()
        page.click("#send .button-main")
        page.wait_for_url("**/messages/*")
        assert shop.value("select phone from messages order by id desc limit 1") == "8801711300012"


def test_keys_lead_through_the_menu_unless_switched_off(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/reports")
        page.keyboard.press("g")
        page.keyboard.press("i")
        page.wait_for_url("**/inbox")
        page.keyboard.press("/")
        page.wait_for_url("**/search")
        page.locator("body").press("/")
        expect(page.locator("#q")).to_be_focused()
        page.keyboard.type("gi/n sylhet")  # letters of a search are no keys
        assert page.input_value("#q") == "gi/n sylhet"
        page.fill("#q", "sylhet")
        page.locator("#found a[href='/inbox/8801999000111#latest']").wait_for()
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        page.wait_for_url("**/search#keys")
        page.click("[data-keys]")
        page.goto(address + "/reports")
        page.keyboard.press("g")
        page.keyboard.press("i")
        page.keyboard.press("/")
        page.click("a.brand")
        page.wait_for_url(address + "/")
        assert said == []
