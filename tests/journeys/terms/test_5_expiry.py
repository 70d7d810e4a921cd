"""Term 5, subscription expiry: told by mail and WhatsApp, invoiced once, paused at the end, then resumed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.journeys.box import PHONE, until
from tests.journeys.terms.market import DAY, Market, Person

pytestmark = pytest.mark.timeout(300)

ALONE = True
SHOP = "8801700000150"
PEOPLE = [f"880171100{n}" for n in range(1500, 1540)]


def told(market: Market, person: Person) -> tuple[int, int]:
    """(mails, WhatsApp messages) about the end of the plan."""
    mails = market.postbox.to(person.email, "Your plan Basic")
    chats = [text for to, text in market.got(PHONE) if to == person.phones["primary"]]
    return len(mails), len([text for text in chats if "Your plan Basic" in text])


def open_invoices(person: Person) -> list[str]:
    person.go("/billing")
    rows = person.page.locator("ul.plain-rows li:has(a[href^='/billing/invoices/']):has-text('To pay')")
    return rows.all_inner_texts()


def until_the_end(market: Market, person: Person, before: timedelta) -> None:
    """Time moves to just before the end of the plan."""
    ends = datetime.fromisoformat(person.get("/reports/summary")["plan"]["expires_at"])
    now = datetime.now(ends.tzinfo) + timedelta(days=market.days)
    market.forward((ends - before - now).total_seconds() / DAY)


def is_told_twice(market: Market, bilal: Person) -> None:
    """Seven days before and a day before, once each, with one invoice; a restart tells nothing again."""
    until_the_end(market, bilal, timedelta(days=6, hours=12))
    until(lambda: told(market, bilal) == (1, 1), 60, what="seven days before, one mail and one message")
    assert len(open_invoices(bilal)) == 1
    mail = market.postbox.to(bilal.email, "Your plan Basic")[0].get_content()
    assert "BDT" in mail and "/billing" in mail
    market.restart()
    bilal.is_ready()
    market.still(PHONE, 3)
    assert told(market, bilal) == (1, 1)
    until_the_end(market, bilal, timedelta(hours=12))
    until(lambda: told(market, bilal) == (2, 2), 60, what="a day before, one more of each")
    assert len(open_invoices(bilal)) == 1


def ends_under_a_campaign(market: Market, bilal: Person) -> tuple[int, int]:
    """Sending pauses while a campaign runs, and page and API say why: (campaign, message)."""
    until_the_end(market, bilal, timedelta(seconds=20))
    market.shop.whatsapp.ask("PUT", "faults", {"ack_ms": 700})
    made = bilal.call("POST", "/campaigns", {"name": "Sale", "message": "Save 20%"})
    assert made.status_code == 201, made.text
    campaign = int(made.json()["id"])
    until(lambda: "paused since" in bilal.hears("/billing"), 60, what="the plan is over")
    market.shop.whatsapp.ask("DELETE", "faults")
    market.still(SHOP, 4)
    gone = len(market.got(SHOP))
    assert gone < len(PEOPLE)
    single = bilal.send("8801711001599", "Alone")
    assert bilal.waits(single) == "plan_expired"
    assert "The plan has expired" in bilal.sees(f"/messages/{single}")
    seen = bilal.get(f"/campaigns/{campaign}")
    assert (seen["status"], seen["queued"]) == ("sending", len(PEOPLE) - gone)
    return campaign, single


def pays_the_invoice(bilal: Person, txid: str) -> None:
    """From the invoice that waits."""
    assert len(open_invoices(bilal)) == 1
    bilal.page.click("li:has-text('To pay') a[href^='/billing/invoices/']")
    bilal.page.click("main a.button-main")
    bilal.page.fill("#txid", txid)
    bilal.page.fill("#sender", "01711000001")
    bilal.page.click("main .button-main")


def test_a_plan_ends_and_is_renewed(market: Market) -> None:
    market.link_owner()
    bilal = market.customer("bilal", phone=SHOP)
    bilal.pay("Basic", "BEGIN001")
    market.approve("BEGIN001")
    people = [{"phone": one} for one in PEOPLE]
    assert bilal.call("POST", "/contacts/bulk", {"contacts": people}).status_code == 200
    is_told_twice(market, bilal)
    campaign, single = ends_under_a_campaign(market, bilal)
    pays_the_invoice(bilal, "RENEW001")
    assert bilal.waits(single) == "plan_expired"
    market.approve("RENEW001")
    bilal.arrives(single)
    until(lambda: bilal.get(f"/campaigns/{campaign}")["status"] == "completed", 60, what="it goes on to its end")
    market.each_once(SHOP, [*PEOPLE, "8801711001599"])
    assert open_invoices(bilal) == []
    assert bilal.credits == 2_000 - len(PEOPLE) - 1
    assert told(market, bilal) == (2, 2)
    market.gone(bilal)
