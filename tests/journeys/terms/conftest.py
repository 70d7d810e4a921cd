"""One market for the stories of files that follow each other: every story brings customers of its own.

Not for the whole run: while Playwright's loop runs, no test after it in this process could run one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import browsers
from tests.journeys.box import Shop, WhatsApp
from tests.journeys.terms.market import BKASH, Market, Postbox


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser of everybody in the stories; each has a window of their own."""
    if browsers.SHELL is None:
        pytest.skip("needs a real Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.SHELL, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Market]:
    """The market of every file that does not want its own."""
    with opened(tmp_path_factory.mktemp("market"), chromium) as market:
        yield market


@pytest.fixture(scope="module")
def market(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, chromium: Browser
) -> Iterator[Market]:
    """The reseller's box, with three things to buy. A file that is ALONE has its own: time moves, or it dies."""
    if not getattr(request.module, "ALONE", False):
        yield request.getfixturevalue("shared")
        return
    with opened(tmp_path_factory.mktemp("market"), chromium) as own:
        yield own


@contextlib.contextmanager
def opened(place: Path, chromium: Browser) -> Iterator[Market]:
    """A market of its own, until it is closed."""
    whatsapp, postbox = WhatsApp(place), Postbox()
    whatsapp.start()
    shop = Shop(
        place,
        whatsapp,
        server={"trusted_proxies": ["127.0.0.1"]},
        accounts={"registration": "open"},
        billing={
            "enabled": True,
            "bkash": BKASH,
            "nagad": BKASH,
            "bank": BKASH,
            "notice_days": [7, 1],
            "seller": "Asha's box\nDhaka",
        },
        smtp={"host": "127.0.0.1", "port": postbox.port, "tls": "none", "from": "box@example.com"},
        testing={"clock_offset_seconds": 0},
    )
    try:
        shop.init()
        shop.start()
        made = Market(shop, postbox, chromium)
        made.plan("Basic", "500", days="30", credits="1000", max_wa_accounts="2")
        made.plan("Ten credits", "50", credits="10")
        made.plan("Try it", "0", days="7", credits="5", trial="1")
        yield made
    finally:
        shop.close()
        whatsapp.program.kill()
        postbox.close()
