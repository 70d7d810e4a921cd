"""What a plan means to a program that calls the API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cast import NOON
from tests.faces.api.conftest import Api, Open
from wabox.billing import ledger, plans, subscriptions
from wabox.billing.plans import Terms
from wabox.db import Tx

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

BASIC = Terms("Basic", 50_000, "BDT", 30, 2, daily_cap=150, max_wa_accounts=2)


def sell(api: Api, terms: Terms = BASIC) -> None:
    """bilal is on the plan and has its credits."""

    def verb(tx: Tx) -> None:
        now = api.stage.hands.now()
        subscriptions.begin(tx, api.stage.bilal.id, plans.create(tx, terms, now=now), now=now)
        if terms.credits:
            ledger.grant(tx, api.stage.bilal.id, terms.credits, note=terms.name, by="asha", now=now)

    api.stage.box.db.write_now(verb)


def test_the_summary_names_the_plan_and_when_it_ends(open_api: Open) -> None:
    api = open_api(billing={"enabled": True})
    bilal = api.stage.bilal.key
    assert api.call("GET", "/reports/summary", bilal).json()["plan"] == {"name": "No plan", "expires_at": None}
    sell(api)
    found = api.call("GET", "/reports/summary", bilal).json()
    ends = (NOON + timedelta(days=30)).isoformat(timespec="seconds")
    assert found["plan"] == {"name": "Basic", "expires_at": ends}
    assert found["credits"] == 2
    assert api.call("GET", "/reports/summary").json()["plan"] == {"name": "Owner", "expires_at": None}


def test_a_box_without_billing_knows_only_the_plan_owner(api: Api) -> None:
    found = api.call("GET", "/reports/summary", api.stage.bilal.key).json()
    assert (found["plan"], found["credits"]) == ({"name": "Owner", "expires_at": None}, None)
    assert api.call("GET", "/devices", api.stage.bilal.key).json()["max_allowed"] == 5


def test_the_plan_says_how_many_devices_and_one_more_is_422(open_api: Open) -> None:
    api = open_api(billing={"enabled": True})
    bilal = api.stage.bilal.key
    assert api.call("GET", "/devices", bilal).json()["max_allowed"] == 1
    answer = api.call("POST", "/devices", bilal, json={"device_label": "sales"})
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_devices")
    sell(api)
    found = api.call("GET", "/devices", bilal).json()
    assert found["max_allowed"] == 2
    assert found["devices"][0]["effective_daily_cap"] == 150
    assert api.call("POST", "/devices", bilal, json={"device_label": "sales"}).status_code == 201
    assert api.call("POST", "/devices", bilal, json={"device_label": "till"}).status_code == 422
    assert api.call("GET", "/devices").json()["max_allowed"] == 5


def test_credits_run_out_with_402_and_nothing_is_queued(open_api: Open) -> None:
    api = open_api(billing={"enabled": True})
    api.link(api.stage.bilal.device_id)
    bilal = api.stage.bilal.key
    body = {"phone": "8801711000001", "message": "Hello"}
    answer = api.call("POST", "/send", bilal, json=body)
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_credits")
    sell(api)
    assert [api.call("POST", "/send", bilal, json=body).status_code for _ in range(3)] == [202, 202, 402]
    assert api.count("messages") == 2


def test_an_expired_plan_takes_messages_and_says_why_they_wait(open_api: Open) -> None:
    api = open_api(billing={"enabled": True})
    api.link(api.stage.bilal.device_id)
    sell(api)
    api.stage.hands.forward(days=30)
    answer = api.call("POST", "/send", api.stage.bilal.key, json={"phone": "8801711000001", "message": "Hello"})
    assert answer.status_code == 202
    assert answer.json()["wait_reason"] == "plan_expired"
    assert answer.json()["waits_until"] is None
