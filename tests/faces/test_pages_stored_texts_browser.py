"""Stored texts in a real Chromium, as test_pages_browser does it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests import browsers
from tests.cast import Stage
from tests.faces.test_pages_work_browser import fits
from tests.faces.windows import address, chromium, judge, log_in, look, window
from tests.faces.work import Work
from tests.some import some
from wabox.db import Tx
from wabox.media import keeping
from wabox.media.found import Found
from wabox.media.keeping import Examined
from wabox.texts import ready
from wabox.texts import stored as texts
from wabox.texts.stored import Draft

__all__ = ["address", "chromium"]  # fixtures

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]


def pages(text_id: int) -> list[str]:
    return ["/texts", "/texts?q=nothing+like+this", "/texts/new", f"/texts/{text_id}"]


def furnish(shop: Stage, language: str = "en") -> list[int]:
    made = shop.box.db.write_now(ready.add, shop.asha.id, language, now=shop.hands.now())
    return [one.id for one in made]


@pytest.mark.parametrize(("width", "scheme", "language"), [(360, "light", "bn"), (1280, "dark", "en")])
def test_the_room_is_sound(
    chromium: Browser, address: str, shop: Stage, work: Work, width: int, scheme: str, language: str
) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = :one", one=language))
    with window(chromium, width, color_scheme=scheme) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/texts")
        assert fits(page) and judge(page) == []
        page.click("form[action='/texts/ready'] button")
        page.wait_for_selector("main .notice-good")
        text_id = shop.value("select max(id) from texts")
        for path in some(pages(text_id)):
            page.goto(address + path)
            assert fits(page), path
            assert judge(page) == [], path
        assert said == []


def test_the_preview_follows_what_is_typed_and_deleting_asks(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/texts/new")
        page.fill("#name", "Ready")
        page.locator("#message").press_sequentially("Hi {name}, order {order}")
        page.wait_for_selector("#preview .bubble:has-text('Hi Rina Akter, order [order]')")
        page.click("main .button-main")
        page.wait_for_selector("main .notice-good")
        page.click(".text-row")
        page.click("button:has-text('Delete')")
        dialog = page.locator(".dialog:popover-open")
        assert judge(page) == []
        page.keyboard.press("Escape")
        assert shop.value("select count(*) from texts") == 1
        page.click("main > .narrow > .actions-line button:has-text('Delete')")
        dialog.locator(".button-bad").click()
        page.wait_for_url("**/texts?said=text_deleted")
        assert shop.value("select count(*) from texts") == 0
        assert said == []


TALK = "/inbox/8801711300001"


@pytest.mark.parametrize("path", [TALK, "/", "/campaigns/new"])
def test_a_slash_opens_the_texts_and_the_keyboard_chooses(
    chromium: Browser, address: str, shop: Stage, work: Work, path: str
) -> None:
    furnish(shop)
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + path)
        field = page.locator("#message")
        field.press_sequentially("/")
        page.wait_for_selector("#texts-found li:nth-child(5)")
        assert judge(page) == []
        field.press_sequentially("on its")
        expect(page.locator("#texts-found li")).to_have_count(1)
        page.keyboard.press("Escape")
        assert page.is_hidden("#texts-found") and field.input_value() == "/on its"
        field.press_sequentially("x")  # it stays closed until the slash is gone
        field.fill("")
        field.fill("/or")
        page.wait_for_selector("#texts-found li[aria-selected=true]:has-text('Order ready')")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        assert field.get_attribute("aria-activedescendant") == page.get_attribute("#texts-found li", "id")
        page.keyboard.press("Enter")
        assert page.is_hidden("#texts-found")
        page.keyboard.type("1001")  # what is to be filled in was selected
        assert field.input_value().startswith("Hello {name:dear customer}, your order 1001 is ready.")
        if path != TALK:
            page.wait_for_selector("#preview .bubble:has-text('order 1001')")
        assert said == []


def test_a_finger_chooses_and_the_reply_goes(chromium: Browser, address: str, shop: Stage, work: Work) -> None:
    furnish(shop, "bn")
    with window(chromium, 360, has_touch=True) as (_, page, said):
        log_in(page, address)
        page.goto(address + TALK)
        page.locator("#message").press_sequentially("/")
        option = page.locator("#texts-found li", has=page.locator("strong:text-is('ধন্যবাদ')"))
        box = option.bounding_box()
        assert box is not None and box["height"] >= 44
        assert fits(page) and judge(page) == []
        option.tap()
        assert page.locator("#message").input_value().startswith("আপনার অর্ডারের জন্য ধন্যবাদ")
        page.click("#reply button[aria-label]")
        page.wait_for_selector("main .notice-good")
        assert "ধন্যবাদ, মোহাম্মদ রহিম উদ্দিন!" in shop.value("select text from messages order by id desc")
        assert said == []


def test_the_choice_fills_in_and_keeps_what_was_typed(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    ids = furnish(shop)
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/campaigns/new")
        page.select_option("#pick-text", str(ids[2]))
        expect(page.locator("#message")).to_have_value(re.compile(re.escape("Thank you")))
        page.wait_for_selector("#preview .bubble:has-text('Thank you for your order')")
        page.select_option("#pick-text", str(ids[3]))  # another one takes its place
        expect(page.locator("#message")).to_have_value(re.compile(re.escape("We are open {hours}")))
        page.fill("#message", "Typed by hand. ")
        page.select_option("#pick-text", str(ids[2]))
        expect(page.locator("#message")).to_have_value(re.compile(re.escape("Typed by hand. Thank you")))
        assert page.input_value("input[name=text_id]") == str(ids[2])
        assert page.input_value("#pick-text") == ""
        assert said == []


def test_a_message_may_begin_with_a_slash(chromium: Browser, address: str, shop: Stage, work: Work) -> None:
    furnish(shop)
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + TALK)
        page.locator("#message").press_sequentially("/zz")
        page.wait_for_load_state("networkidle")
        assert page.is_hidden("#texts-found")
        page.click("#reply button[aria-label]")
        page.wait_for_selector("main .notice-good")
        assert shop.value("select text from messages order by id desc") == "/zz"
        assert said == []


@pytest.mark.parametrize("path", [TALK, "/", "/campaigns/new"])
def test_without_a_script_the_choice_asks_for_the_page_again(
    chromium: Browser, address: str, shop: Stage, work: Work, path: str
) -> None:
    ids = furnish(shop)
    with window(chromium, 360, java_script_enabled=False) as (_, page, _):
        log_in(page, address)
        page.goto(address + path)
        page.select_option("#pick-text", str(ids[2]))
        page.click("button[form=pick]")
        page.wait_for_url(f"**text={ids[2]}**")
        assert page.input_value("#message").startswith("Thank you for your order")
        assert shop.value("select count(*) from texts") == 5


@pytest.mark.parametrize(("width", "language"), [(360, "bn"), (1280, "en")])
def test_pages_with_a_choice_are_sound(
    chromium: Browser, address: str, shop: Stage, work: Work, width: int, language: str
) -> None:
    furnish(shop, language)
    shop.box.db.write_now(lambda tx: tx.run("update users set language = :one", one=language))
    with window(chromium, width) as (_, page, said):
        log_in(page, address)
        for path in ("/", "/campaigns/new", TALK):
            page.goto(address + path)
            assert look(page, width) == [], path
        assert said == []


@pytest.mark.parametrize("path", [TALK, "/", "/campaigns/new"])
def test_a_chosen_text_brings_its_file_and_another_takes_it_back(
    chromium: Browser, address: str, shop: Stage, work: Work, path: str
) -> None:
    furnish(shop)

    def verb(tx: Tx) -> None:
        examined = Examined("ab" * 32, "ab" * 32, 9, "list.pdf", Found("document", "application/pdf", "pdf"))
        now = shop.hands.now()
        media = keeping.keep(tx, shop.asha.id, examined, origin="upload", disk_megabytes=9, now=now).media
        draft = Draft("Price list", "Our prices", media_id=media.id, media_kind="document")
        texts.add(tx, shop.asha.id, draft, now=now)

    shop.box.db.write_now(verb)
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + path)
        field, media = page.locator("#message"), page.locator("[name=media_id]")
        field.press_sequentially("/price")
        expect(page.locator("#texts-found [role=option]")).to_contain_text("list.pdf")
        assert judge(page) == []
        page.keyboard.press("Enter")
        expect(field).to_have_value("Our prices")
        expect(media).to_have_value("1")
        assert fits(page) and judge(page) == []
        field.fill("/thanks")
        page.locator("#texts-found [role=option]").first.click()
        expect(field).to_have_value(re.compile("Thank you"))
        if path == "/campaigns/new":
            expect(media).to_have_value("")
        else:
            expect(media).to_have_count(0)
        assert said == []
