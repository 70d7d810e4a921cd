"""The owner's table of customers, and what is given by hand: with a reason on record, by nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.faces.tab import Tab, words
from tests.faces.test_pages_billing import Market, market
from wabox.accounts import audit
from wabox.billing import ledger, subscriptions

__all__ = ["market"]  # a fixture

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
BILAL = "/admin/users/2"


def bought(market: Market) -> subscriptions.Subscription:
    """bilal has paid for thirty days and a thousand credits."""
    assert market.pay(market.bilal) == 303
    market.asha.post("/admin/payments/1/approve")
    return ends(market)


def ends(market: Market) -> subscriptions.Subscription:
    found = market.stage.box.db.read_here(subscriptions.last, market.stage.bilal.id)
    assert found is not None
    return found


def noted(market: Market, action: str) -> list[dict[str, object]]:
    found = market.stage.box.db.read_here(audit.search, action, limit=9)
    return [dict(one.details) for one in found if one.action == action]


def give(tab: Tab, what: str, **fields: str) -> int:
    return tab.post(f"{BILAL}/{what}", fields).status_code


def test_the_table_says_who_is_on_what_and_until_when(market: Market) -> None:
    said = words(market.asha.get("/admin/users").text)
    assert "bilal@example.com" in said and "No plan · " not in said and "No plan" in said
    bought(market)
    said = words(market.asha.get("/admin/users").text).replace("\xa0", " ")
    row = said.split("bilal@example.com")[1]
    assert "Basic" in row and "ends " in row and "1,000 credits" in row and "last here" in row
    market.stage.box.db.write_now(
        lambda tx: tx.run("update devices set phone = '8801999000111', pushname = 'Bilal Tea' where user_id = 2")
    )
    for asked in ("Bilal+tea", "01999000111", "BILAL@"):
        found = words(market.asha.get(f"/admin/users?q={asked}").text)
        assert "Bilal Tea" in found and "chen@example.com" not in found, asked
    assert "bilal@example.com" not in words(market.asha.get("/admin/users?plan=ending").text)
    market.stage.hands.forward(days=25)
    market.asha.log_in("asha@example.com")
    assert "bilal@example.com" in words(market.asha.get("/admin/users?plan=ending").text)


def test_credits_are_given_with_a_reason_on_record(market: Market) -> None:
    bought(market)
    assert give(market.asha, "credits", credits="৫০", reason="The phone was down") == 303
    assert market.credits() == 1_050
    assert noted(market, "credits.given") == [
        {"name": "bilal@example.com", "reason": "The phone was down", "credits": 50}
    ]
    last = market.stage.box.db.read_here(ledger.page, market.stage.bilal.id, before=None, most=1)[0]
    assert (last.kind, last.amount, last.note) == ("grant", 50, "The phone was down")
    for fields in (
        {"credits": "50"},
        {"credits": "0", "reason": "x"},
        {"credits": "-5", "reason": "x"},
        {"reason": "x"},
    ):
        answer = market.asha.post(f"{BILAL}/credits", fields)
        assert answer.status_code == 422 and "field-error" in answer.text, fields
    assert market.credits() == 1_050 and len(noted(market, "credits.given")) == 1


def test_a_plan_is_extended_and_one_that_is_over_goes_on_from_now(market: Market) -> None:
    assert give(market.asha, "extend", days="3", reason="Power cut") == 422  # there is none yet
    before = bought(market).expires_at
    assert give(market.asha, "extend", days="3", reason="Power cut") == 303
    assert ends(market).expires_at == before + timedelta(days=3)
    market.stage.hands.forward(days=60)
    market.asha.log_in("asha@example.com")
    assert give(market.asha, "extend", days="2", reason="Power cut") == 303
    assert ends(market).expires_at == market.stage.hands.now() + timedelta(days=2)
    assert [one["days"] for one in noted(market, "plan.extended")] == [2, 3]
    for days in ("0", "367", "many"):
        assert give(market.asha, "extend", days=days, reason="x") == 422


def test_a_plan_is_changed_as_if_it_had_been_bought(market: Market) -> None:
    assert give(market.asha, "plan", plan_id="1", reason="Paid in cash") == 303
    assert ends(market).plan_id == 1 and market.credits() == 1_000
    assert noted(market, "plan.given")[0]["reason"] == "Paid in cash"
    assert market.stage.value("select count(*) from invoices") == 0
    assert give(market.asha, "plan", plan_id="2", reason="x") == 422  # credits alone
    assert give(market.asha, "plan", plan_id="999", reason="x") == 404


def test_nobody_else_gives_anything_and_the_owner_gets_nothing(market: Market) -> None:
    bought(market)
    before = (market.credits(), ends(market))
    for what in ("credits", "extend", "plan"):
        fields = {"credits": "5", "days": "5", "plan_id": "1", "reason": "x"}
        assert market.bilal.post(f"{BILAL}/{what}", fields).status_code == 404
        assert market.stranger.post(f"{BILAL}/{what}", fields).status_code in (303, 403)
        assert market.asha.post(f"/admin/users/1/{what}", fields).status_code == 404
    assert (market.credits(), ends(market)) == before
