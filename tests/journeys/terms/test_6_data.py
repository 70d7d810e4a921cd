"""Term 6, data: what is kept can be seen and taken along, people can be erased, and nobody else sees it."""

from __future__ import annotations

import pytest

from tests.journeys.terms.market import PNG, Market, Person

pytestmark = pytest.mark.timeout(180)

SHOP, RINA = "8801700000160", "8801711000160"


def sees_nothing(market: Market, chen: Person, bilal: Person, private: tuple[str, ...]) -> None:
    """Neither by asking nor by looking. private: a message, a contact and what else is bilal's."""
    chen.go("/billing")
    for path in (*private, "/admin/audit", "/admin/users"):
        assert chen.context.request.get(market.url + path).status == 404, path
    assert chen.call("GET", private[0]).status_code == 404
    assert chen.call("PATCH", private[1], {}).status_code == 404
    assert chen.get("/contacts")["total"] == chen.get("/messages")["total"] == 0
    for path in ("/", "/messages", "/contacts", "/billing", "/settings/security"):
        said = chen.sees(path)
        assert not [one for one in ("Rina", RINA, bilal.email, bilal.ip, "DATA0001") if one in said], path
    stranger = market.stranger("nobody")
    for path in private:
        stranger.page.goto(market.url + path)
        assert "/login" in stranger.page.url


def test_ones_data_are_ones_own(market: Market) -> None:
    bilal, chen = market.customer("bilal", phone=SHOP), market.customer("chen")
    bilal.pay("Basic", "DATA0001", picture=PNG)
    market.approve("DATA0001")
    contact = bilal.call("POST", "/contacts", {"phone": RINA, "name": "Rina Akter", "tag": "VIP"}).json()["id"]
    job_id = bilal.send(RINA, "Dear Rina, your sari is here")
    bilal.arrives(job_id)
    bilal.go("/contacts")
    exported = bilal.context.request.get(market.url + "/contacts/export.csv").text()
    assert "Rina Akter" in exported and RINA in exported
    assert bilal.message(job_id)["message"] == "Dear Rina, your sari is here"
    assert bilal.ip in bilal.sees("/settings/security")
    picture = str(bilal.go("/billing").locator("a[href*=receipt]").get_attribute("href"))
    bill = str(bilal.page.locator("a[href^='/billing/invoices/']").get_attribute("href"))
    sees_nothing(market, chen, bilal, (f"/messages/{job_id}", f"/contacts/{contact}", picture, bill))
    audit = market.owner.sees(f"/admin/audit?q={bilal.ip}")
    assert bilal.email in audit and "Account registered" in audit
    page = bilal.go(f"/contacts/{contact}")
    page.click("button:has-text('Forget for good')")
    page.locator(".dialog:popover-open .button-bad").click()
    page.wait_for_selector("main .notice-good")
    assert bilal.get("/contacts")["total"] == 0
    erased = bilal.message(job_id)
    assert (erased["phone"], erased["message"], erased["status"] in ("delivered", "read")) == ("", "", True)
    market.gone(bilal)
    market.gone(chen)
