"""Devices over the API: adding, removing, their states, QR and pairing code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.cast import NOON
from tests.faces.api.conftest import SHOP, Api, Open
from wabox.devices import linking
from wabox.devices import stored as devices
from wabox.whatsapp.driver import Limits, Link, NewChats, Pairing, Timelock

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def _add(api: Api, label: object) -> Any:
    return api.call("POST", "/devices", json={"device_label": label})


def test_the_list_is_the_references_object(open_api: Open) -> None:
    api = open_api(sending={"warmup": True, "daily_cap": 250}, devices={"max": 3})
    _add(api, "a-first")
    api.stage.hands.forward(days=2)
    found = api.call("GET", "/devices").json()
    assert list(found) == ["devices", "count", "max_allowed"]
    assert (found["count"], found["max_allowed"]) == (2, 3)
    assert found["devices"][0] == {
        "device_label": "primary",
        "phone_number": "8801700000009",
        "state": "ready",
        "ready": True,
        "warmup_enabled": True,
        "warmup_day": 3,
        "effective_daily_cap": 70,
        "detail": None,
        "detail_text": None,
        "limits": None,
        "previous_phone": None,
        "reason": None,
        "none_arrive": False,
        "qr_made_at": None,
        "qr_expires_at": None,
        "idle": None,
    }
    second = found["devices"][1]
    assert (second["device_label"], second["state"], second["phone_number"]) == ("a-first", "not_started", None)


def test_a_device_shows_what_whatsapp_allows_until_it_ends(api: Api) -> None:
    ends = NOON + timedelta(hours=2)
    told = Limits(
        Timelock("WEB_COMPANION_ONLY", ends), NewChats("first_warning", 63, 100, ends + timedelta(days=5))
    )
    api.link(api.stage.asha.device_id, "ready", limits=told)
    shown = api.call("GET", "/devices").json()["devices"][0]
    new_chats = {"status": "first_warning", "used": 63, "total": 100, "resets_at": "2026-03-15T08:00:00+00:00"}
    assert shown["limits"] == {
        "timelock": {"type": "WEB_COMPANION_ONLY", "until": "2026-03-10T08:00:00+00:00"},
        "new_chats": new_chats,
    }
    assert (shown["state"], shown["ready"], shown["detail"]) == ("ready", True, "restricted")
    assert "only to people who wrote" in shown["detail_text"]
    api.stage.hands.forward(hours=3)
    later = api.call("GET", "/devices").json()["devices"][0]
    assert (later["detail"], later["limits"]) == (None, {"timelock": None, "new_chats": new_chats})


def test_an_ill_formed_label_is_422_on_creation(api: Api) -> None:
    for label in ["", "A", "-a", "_a", "a b", "a" * 33, "a\n", "é", "a/b", "বাংলা", "a.b", 7, None]:
        answer = _add(api, label)
        assert answer.status_code == 422
        assert list(answer.json()["details"]) == ["device_label"]
        assert api.count("devices") == 2


def test_labels_are_a_users_own_and_unique(open_api: Open) -> None:
    api = open_api(devices={"max": 3})
    assert _add(api, "a").json()["device_label"] == "a"
    taken = _add(api, "a")
    assert (taken.status_code, taken.json()["code"], list(taken.json()["details"])) == (
        422,
        "label_taken",
        ["device_label"],
    )
    assert _add(api, "primary").json()["code"] == "label_taken"
    assert _add(api, "0-_9").status_code == 201
    most = _add(api, "one-more")
    assert (most.status_code, most.json()["code"]) == (422, "too_many_devices")
    assert api.call("POST", "/devices", api.stage.bilal.key, json={"device_label": "a"}).status_code == 201
    assert api.call("DELETE", "/devices/a").status_code == 204
    assert _add(api, "a").status_code == 201


def test_primary_stays(api: Api) -> None:
    answer = api.call("DELETE", "/devices/primary")
    assert (answer.status_code, answer.json()["code"]) == (422, "primary_stays")
    assert api.stage.device().removed_at is None


def test_removing_a_device_cancels_what_waits_on_it(api: Api) -> None:
    _add(api, "sales")
    job_id = api.send(device_label="sales", queue_if_offline=True).json()["job_id"]
    answer = api.call("DELETE", "/devices/sales")
    assert (answer.status_code, answer.content) == (204, b"")
    shown = api.call("GET", f"/messages/{job_id}").json()
    assert (shown["status"], shown["error"]) == ("cancelled", "device_removed")
    assert api.call("DELETE", "/devices/sales").status_code == 404
    assert api.call("GET", "/devices").json()["count"] == 1


def test_the_qr_is_shown_while_it_can_be_scanned_only(api: Api) -> None:
    _add(api, "sales")
    sales = int(api.stage.value("select id from devices where label = 'sales'"))
    assert api.call("GET", "/devices/sales/qr").json() == {"qr": None}
    started = api.call("POST", "/devices/sales/start")
    assert (started.status_code, started.json()["state"]) == (202, "starting")
    assert api.call("POST", "/devices/sales/start").status_code == 202
    now = api.stage.hands.now()
    ages = {"qr_at": now - timedelta(seconds=5), "qr_until": now + timedelta(seconds=15)}
    api.link(sales, "qr", qr="2@abc,def,ghi,jkl,1", **ages)
    shown = api.call("GET", "/devices/sales/qr")
    assert list(shown.json()) == ["qr"], "the reference gives this object whole"
    assert shown.json()["qr"].startswith("data:image/png;base64,")
    told = api.call("GET", "/devices").json()["devices"][1]
    assert (told["qr_made_at"], told["qr_expires_at"]) == tuple(one.isoformat() for one in ages.values())
    assert shown.headers["cache-control"] == "no-store"
    api.link(sales)
    assert api.call("GET", "/devices/sales/qr").json() == {"qr": None}
    linked = api.call("GET", "/devices").json()["devices"][1]
    assert (linked["state"], linked["qr_made_at"], linked["qr_expires_at"]) == ("ready", None, None)


def test_a_pairing_code_starts_the_device_and_comes_after_a_moment(api: Api) -> None:
    _add(api, "sales")
    answer = api.call("POST", "/devices/sales/pairing-code", json={"phone": "০১৯১১-222333"})
    assert (answer.status_code, answer.json()) == (202, {"code": None, "expires_at": None, "reason": None})
    asked = api.stage.box.db.read_here(devices.commanded)[0]
    assert (asked.label, asked.command, asked.pairing_phone, asked.wanted) == (
        "sales",
        "pair",
        "8801911222333",
        True,
    )
    api.link(asked.id, "qr", qr="2@abc,def,ghi,jkl,1")
    until = NOON + timedelta(minutes=3)
    api.stage.box.db.write_now(linking.paired, Pairing(asked.id, asked.session, "ABCD1234", until))
    shown = api.call("GET", "/devices/sales/pairing-code")
    assert shown.json() == {"code": "ABCD1234", "expires_at": "2026-03-10T06:03:00+00:00", "reason": None}
    assert shown.headers["cache-control"] == "no-store"
    api.stage.hands.forward(minutes=3)
    over = api.call("GET", "/devices/sales/pairing-code").json()
    assert over == {"code": None, "expires_at": None, "reason": "expired"}
    none = Pairing(asked.id, asked.session, None, None, "no_code: the page does not answer")
    api.stage.box.db.write_now(linking.paired, none)
    assert api.call("GET", "/devices/sales/pairing-code").json()["reason"] == "no_code"


def test_a_linked_device_gives_no_pairing_code(api: Api) -> None:
    answer = api.call("POST", "/devices/primary/pairing-code", json={"phone": "01911222333"})
    assert (answer.status_code, answer.json()["code"]) == (422, "already_linked")
    wrong = api.call("POST", "/devices/primary/pairing-code", json={"phone": "12"})
    assert (wrong.status_code, list(wrong.json()["details"])) == (422, ["phone"])


def test_a_detail_comes_with_its_cure(api: Api) -> None:
    api.link(api.stage.asha.device_id, "disconnected", detail="engine_incompatible")
    shown = api.call("GET", "/devices").json()["devices"][0]
    assert (shown["state"], shown["detail"], shown["ready"]) == ("disconnected", "engine_incompatible", False)
    assert "Bring a newer engine" in shown["detail_text"]


def test_another_number_waits_for_its_owners_word_and_sending_is_queued(api: Api) -> None:
    primary = api.stage.asha.device_id
    other = Link(primary, api.stage.device().session, "ready", phone="8801700000010", synced=True)
    api.stage.box.db.write_now(linking.saw, other, now=NOON)
    shown = api.call("GET", "/devices").json()["devices"][0]
    said = (shown["state"], shown["ready"], shown["detail"], shown["phone_number"], shown["previous_phone"])
    assert said == ("ready", True, "number_changed", "8801700000010", SHOP)
    assert "Another number" in shown["detail_text"]
    answer = api.send()
    assert answer.status_code == 202
    waits = api.call("GET", f"/messages/{answer.json()['job_id']}").json()
    assert (waits["status"], waits["wait_reason"]) == ("queued", "number_changed")
    wrong = api.call("POST", "/devices/primary/go-on", json={"phone_number": SHOP})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_number")
    assert api.call("GET", "/devices").json()["devices"][0]["detail"] == "number_changed"
    let = api.call("POST", "/devices/primary/go-on", json={"phone_number": "01700-000010"})
    assert (let.status_code, let.json()["detail"], let.json()["previous_phone"]) == (202, None, None)
    assert api.stage.value("select action from audit order by id desc limit 1") == "device.went_on"


def test_nobody_lets_another_users_phone_go_on(api: Api) -> None:
    primary = api.stage.asha.device_id
    other = Link(primary, api.stage.device().session, "ready", phone="8801700000010", synced=True)
    api.stage.box.db.write_now(linking.saw, other, now=NOON)
    body = {"phone_number": "8801700000010"}
    his = api.call("POST", "/devices/primary/go-on", api.stage.bilal.key, json=body)
    assert (his.status_code, his.json()["code"]) == (422, "wrong_number")
    assert "No phone is linked" in his.json()["error"]
    odd = api.call("POST", "/devices/primary/go-on", json={"phone_number": "abc"})
    assert (odd.status_code, list(odd.json()["details"])) == (422, ["phone_number"])
    assert api.stage.device().number_changed


def test_a_code_for_a_linked_number_is_refused_without_a_word_on_whose_it_is(api: Api) -> None:
    answer = api.call("POST", "/devices/primary/pairing-code", api.stage.bilal.key, json={"phone": SHOP})
    assert (answer.status_code, answer.json()["code"]) == (422, "number_linked")
    assert SHOP not in answer.text
    assert api.stage.device(api.stage.bilal.device_id).wanted is False


def test_the_reason_of_a_logout_is_told_with_its_cure(api: Api) -> None:
    primary = api.stage.asha.device_id
    api.link(primary, "disconnected", detail="trying_again", reason="critical_sync_timeout")
    shown = api.call("GET", "/devices").json()["devices"][0]
    assert (shown["detail"], shown["reason"]) == ("trying_again", "critical_sync_timeout")
    assert "tried again" in shown["detail_text"]
    assert api.send().status_code == 202
    api.link(primary, "disconnected", detail="logged_out", reason="a_name_of_next_year")
    shown = api.call("GET", "/devices").json()["devices"][0]
    assert (shown["detail"], shown["reason"]) == ("logged_out", "a_name_of_next_year")
    assert "does not know" in shown["detail_text"]
