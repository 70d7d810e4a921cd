"""Term 3, free trial: once per user; a new name with the old number or address gets none, also after leaving."""

from __future__ import annotations

import pytest

from tests.journeys.box import until
from tests.journeys.terms.market import SECRET, Market, Person

pytestmark = pytest.mark.timeout(240)


def asks_for_trial(person: Person) -> str:
    """The button pressed by a form of one's own; what the plan is then."""
    person.press("/billing/trial")
    name: str = person.get("/reports/summary")["plan"]["name"]
    return name


def test_once_per_user_number_and_address(market: Market) -> None:
    phone = "8801700000130"
    bilal = market.customer("bilal")
    bilal.go("/billing").click("form[action='/billing/trial'] button")
    assert "free trial has begun" in bilal.read()
    assert (bilal.credits, bilal.get("/reports/summary")["plan"]["name"]) == (5, "Try it")
    assert bilal.press("/billing/trial").status == 422
    assert bilal.credits == 5
    bilal.link(phone)
    bilal.arrives(bilal.send("8801711001301"))
    assert (
        bilal.call("POST", "/devices", {"device_label": "second"}).status_code == 422
    )  # the trial is for one phone

    neighbour = market.customer("neighbour", ip=bilal.ip)
    assert "Start the free trial" not in neighbour.sees("/billing")
    assert asks_for_trial(neighbour) == "No plan"

    again = market.customer("again")  # another address and another IP
    assert asks_for_trial(again) == "Try it"
    bilal.call("POST", "/devices/primary/logout")
    again.link(phone)
    until(lambda: again.get("/reports/summary")["plan"]["name"] == "No plan", 20, what="the number ends the trial")
    assert again.credits == 0
    assert "had a free trial before" in again.sees("/billing")
    refused = again.call("POST", "/send", {"phone": "8801711001302", "message": "Hello"})
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_credits")
    for one in (bilal, neighbour, again):
        market.gone(one)


def test_leaving_and_coming_back_makes_no_second_trial(market: Market) -> None:
    phone = "8801700000131"
    bilal = market.customer("bilal", phone=phone)
    assert asks_for_trial(bilal) == "Try it"
    bilal.arrives(bilal.send("8801711001311"))
    page = bilal.go("/settings/security")
    page.click("#delete summary")
    page.fill("#present3", SECRET)
    page.check("#delete input[name=sure]")
    page.click("#delete .button-bad")
    assert "account is deleted" in bilal.read()
    assert bilal.call("GET", "/messages").status_code == 401
    bilal.log_in()
    assert "/login" in bilal.page.url

    same = market.stranger("same")
    same.email = bilal.email
    same.register()  # the same e-mail address again, from another IP
    same.make_key()
    assert asks_for_trial(same) == "No plan"

    fresh = market.customer("fresh", phone=phone)  # another e-mail and IP, the same number
    assert asks_for_trial(fresh) == "No plan"
    assert "Start the free trial" not in fresh.sees("/billing")
    home = market.customer("home", ip=bilal.ip)  # another e-mail and number, the same IP
    assert asks_for_trial(home) == "No plan"
    honest = market.customer("honest")
    assert asks_for_trial(honest) == "Try it"
    for one in (same, fresh, home, honest):
        market.gone(one)
