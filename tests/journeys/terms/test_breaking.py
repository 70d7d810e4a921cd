"""People who try to get more than they paid for, and who press everything twice."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.box import until
from tests.journeys.conftest import long_only
from tests.journeys.terms.market import PNG, Market, Person
from tests.some import some

pytestmark = [pytest.mark.timeout(240), long_only()]

ALONE = True
GOOD = {"provider": "bkash", "amount": "500", "sender": "01711000001", "txid": "BREAK001"}


def claimed(person: Person) -> int:
    """How many claims the customer's page lists."""
    person.go("/billing")
    return person.page.locator("section[aria-labelledby=payments-title] li").count()


def test_odd_amounts_senders_and_pictures_are_refused(market: Market) -> None:
    bilal = market.customer("bilal")
    odd = [
        *(
            {"amount": one}
            for one in ("", "-5", "0", "1.005", "1e3", "NaN", "99999999999999", "500 USD", "৫০০.৫০৫")
        ),
        *({"sender": one} for one in ("", "017", "0\t171", "1" * 61)),
        *({"txid": one} for one in ("", "abc", "<script>", "a" * 41, "৳৳৳৳৳")),
        {"provider": "paypal"},
    ]
    for fields in some(odd):
        answer = bilal.post("/billing/buy/1", {**GOOD, **fields})
        assert answer.status == 422, fields
    pictures = {
        "page.html": b"<html><script>alert(1)</script></html>",
        "shot.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "shot.gif": b"GIF89a" + b"\0" * 40,
        "shot.png": b"PK\3\4" + PNG,
        "empty.png": b"",
    }
    for name, data in some(pictures.items()):
        file = {"name": name, "mimeType": "image/png", "buffer": data}
        assert bilal.post("/billing/buy/1", {**GOOD, "receipt": file}).status == 422, name
    huge = {"name": "huge.png", "mimeType": "image/png", "buffer": PNG + b"\0" * 3_000_000}
    assert bilal.post("/billing/buy/1", {**GOOD, "receipt": huge}).status in (413, 422)
    assert bilal.post("/billing/buy/99999", GOOD).status == 404
    assert bilal.post("/billing/buy/3", GOOD).status in (404, 422)
    assert claimed(bilal) == 0

    both = {
        "name": "../../../etc/passwd\0.png",
        "mimeType": "text/html",
        "buffer": PNG + b"<script>alert(1)</script>",
    }
    assert bilal.post("/billing/buy/1", {**GOOD, "receipt": both}).status == 303
    shown = str(bilal.go("/billing").locator("a[href*=receipt]").get_attribute("href"))
    answer = bilal.context.request.get(market.url + shown)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    market.gone(bilal)


def test_everything_pressed_many_times_at_once_happens_once(market: Market) -> None:
    bilal = market.customer("bilal")
    assert sorted(bilal.rush("/billing/trial", [{}] * 12)) == [303] + [422] * 11
    assert bilal.credits == 5
    form = {**GOOD, "txid": "DOUBLE01"}
    assert set(bilal.rush("/billing/buy/1", [form] * 12, files=True)) == {303}
    assert claimed(bilal) == 1
    six = [{**GOOD, "txid": f"MANY000{n}"} for n in range(6)]
    assert sorted(bilal.rush("/billing/buy/1", six, files=True)) == [303] * 4 + [422] * 2
    card = market.owner.go("/admin/payments").locator("li.card:has(code:text-is('DOUBLE01'))")
    approve = str(card.locator("form[action$=approve]").get_attribute("action"))
    assert {bilal.press(approve).status, bilal.press(approve.replace("approve", "reject")).status} == {404}
    both = market.owner.rush(approve, [{}] * 10)
    assert set(both) == {303}
    assert bilal.credits == 1_005
    assert bilal.sees("/billing").count("+1,000") == 1
    market.gone(bilal)


def test_what_was_bought_is_what_is_had_whatever_happens_to_the_plan(market: Market) -> None:
    market.plan("Spring", "300", days="10", credits="70")
    bilal = market.customer("bilal")
    bilal.pay("Spring", "SPRING01")
    page = market.owner.go("/admin/plans")
    page.click("a[aria-label='Change: Spring']")
    page.fill("#credits", "7")
    page.click("main .button-main")
    page.wait_for_selector("main .notice-good")
    chen = market.customer("chen")
    old = str(bilal.go("/billing").locator("a[aria-label$=': Spring']").get_attribute("href"))
    chen.pay("Spring", "SPRING02")
    page = market.owner.go("/admin/plans")
    page.locator("li.offer:has(h2:text-is('Spring')) form[action$=archive] button").click()
    page.wait_for_selector("main .notice")
    assert bilal.post(old, {**GOOD, "txid": "SPRING03"}).status == 422
    number = market.id_of(bilal)
    market.owner.press(f"/admin/users/{number}/lock", reason="A look")
    market.approve("SPRING01")  # the money came, whatever the account is now
    market.approve("SPRING02")
    assert bilal.call("GET", "/messages").status_code == 403
    market.owner.press(f"/admin/users/{number}/unlock")
    assert (bilal.credits, chen.credits) == (70, 7)
    market.gone(bilal)
    market.gone(chen)


def test_the_last_credit_is_the_last_message(market: Market) -> None:
    phone = "8801700000171"
    bilal = market.customer("bilal", phone=phone)
    bilal.press("/billing/trial")
    people = [f"88017110017{n:02d}" for n in range(8)]
    assert (
        bilal.call("POST", "/contacts/bulk", {"contacts": [{"phone": one} for one in people]}).status_code == 200
    )
    refused = bilal.call("POST", "/campaigns", {"name": "All", "message": "Sale"})
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_credits")
    with ThreadPoolExecutor(20) as threads:
        bodies = [{"phone": people[n % 5], "message": f"Hello {n}"} for n in range(20)]
        answers = list(threads.map(lambda body: bilal.call("POST", "/send", body), bodies))
    assert Counter(one.status_code for one in answers) == {202: 5, 402: 15}
    jobs = [int(one.json()["job_id"]) for one in answers if one.status_code == 202]
    assert bilal.credits == 0
    refused = bilal.call("POST", "/send", {"phone": people[5], "message": "Hello"})
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_credits")
    for job_id in jobs:
        bilal.arrives(job_id)
    first = [to for to, _ in market.got(phone)]
    assert len(first) == 5
    bilal.pay("Ten credits", "TENMORE1")
    market.approve("TENMORE1")
    assert bilal.credits == 10
    made = bilal.call("POST", "/campaigns", {"name": "All", "message": "Sale"})
    assert (made.status_code, bilal.credits) == (201, 2)
    until(lambda: bilal.get(f"/campaigns/{made.json()['id']}")["status"] == "completed", 30)
    market.each_once(phone, [*people, *first])
    assert bilal.credits == 2
    market.gone(bilal)


def test_a_phone_beyond_a_smaller_plan_stands_still_and_says_so(market: Market) -> None:
    first, second = "8801700000172", "8801700000173"
    market.plan("Small", "100", days="30", credits="20")
    bilal = market.customer("bilal")
    bilal.pay("Basic", "LARGE001")
    market.approve("LARGE001")
    bilal.link(first)
    assert bilal.call("POST", "/devices", {"device_label": "sales"}).status_code == 201
    bilal.link(second, "sales")
    bilal.arrives(bilal.send("8801711001721", label="sales"))
    bilal.pay("Small", "SMALL001")
    market.approve("SMALL001")
    assert (bilal.device()["detail"], bilal.device("sales")["detail"]) == (None, "over_plan")
    waiting = bilal.send("8801711001722", label="sales")
    bilal.arrives(bilal.send("8801711001723"))
    assert bilal.waits(waiting) == "over_plan"
    assert "Beyond the plan" in bilal.sees("/whatsapp")
    market.still(second)
    bilal.call("POST", "/devices/primary/logout")
    bilal.arrives(waiting)
    market.each_once(second, ["8801711001721", "8801711001722"])
    market.gone(bilal)


def test_a_clock_set_back_sends_nothing_and_gives_nothing_away(market: Market) -> None:
    phone = "8801700000174"
    bilal = market.customer("bilal", phone=phone)
    bilal.press("/billing/trial")
    ends = bilal.get("/reports/summary")["plan"]["expires_at"]
    bilal.arrives(bilal.send("8801711001741"))
    market.forward(-3)
    bilal.is_ready()
    waiting = bilal.send("8801711001742")
    assert bilal.waits(waiting) == "clock_wrong"
    assert bilal.press("/billing/trial").status == 422
    assert bilal.get("/reports/summary")["plan"]["expires_at"] == ends
    market.still(phone)
    market.forward(3)
    bilal.arrives(waiting)
    market.each_once(phone, ["8801711001741", "8801711001742"])
    market.gone(bilal)
