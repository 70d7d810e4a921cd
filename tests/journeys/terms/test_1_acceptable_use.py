"""Term 1, acceptable use: nobody links a phone before reading what may happen to it, and a no stays a no."""

from __future__ import annotations

import pytest

from tests.journeys.box import until
from tests.journeys.terms.market import Market

pytestmark = pytest.mark.timeout(180)

SHOP, RINA = "8801700000110", "8801711000110"


def test_terms_and_disclaimer_come_before_everything(market: Market) -> None:
    bilal = market.stranger("bilal")
    bilal.page.goto(market.url + "/register")
    bilal.page.fill("#email", bilal.email)
    bilal.page.fill("#password", bilal.password)
    bilal.page.fill("#again", bilal.password)
    bilal.page.click("main .button-main")
    assert "tick that you accept them" in bilal.read()
    bilal.register()
    version = bilal.page.goto(market.url + "/terms")
    assert version is not None and version.status == 200
    said = " ".join(bilal.read().split())
    assert "may get the number behind it banned" in said
    assert "You alone answer for whom you write to" in said
    assert "WhatsApp's terms and your country's laws against spam" in said
    known = market.owner.sees(f"/admin/users/{market.id_of(bilal)}")
    assert "Terms accepted" in known and bilal.ip in known
    bilal.make_key()
    refused = bilal.call("POST", "/devices/primary/start")
    assert (refused.status_code, refused.json()["code"]) == (403, "disclaimer_required")
    refused = bilal.call("POST", "/devices/primary/pairing-code", {"phone": SHOP})
    assert (refused.status_code, refused.json()["code"]) == (403, "disclaimer_required")
    assert "ban your number" in " ".join(bilal.sees("/whatsapp").split())
    assert "Before you link a phone" in bilal.read()
    bilal.accept_disclaimer()
    assert bilal.call("POST", "/devices/primary/start").status_code == 202
    assert bilal.ip in market.owner.sees(f"/admin/audit?q={bilal.email}")
    market.gone(bilal)


def test_who_said_stop_stays_out_also_after_delete_and_import(market: Market) -> None:
    bilal = market.customer("bilal", phone=SHOP)
    bilal.press("/billing/trial")
    assert bilal.call("POST", "/contacts", {"phone": RINA, "name": "Rina"}).status_code == 201
    bilal.arrives(bilal.send(RINA))
    market.says(RINA, SHOP, "বন্ধ করুন")
    until(lambda: bilal.call("POST", "/send", {"phone": RINA, "message": "Hi"}).json()["status"] == "skipped", 20)
    until(lambda: len(market.got(SHOP)) == 2, 20, what="one confirmation")
    contact = bilal.get("/contacts")["data"][0]
    assert bilal.call("DELETE", f"/contacts/{contact['id']}").status_code == 204
    page = bilal.go("/contacts/import")
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": b"Name,Mobile\nRina,01711000110\n"}
    page.set_input_files("#file", file)  # type: ignore[arg-type]
    page.click("button:has-text('Upload and look')")
    page.click("button:has-text('Import 1 row')")
    until(lambda: bilal.get("/contacts")["total"] == 1, 20, what="she is imported again")
    before = bilal.credits
    answer = bilal.call("POST", "/send", {"phone": "01711000110", "message": "Hi again"})
    assert (answer.status_code, answer.json()["status"]) == (202, "skipped")
    assert bilal.message(answer.json()["job_id"])["error"] == "opted_out"
    assert bilal.credits == before
    launched = bilal.call("POST", "/campaigns", {"name": "All", "message": "Sale"})  # to everybody
    assert (launched.status_code, launched.json()["total"]) == (201, 1), launched.text
    campaign = launched.json()["id"]
    until(lambda: bilal.get(f"/campaigns/{campaign}")["status"] == "completed", 20, what="the campaign ends")
    ended = bilal.get(f"/campaigns/{campaign}")
    assert (ended["skipped"], ended["sent"], ended["queued"]) == (1, 0, 0)
    assert bilal.credits == before
    assert len(market.got(SHOP)) == 2
    market.gone(bilal)
