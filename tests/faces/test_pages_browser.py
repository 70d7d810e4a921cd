"""Every page in a real Chromium: at 360 and 1280, light and dark, under its own CSP, judged by axe."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from tests import browsers
from tests.cast import Stage
from tests.faces.scene import PASSWORD, Scene, pairing_code
from tests.faces.states import Seeing, held, people, phones
from tests.faces.windows import AXE, PHONE, address, chromium, judge, log_in, look, served, turning, wide, window
from tests.some import some
from wabox.db import Tx
from wabox.devices import linking
from wabox.devices import stored as devices
from wabox.messages import outbox, stored
from wabox.whatsapp.driver import Link

__all__ = ["address", "chromium"]  # fixtures

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]


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
        "/settings/answers",  # leads to /settings
        "/settings/keys",
        "/settings/sending",
        "/settings/box",
        "/settings/alerts",
        "/whatsapp/devices/primary/rules",
        "/settings/security",
        "/admin/users",
        "/admin/users/2",
        "/admin/audit",
        "/admin/mail",
        "/admin/reach",
        "/docs",
        "/docs/messages",
        "/docs/try/post-send",
        "/help",
        "/help/owner",
        "/help/whatsapp",
    ]


@pytest.mark.timeout(400)  # many pages, where the machine is busy with much else
@pytest.mark.parametrize(("width", "scheme", "language"), [(360, "light", "en"), (1280, "dark", "bn")])
def test_every_page_is_sound(
    chromium: Browser, address: str, scene: Scene, shop: Stage, width: int, scheme: str, language: str
) -> None:
    """Each language is judged at one width, and fits both."""
    pairing_code(shop)
    shop.box.db.write_now(lambda tx: tx.run("update users set language = :one", one=language))
    with window(chromium, width, color_scheme=scheme, is_mobile=width == PHONE) as (_, page, said):
        page.goto(f"{address}/login?lang={language}")
        assert look(page, width) == []
        log_in(page, address)
        for path in some(pages(scene)):
            answer = page.goto(address + path)
            assert answer is not None and answer.status == 200, path
            assert look(page, width) == [], path
            assert page.locator("html").get_attribute("lang") == language, path
        assert said == []


def test_every_state_of_a_phone_fits_a_thumb_in_both_languages(chromium: Browser, shop: Stage) -> None:
    """One page has a phone in each state; the others show what it does to messages and people."""
    ids = phones(shop)
    held(shop, ids)
    people(shop)
    doctors = [f"/whatsapp/devices/{label}/doctor?look=1" for label in ("passkey", "engine", "box")]
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
            assert wide(page, PHONE) == [] and judge(page) == [], path
        assert page.evaluate("document.querySelector('#picture img').naturalWidth") == 1100
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
        page.goto(address + "/")
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


def test_one_enters_sends_and_leaves_without_a_script(chromium: Browser, address: str) -> None:
    with window(chromium, 360, java_script_enabled=False) as (_, page, _said):
        page.goto(address + "/login")
        page.fill("#email", "asha@example.com")
        page.fill("#password", PASSWORD)
        page.click("main .button-main")
        page.wait_for_url(address + "/")
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
