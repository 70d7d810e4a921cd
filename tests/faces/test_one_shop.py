"""One shop, one user: no page of a default box speaks of customers, plans or accounts of others."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.faces.work import Work
from wabox.accounts import users

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

PAGES = (
    "/", "/campaigns", "/campaigns/new", "/contacts", "/contacts/new", "/contacts/import", "/inbox", "/messages",
    "/queue", "/reports", "/whatsapp", "/webhooks", "/settings", "/settings/keys", "/settings/security", "/login",
    "/help",
)  # fmt: skip
ENGLISH = re.compile(
    r"\b(plans?|billing|payments?|invoices?|trials?|users|register(ed)?|complaints?|credits?|content filter"
    r"|resellers?|bkash|nagad|suspended)\b",
    re.IGNORECASE,
)
BENGALI = re.compile("প্ল্যান|ইনভয়েস|নিবন্ধন|ক্রেডিট|অভিযোগ|বিকাশ|নগদ")
ABSENT = (
    "/register", "/terms", "/billing", "/billing/buy/1", "/billing/invoices/1", "/admin/payments", "/admin/plans",
    "/admin/filter", "/admin/filter/reviews", "/admin/complaints", "/verify/" + "x" * 43,
)  # fmt: skip


@pytest.mark.heavy("asks for every page in both languages")
def test_no_page_of_a_shops_own_box_speaks_of_customers(shop: Stage, work: Work, asha: Tab) -> None:
    for language, forbidden in (("en", ENGLISH), ("bn", BENGALI)):
        shop.box.db.write_now(users.set_language, shop.asha.id, language)
        for path in PAGES:
            said = _own_words(words(asha.get(path).text))
            assert forbidden.findall(said) == [], (language, path)
        settings = asha.get("/settings").text
        assert "/settings/security" in settings and "/settings/keys" in settings


def test_what_is_for_customers_is_not_there(asha: Tab, chen: Tab) -> None:
    for path in ABSENT:
        assert asha.get(path).status_code == 404, path
        assert chen.get(path).status_code in (404, 303), path


def test_the_summary_says_owner_and_knows_no_credits(shop: Stage, open_tab: Callable[..., Tab]) -> None:
    answer = open_tab().get("/api/v1/reports/summary", headers={"X-API-Key": shop.asha.key}).json()
    assert (answer["plan"]["name"], answer["credits"]) == ("Owner", None)


def _own_words(text: str) -> str:
    """Without what the shop wrote itself: a sample message tells of a payment."""
    return re.sub(r"Payment of 1,250 taka received\.", "", text)
