"""What is sold, in a real Chromium: both sides of the counter, wide and narrow, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests import browsers
from tests.cast import Stage, stage
from tests.faces.selling import SELLING, Sold, sold
from tests.faces.windows import PHONE, address, chromium, judge, log_in, look, window
from tests.journeys.box import until
from tests.some import some

__all__ = ["address", "chromium"]  # fixtures

DRAWN = "document.images.length > 0 && [...document.images].every(one => one.complete && one.naturalWidth > 0)"

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """asha's box with customers."""
    made = stage(tmp_path, **SELLING)
    yield made
    made.close()


@pytest.fixture
def goods(shop: Stage) -> Sold:
    """What there is to look at."""
    return sold(shop)


def customers(goods: Sold) -> list[str]:
    return [
        "/billing",
        f"/billing/buy/{goods.basic}",
        f"/billing/buy/{goods.pack}",
        f"/billing/invoices/{goods.invoice}",
        f"/billing/invoices/{goods.due}",
        "/whatsapp",
        "/settings/security",
        "/terms",
    ]


def owners(goods: Sold) -> list[str]:
    return [
        "/admin/plans",
        f"/admin/plans/{goods.basic}",
        "/admin/payments",
        "/admin/income?month=2026-02",
        "/admin/logo",
        "/admin/users?only=unpaid",
        "/admin/users",
        "/admin/users/2",
        f"/admin/users/{goods.locked}",
        "/admin/audit",
        f"/billing/invoices/{goods.invoice}",
    ]


@pytest.mark.timeout(400)  # many pages, where the machine is busy with much else
@pytest.mark.parametrize(("width", "scheme", "language"), [(360, "light", "en"), (1280, "dark", "bn")])
def test_both_sides_of_the_counter_are_sound(
    chromium: Browser, address: str, goods: Sold, shop: Stage, width: int, scheme: str, language: str
) -> None:
    """Each language is judged at one width, and fits both."""
    shop.box.db.write_now(lambda tx: tx.run("update users set language = :one", one=language))
    for name, paths in some([("chen", ["/billing"]), ("bilal", customers(goods)), ("asha", owners(goods))]):
        with window(chromium, width, color_scheme=scheme, is_mobile=width == PHONE) as (_, page, said):
            log_in(page, address, f"{name}@example.com")
            for path in some(paths):
                answer = page.goto(address + path)
                assert answer is not None and answer.status == 200, path
                assert look(page, width) == [], path
            assert said == []


def test_a_mistake_in_a_payment_is_shown_beside_it_and_the_rest_kept(
    chromium: Browser, address: str, goods: Sold, tmp_path: Path
) -> None:
    shot = tmp_path / "shot.png"
    shot.write_bytes(b"no picture")
    with window(chromium, 360) as (_, page, said):
        log_in(page, address, "chen@example.com")
        page.goto(address + "/billing")
        page.click("a[aria-label='Renew: Basic']")
        page.fill("#txid", "!")
        page.fill("#sender", "01711000001")
        page.click("main .button-main")
        page.wait_for_selector("#txid-error")
        assert page.input_value("#sender") == "01711000001"
        assert judge(page) == []
        page.fill("#txid", "CHEN00017")
        page.set_input_files("#receipt", shot)
        page.click("main .button-main")
        page.wait_for_selector("#receipt-error")
        page.click("main .button-main")
        page.wait_for_selector("main .notice-good")
        assert [one for one in said if "422" not in one] == []


def test_the_owner_looks_at_the_picture_and_approves(chromium: Browser, address: str, goods: Sold) -> None:
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address, "asha@example.com")
        page.goto(address + "/admin/payments")
        until(lambda: page.evaluate(DRAWN), what="the pictures are drawn")
        card = page.locator("li.card:has(code:text-is('9K2L3M4N5P'))")
        card.locator("button.button-main[popovertarget]").click()
        dialog = card.locator(".dialog:popover-open")
        assert judge(page) == []
        dialog.locator(".button-main").click()
        page.wait_for_selector("main .notice-good")
        assert page.locator("li.card").count() == len(goods.waiting) - 1
        assert said == []


def test_an_invoice_prints_on_one_page(chromium: Browser, address: str, goods: Sold) -> None:
    with window(chromium, 1280) as (_, page, _said):
        log_in(page, address, "bilal@example.com")
        page.goto(f"{address}/billing/invoices/{goods.invoice}")
        page.emulate_media(media="print")
        assert not page.is_visible("nav")
        assert not page.is_visible(".no-print >> nth=0")
        assert page.is_visible("article.invoice")
        assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


def test_an_attack_in_every_text_does_nothing(chromium: Browser, address: str, goods: Sold, shop: Stage) -> None:
    attack = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}"

    def plant(tx: object) -> None:
        assert hasattr(tx, "run")
        tx.run("drop trigger plan_terms_stay")
        tx.run("drop trigger claims_stay")
        tx.run("drop trigger approved_is_final")
        tx.run("drop trigger invoices_stay")
        tx.run("update plans set name = :a", a=attack)
        tx.run("update payments set sender = :a, txid = :a, reason = :a", a=attack)
        tx.run("update invoices set seller = :a, buyer = :a", a=attack)
        tx.run("update users set state_reason = :a", a=attack)

    shop.box.db.write_now(plant)
    for email, paths in (("bilal@example.com", customers(goods)), ("asha@example.com", owners(goods))):
        with window(chromium, 1280) as (_, page, said):
            log_in(page, address, email)
            for path in some(paths):
                page.goto(address + path)
                assert page.locator("main img[src=x]").count() == 0
            assert said == []
