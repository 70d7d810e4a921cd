"""Term 4, payments: nothing before a person has looked, a transaction id counts once, approved is final."""

from __future__ import annotations

import pytest

from tests.journeys.terms.market import BKASH, PNG, Market, Person

pytestmark = pytest.mark.timeout(180)

# One id, as people write it down.
SPELLINGS = (
    "8n7a6d5c4b",
    "8N7A6D5C4B",
    " 8N7A 6D5C 4B ",
    "8N7A-6D5C-4B",
    "৮N৭A৬D৫C৪B",
    "8n7a.6d5c/4b",
    "８Ｎ７Ａ６Ｄ５Ｃ４Ｂ",
)


def plan_of(person: Person) -> str:
    name: str = person.get("/reports/summary")["plan"]["name"]
    return name


@pytest.mark.parametrize(
    ("provider", "txid"), [("bkash", "PAYS0001"), ("nagad", "PAYS0002"), ("bank", "TRF/2026/77")]
)
def test_a_payment_brings_nothing_until_it_is_approved(market: Market, provider: str, txid: str) -> None:
    bilal = market.customer("bilal")
    assert BKASH in bilal.go("/billing").locator("body").inner_text() or BKASH in bilal.sees("/billing/buy/1")
    assert "being checked" in bilal.pay("Basic", txid, provider=provider, picture=PNG)
    assert "Being checked" in bilal.sees("/billing")
    assert (plan_of(bilal), bilal.credits) == ("No plan", 0)
    refused = bilal.call("POST", "/send", {"phone": "8801711001401", "message": "Hello"})
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_credits")
    card = market.owner.go("/admin/payments").locator(f"li.card:has(code:text-is('{txid}'))")
    assert bilal.email in card.inner_text()
    picture = market.owner.context.request.get(
        market.url + str(card.locator("a[href*=receipt]").first.get_attribute("href"))
    )
    assert (picture.status, picture.headers["content-type"], picture.body()) == (200, "image/png", PNG)
    market.approve(txid)
    assert (plan_of(bilal), bilal.credits) == ("Basic", 1_000)
    page = bilal.go("/billing")
    assert "Approved" in bilal.read()
    page.click("a[href^='/billing/invoices/']")
    invoice = bilal.read()
    assert "Paid" in invoice and bilal.email in invoice and "Asha's box" in invoice and txid in invoice
    market.gone(bilal)


def test_fifty_at_once_with_one_transaction_id_get_it_once(market: Market) -> None:
    bilal, chen = market.customer("bilal"), market.customer("chen")
    forms = [
        {"provider": "bkash", "amount": "500", "sender": "01711000001", "txid": SPELLINGS[n % len(SPELLINGS)]}
        for n in range(50)
    ]
    answers = bilal.rush("/billing/buy/1", forms, files=True)
    assert set(answers) == {303}  # the same claim again is what it was
    assert set(chen.rush("/billing/buy/1", forms[:10], files=True)) == {422}
    page = market.owner.go("/admin/payments")
    cards = page.locator(f"li.card:has-text('{bilal.email}')")
    assert cards.count() == 1
    action = str(cards.locator("form[action$=approve]").get_attribute("action"))
    assert set(market.owner.rush(action, [{}] * 50)) == {303}
    assert (bilal.credits, chen.credits) == (1_000, 0)
    told = bilal.sees("/billing")
    assert told.count("+1,000") == 1
    assert bilal.page.locator("a[href^='/billing/invoices/']").count() == 1
    assert bilal.pay("Basic", SPELLINGS[4]).count("used before") == 1
    market.gone(bilal)
    market.gone(chen)


def test_a_pack_of_credits_is_checked_by_a_person_too_counts_once_and_is_final(market: Market) -> None:
    bilal, chen = market.customer("bilal"), market.customer("chen")
    assert "being checked" in bilal.pay("Ten credits", "PACK0001")
    assert (plan_of(bilal), bilal.credits) == ("No plan", 0)
    card = market.owner.go("/admin/payments").locator("li.card:has(code:text-is('PACK0001'))")
    reject = str(card.locator("form[action$=reject]").get_attribute("action"))
    market.approve("PACK0001")
    assert (plan_of(bilal), bilal.credits) == ("No plan", 10)  # credits, and no time
    page = bilal.go("/billing")
    assert bilal.read().count("+10") == 1
    assert page.locator("a[href^='/billing/invoices/']").count() == 1
    assert "used before" in bilal.pay("Ten credits", "pack-0001")
    assert "Somebody else gave" in chen.pay("Ten credits", "PACK 0001")
    assert "being checked" in bilal.pay("Ten credits", "PACK0002")
    market.reject("PACK0002", "No such money came.", false=1)
    assert "No such money came." in bilal.sees("/billing")
    assert (bilal.credits, chen.credits) == (10, 0)
    refused = market.owner.press(reject, reason="The money goes back", is_false="1")
    assert (refused.status, "final" in refused.text()) == (422, True)
    assert bilal.credits == 10
    market.gone(bilal)
    market.gone(chen)


def test_approved_is_final_and_rejected_can_be_mended(market: Market) -> None:
    bilal = market.customer("bilal")
    bilal.pay("Basic", "FINAL001")
    card = market.owner.go("/admin/payments").locator("li.card:has(code:text-is('FINAL001'))")
    action = str(card.locator("form[action$=approve]").get_attribute("action"))
    reject = action.replace("approve", "reject")
    market.reject("FINAL001", "I do not see it yet.")
    assert "I do not see it yet." in bilal.sees("/billing")
    assert "used before" in bilal.pay("Basic", "final-001")
    assert bilal.credits == 0
    assert market.owner.press(action).status == 303
    assert bilal.credits == 1_000
    refused = market.owner.press(reject, reason="Changed my mind", is_false="1")
    assert refused.status == 422
    assert "final" in refused.text()
    assert market.owner.press(action).status == 303
    assert bilal.credits == 1_000
    market.gone(bilal)
