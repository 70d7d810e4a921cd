"""The commonest journeys take no more clicks than they may, from Home; typing is none."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import browsers
from tests.cast import Stage
from tests.faces.test_pages_pulse import run
from tests.faces.windows import address, chromium, log_in, turning, window
from tests.faces.work import Work

__all__ = ["address", "chromium"]  # fixtures

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]


def follow(page: Page, *presses: str) -> int:
    """How many clicks these are; each leads to another page."""
    for one in presses:
        with turning(page):
            page.click(one)
    return len(presses)


def test_a_campaign_a_reply_and_a_new_key_are_few_clicks_from_home(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    one = "8801711300001"
    with window(chromium, 1280) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/")
        expect(page.locator("main a[href='/inbox']")).to_be_visible()  # several people wrote
        run(shop, f"update inbox set seen_at = at where phone <> '{one}'")
        page.goto(address + "/")
        clicks = follow(page, f"main a[href='/inbox/{one}#latest']")
        page.fill("#message", "Yes, both are here.")
        assert clicks + follow(page, "#reply .button-main") == 2
        expect(page.locator(".talk-ours .bubble").last).to_contain_text("Yes, both are here.")
        page.goto(address + "/")
        clicks = follow(
            page, ".side a[href='/contacts']", ".tag-bar a:has-text('VIP')", "a:has-text('Write to them')"
        )
        page.fill("#name", "Five clicks")
        page.fill("#message", "Hello {name:friend}")
        clicks += follow(page, "button:has-text('Look it over')", "button:has-text('Send it to 19 people now')")
        assert clicks == 5
        expect(page.locator("main .notice-good")).to_be_visible()
        assert shop.value("select status from campaigns where name = 'Five clicks'") == "sending"
        page.goto(address + "/")
        clicks = follow(page, ".side a[href='/settings/keys']")
        page.click("button[popovertarget=rotate]")
        assert clicks + 1 + follow(page, "#rotate .button-bad") == 3
        expect(page.locator("main")).to_contain_text("wbx_")
        assert said == []
