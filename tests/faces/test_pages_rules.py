"""Sending rules on pages: what is typed is set and shown again, what is refused says where and what bounds it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.devices import rules
from wabox.quiet import DAYS

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

BOX, PHONE, HOURS = "/settings/sending", "/whatsapp/devices/primary/rules", "/settings/hours"
PACE = ("low", "high", "warmup", *rules.CAPS)
NIGHT = {"every_from_0": "21:00", "every_until_0": "08:00"}


def post(tab: Tab, path: str, typed: dict[str, Any]) -> Response:
    """The form is sent; the box's is two, on two pages. Returns what was refused, else the last answer."""
    if path == PHONE:
        return tab.post(path, typed)
    when = tab.post(HOURS, {name: text for name, text in typed.items() if name not in PACE})
    pace = tab.post(BOX, {name: text for name, text in typed.items() if name in PACE})
    return when if when.status_code == 422 else pace


def shown(tab: Tab, path: str) -> str:
    """The page with the form, or both."""
    return tab.get(path).text if path == PHONE else tab.get("/settings").text + tab.get(path).text


def own(shop: Stage, path: str) -> rules.Own:
    device = shop.device()
    return rules.read(device.rules) if path == PHONE else shop.box.db.read_here(rules.own_of_box)


def value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', page, re.S)
    assert found, name
    return found[1]


@pytest.mark.parametrize("path", [BOX, PHONE])
def test_what_is_typed_is_set_and_stands_in_the_form_again(shop: Stage, asha: Tab, path: str) -> None:
    friday = {
        "friday_from_0": "12:00",
        "friday_until_0": "14:00",
        "friday_from_1": "20:00",
        "friday_until_1": "09:00",
    }
    more = {"days_off": "own", "off": "sunday", "date_from": "2026-12-16", "date_until": "2026-12-18"}
    caps = {"low": "১০", "high": "30", "daily_cap": "120", "new_chats_per_day": "৫", "warmup": "on"}
    assert post(asha, path, {**NIGHT, **friday, **more, **caps}).status_code in (200, 303)
    set_now = own(shop, path)
    assert set_now.quiet_hours is not None and set_now.days_off is not None
    assert set_now.quiet_hours["friday"] == (("12:00", "14:00"), ("20:00", "09:00"))
    assert set_now.quiet_hours["monday"] == (("21:00", "08:00"),)
    assert [day.isoformat() for day in set_now.days_off.dates] == ["2026-12-16", "2026-12-17", "2026-12-18"]
    assert (set_now.gap_seconds, set_now.daily_cap, set_now.hourly_cap) == ((10, 30), 120, None)
    assert (set_now.new_chats_per_day, set_now.warmup) == (5, True)
    page = shown(asha, path)
    assert (value(page, "every_from_0"), value(page, "friday_from_0")) == ("21:00", "12:00")
    assert (value(page, "monday_from_0"), value(page, "low"), value(page, "daily_cap")) == ("", "10", "120")
    assert re.search(r'value="sunday"\s+checked', page)
    again = {**NIGHT, **friday, **caps, "days_off": "own", "off": "sunday"}
    post(asha, path, {**again, "date": "2026-12-17"})  # shown, and no longer marked
    assert (off := own(shop, path).days_off) is not None and off.dates == ()
    post(asha, path, {})
    assert own(shop, path) == rules.Own()
    told = shop.value("select group_concat(subject) from audit where action = 'rules.changed'")
    assert told == (None if path == BOX else "primary,primary,primary")


@pytest.mark.parametrize("path", [BOX, PHONE])
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"daily_cap": "251"}, "At most 250 are allowed here; choose from 1 to 250. wabox.toml leaves [sending]"),
        ({"daily_cap": "many"}, "Write a whole number; 0 = no limit."),
        ({"low": "5", "high": "20"}, "Pauses of at least 8 to 20 seconds are kept here"),
        ({"low": "30"}, "Write both as numbers of seconds"),
        ({"low": "nan", "high": "nan"}, "Write both as numbers of seconds"),
        ({"warmup": "off"}, "that cannot be switched off"),
        ({"every_from_0": "22:00", "every_until_0": "08:00"}, "From 21:00 to 08:00 it is quiet here each day"),
        ({"friday_from_0": "12:00", "friday_until_0": "14:00"}, "From 21:00 to 08:00 it is quiet here each day"),
        ({"friday_from_0": "12:00"}, "Say from when and until when."),
        ({"every_from_0": "21:00", "every_until_0": "21:00"}, "Give two different times of day"),
        ({"days_off": "own", "date_from": "2026-12-16", "date_until": "2026-12-01"}, "Give a first day"),
        ({"days_off": "own", "date_from": "tomorrow"}, "Give a first day"),
    ],
)
def test_what_is_refused_is_said_at_its_field_and_stays_typed(
    shop: Stage, asha: Tab, path: str, typed: dict[str, str], says: str
) -> None:
    answer = post(asha, path, typed)
    assert (answer.status_code, says in words(answer.text)) == (422, True), words(answer.text)
    assert answer.text.count('class="field-error"') == 1
    name, text = next(one for one in typed.items() if one[0] != "days_off")
    assert name == "warmup" or value(answer.text, name) == text
    assert own(shop, path) == rules.Own()


def test_every_day_of_a_week_off_leaves_no_time(shop: Stage, asha: Tab) -> None:
    answer = asha.post(HOURS, {"days_off": "own", "off": list(DAYS)})
    assert "That leaves no time to send" in words(answer.text)
    assert own(shop, BOX) == rules.Own()


def test_a_customer_sees_the_boxs_rules_and_sets_those_of_an_own_phone(shop: Stage, asha: Tab, bilal: Tab) -> None:
    asha.post(BOX, {"daily_cap": "90"})
    page = bilal.get(BOX).text
    assert "up to 90" in words(page) and "Whoever runs this box sets these" in words(page)
    assert f'action="{BOX}"' not in page
    assert f'action="{HOURS}"' not in bilal.get("/settings").text
    assert bilal.post(BOX, {"daily_cap": "10"}).status_code == 403
    assert bilal.post(HOURS, {"off": "friday"}).status_code == 403
    assert own(shop, BOX).daily_cap == 90
    refused = words(bilal.post(PHONE, {"daily_cap": "999"}).text)
    assert "At most 250 are allowed here" in refused and "wabox.toml" not in refused
    bilal.post(PHONE, {"daily_cap": "20"})
    assert (own(shop, PHONE), rules.read(shop.device(shop.bilal.device_id).rules).daily_cap) == (rules.Own(), 20)


def test_settings_and_a_phones_card_tell_what_is_in_force(shop: Stage, asha: Tab) -> None:
    post(asha, BOX, {"days_off": "own", "off": "friday", "daily_cap": "77"})
    told = words(asha.get(BOX).text)
    assert "Days off Friday" in told and "21:00 – 08:00" in told
    assert 'value="77"' in asha.get(BOX).text
    asha.post(PHONE, {"low": "40", "high": "50"})
    assert "has its own" in words(asha.get("/whatsapp/live").text)
    assert "has its own" in words(asha.get(BOX).text)


def test_why_a_message_waits_is_a_day_off_on_home_and_in_both_languages(shop: Stage, asha: Tab) -> None:
    shop.hands.forward(hours=(13 - shop.hands.now().hour) % 24)
    today = shop.hands.now() + timedelta(hours=6)
    asha.post(HOURS, {"days_off": "own", "off": DAYS[today.weekday()]})
    assert "A day off" in words(asha.get("/home/live").text)
    asha.post("/settings/locale", {"language": "bn"})
    assert "ছুটির দিন" in words(asha.get("/home/live").text)
    assert "শুক্রবার" in words(asha.get("/settings").text)


def test_the_record_says_who_changed_what(shop: Stage, asha: Tab) -> None:
    asha.post(BOX, {"daily_cap": "77"})
    row = json.loads(shop.value("select details from audit where action = 'rules.changed'"))
    assert row == {"daily_cap": [None, 77]}
    assert "Sending rules changed" in words(asha.get("/admin/audit").text)
