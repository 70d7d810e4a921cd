"""Term 2, account locking: false claims and the owner's hand stop an account at once, a review lets it go on."""

from __future__ import annotations

import pytest

from tests.journeys.box import until
from tests.journeys.terms.market import SECRET, Market, Person

pytestmark = pytest.mark.timeout(180)

SHOP = "8801700000120"


def locked_out(person: Person) -> None:
    """No log-in, no API."""
    answer = person.call("GET", "/messages")
    assert (answer.status_code, answer.json()["code"]) == (403, "account_locked")
    said = person.log_in()
    assert "/login" in person.page.url
    assert "locked" in said
    assert SECRET not in said


def test_false_claims_lock_the_account(market: Market) -> None:
    honest, liar = market.customer("honest"), market.customer("liar")
    assert "being checked" in honest.pay("Basic", "HON35T01")
    assert "Somebody else gave" in liar.pay("Basic", "hon3 5t01")
    for number in (1, 2, 3):
        liar.pay("Basic", f"FAKE000{number}")
        market.reject(f"FAKE000{number}", "No such money came.", false=1)
        if number == 1:
            assert "No such money came." in liar.sees("/billing")
    locked_out(liar)
    shown = market.owner.sees(f"/admin/users/{market.id_of(liar)}")
    assert "Locked" in shown and "3 claims of payment were false." in shown
    market.approve("HON35T01")
    assert honest.credits == 1_000
    market.gone(liar)
    market.gone(honest)


def test_a_falsified_sender_is_a_false_claim_and_three_lock_the_account(market: Market) -> None:
    """The money is there, but somebody else sent it: the owner compares what is claimed with what came."""
    liar = market.customer("liar")
    for number in (1, 2, 3):
        assert "being checked" in liar.pay("Basic", f"SENDER0{number}")
        card = market.owner.go("/admin/payments").locator(f"li.card:has(code:text-is('SENDER0{number}'))")
        assert "01711000001" in card.inner_text()  # whom the customer says it came from
        market.reject(f"SENDER0{number}", "This came from 01999000009, not from you.", false=1)
        told = market.owner.sees(f"/admin/users/{market.id_of(liar)}")
        assert ("Locked" in told) == (number == 3), told
        if number < 3:
            assert "This came from 01999000009, not from you." in liar.sees("/billing")
    locked_out(liar)
    assert "3 claims of payment were false." in told
    unlock = f"/admin/users/{market.id_of(liar)}/unlock"
    assert market.owner.press(unlock).status == 303  # reviewed: the account may log in again
    liar.log_in()
    assert "/login" not in liar.page.url
    assert liar.credits == 0
    market.gone(liar)


def test_a_locked_account_sends_nothing_and_goes_on_after_the_review(market: Market) -> None:
    bilal = market.customer("bilal", phone=SHOP)
    bilal.pay("Basic", "LOCKME01")
    market.approve("LOCKME01")
    people = [f"88017110012{n:02d}" for n in range(6)]
    bilal.arrives(bilal.send(people[0]))
    number = market.id_of(bilal)
    market.shop.whatsapp.ask("PUT", "faults", {"ack_ms": 700})
    jobs = [bilal.send(one) for one in people[1:]]
    page = market.owner.go(f"/admin/users/{number}")
    page.fill("#lock-reason", "Three people complained.")
    page.click("form[action$='/lock'] button")
    page.wait_for_selector("main .notice-good")
    market.shop.whatsapp.ask("DELETE", "faults")
    locked_out(bilal)
    assert "Three people complained." in market.owner.sees(f"/admin/users/{number}")
    until(lambda: len(market.got(SHOP)) >= 2, 10, what="what was on its way arrives")
    market.still(SHOP)
    gone = len(market.got(SHOP))
    assert gone < len(people)
    page = market.owner.go(f"/admin/users/{number}")
    page.click("form[action$='/unlock'] button")
    page.wait_for_selector("main .notice-good")
    for job_id in jobs:
        bilal.arrives(job_id)
    market.each_once(SHOP, people)
    audit = market.owner.sees(f"/admin/audit?q={bilal.email}")
    assert "Account locked" in audit and "Account unlocked" in audit
    market.gone(bilal)


def test_a_suspended_account_may_look_and_not_act(market: Market) -> None:
    bilal = market.customer("bilal", phone="8801700000121")
    bilal.press("/billing/trial")
    number = market.id_of(bilal)
    market.owner.press(f"/admin/users/{number}/suspend", reason="A look")
    answer = bilal.call("POST", "/send", {"phone": "8801711001299", "message": "Hello"})
    assert (answer.status_code, answer.json()["code"]) == (403, "account_suspended")
    assert "Try it" in bilal.sees("/billing")  # looking is still allowed
    assert bilal.press("/billing/trial").status == 403
    market.owner.press(f"/admin/users/{number}/resume")
    bilal.arrives(bilal.send("8801711001299"))
    market.gone(bilal)
