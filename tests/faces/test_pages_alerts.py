"""The page of alerts and its twin in the API: what is told, by which road, and a test of each."""

from __future__ import annotations

import json

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.alerts import asking, choices, services
from wabox.alerts.choices import Choice

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

PAGE, OWN = "/settings/alerts", "8801733000001"


def choice(shop: Stage, user_id: int) -> Choice:
    return shop.box.db.read_here(choices.of_user, user_id)


def test_what_is_chosen_is_kept_and_on_record_without_the_number(shop: Stage, asha: Tab, bilal: Tab) -> None:
    asha.post(PAGE, {"kinds": ["phone_down", "backup"], "whatsapp": "01733-000001"})
    found = choice(shop, shop.asha.id)
    assert (found.told("owner"), found.mail, found.phone) == (["phone_down", "backup"], False, OWN)
    assert choice(shop, shop.bilal.id) == Choice()
    details = json.loads(shop.value("select details from audit where action = 'alerts.changed'"))
    assert details == {"kinds": ["phone_down", "backup"], "mail": False, "whatsapp": "880…"}
    assert OWN in asha.get(PAGE).text
    assert OWN not in bilal.get(PAGE).text


def test_what_makes_no_sense_is_refused_and_stays_typed(shop: Stage, asha: Tab, bilal: Tab) -> None:
    refused = asha.post(PAGE, {"kinds": ["phone_down"], "mail": "1", "whatsapp": "twelve"})
    assert refused.status_code == 422
    assert "twelve" in refused.text
    # a customer is not told of the box
    assert bilal.post(PAGE, {"kinds": ["disk_full"], "mail": "1"}).status_code == 422
    assert "The disk is nearly full" not in words(bilal.get(PAGE).text)
    assert shop.value("select count(*) from alert_choices") == 0


def test_each_test_goes_or_says_what_is_missing(shop: Stage, asha: Tab) -> None:
    said = words(asha.post(f"{PAGE}/test/mail").text)
    assert "No mail server is set" in said
    assert "Write the number that alerts shall go to" in words(asha.post(f"{PAGE}/test/whatsapp").text)
    assert "does not ask for box.alert" in words(asha.post(f"{PAGE}/test/webhook").text)
    assert asha.post(f"{PAGE}/test/pigeon").status_code == 404
    asha.post(PAGE, {"kinds": [], "whatsapp": OWN})
    assert asha.post(f"{PAGE}/test/whatsapp").status_code == 303
    assert shop.value("select phone from messages order by id desc") == OWN


def test_a_second_test_is_the_first_and_an_address_out_of_turn_is_refused_in_words(
    shop: Stage, asha: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = shop.box.db.write_now(
        services.add, shop.asha.id, "ntfy://shop", "ntfy", seal=shop.box.seal, now=shop.hands.now()
    )
    assert asha.post(f"{PAGE}/services/{number}/test").status_code == 303
    assert asha.post(f"{PAGE}/services/{number}/test").status_code == 303
    assert shop.value("select count(*) from alert_calls") == 1
    monkeypatch.setattr(asking._turn, "waits_seconds", 0)
    with asking._turn.lock:
        busy = asha.post(f"{PAGE}/services", {"address": "ntfy://other"})
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "10")
    assert asking.BUSY in words(busy.text)
    assert "ntfy://other" in busy.text
