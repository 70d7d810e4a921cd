"""Term 2, content: what the filter refuses never waits, what it holds waits for a person, SPAM is a complaint."""

from __future__ import annotations

import pytest

from tests.journeys.box import until
from tests.journeys.terms.market import Market, Person

pytestmark = pytest.mark.timeout(180)

SHOP, RINA = "8801700000125", "8801711000125"


def rule(market: Market, text: str, action: str, reason: str) -> None:
    """The owner adds a word of their own."""
    page = market.owner.go("/admin/filter")
    form = page.locator("form[action='/admin/filter/rules']")
    form.locator("#text").fill(text)
    form.locator("#action").select_option(action)
    form.locator("#reason").fill(reason)
    form.locator(".actions button").click()
    page.wait_for_selector("main .notice-good")


def decide(market: Market, person: Person, text: str, what: str, reason: str = "") -> None:
    """The owner reads what waits and says yes or no."""
    page = market.owner.go("/admin/filter/reviews")
    card = page.locator(f"section.card:has-text('{person.email}'):has-text('{text}')")
    if reason:
        card.locator("input[name=reason]").fill(reason)
    card.locator(f"form[action$='/{what}'] button").click()
    page.wait_for_selector("main .notice")


def test_refused_held_let_go_and_stopped(market: Market) -> None:
    rule(market, "lottery winner", "refuse", "No lotteries here.")
    rule(market, "quick loan", "hold", "Loans are read first.")
    bilal = market.customer("bilal", phone=SHOP)
    bilal.press("/billing/trial")
    refused = bilal.call("POST", "/send", {"phone": RINA, "message": "You are a LOTTERY  winner!"})
    assert (refused.status_code, refused.json()["code"]) == (422, "content_refused")
    assert "No lotteries here." in refused.text
    assert (bilal.credits, bilal.get("/messages")["total"]) == (5, 0)

    yes, no = bilal.send(RINA, "A quick loan for Rina"), bilal.send(RINA, "A quick loan for nobody")
    honest = bilal.send("8801711000126", "Your sari is ready")
    assert (bilal.waits(yes), bilal.waits(no), bilal.credits) == ("content_review", "content_review", 2)
    bilal.arrives(honest)  # what is held lets the others pass
    market.still(SHOP)
    decide(market, bilal, "for Rina", "yes")
    decide(market, bilal, "for nobody", "no", "No loans to nobody.")
    bilal.arrives(yes)
    stopped = bilal.message(no)
    assert stopped["status"] == "skipped"
    assert "No loans to nobody." in (stopped["error_text"] or "")
    assert bilal.credits == 3
    assert sorted(text for _, text in market.got(SHOP)) == ["A quick loan for Rina", "Your sari is ready"]

    market.says(RINA, SHOP, "SPAM")
    until(lambda: bilal.email in market.owner.hears("/admin/complaints"), 20, what="the complaint is recorded")
    after = bilal.call("POST", "/send", {"phone": RINA, "message": "Sorry"})
    assert after.json()["status"] == "skipped"
    audit = market.owner.sees("/admin/audit")
    assert bilal.email in audit
    market.gone(bilal)
