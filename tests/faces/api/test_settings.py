"""Settings by API: what is set, what bounds it, who may set what, and what it does to the next message."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cast import settings
from tests.faces.api.conftest import Api, Open
from wabox import config
from wabox.content import rules as content
from wabox.content.rules import Actor, Draft

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

NIGHT = {"quiet_hours": ["21:00", "08:00"], "daily_cap": 250, "gap_seconds": [8, 20], "warmup": True}
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def patch(api: Api, path: str = "/settings", key: str | None = None, **sending: Any) -> Any:
    return api.call("PATCH", path, key, json={"sending": sending})


def told(api: Api) -> list[dict[str, Any]]:
    """What is on record of changed rules."""
    found = api.stage.value(
        """select json_group_array(json_object('s', subject, 'd', json(details))) from audit
           where action = 'rules.changed'"""
    )
    return list(json.loads(found))


def test_without_anything_set_the_file_is_in_force(open_api: Open) -> None:
    api = open_api(sending=NIGHT)
    shown = api.call("GET", "/settings").json()
    assert shown["sending"] == shown["bounds"]
    assert shown["sending"]["quiet_hours"] == dict.fromkeys(DAYS, [["21:00", "08:00"]])
    assert (shown["sending"]["daily_cap"], shown["sending"]["gap_seconds"]) == (250, [8, 20])
    assert set(shown["own"].values()) == {None}
    assert api.call("GET", "/devices/primary/settings").json() == {
        "device_label": "primary",
        **{name: shown[name] for name in ("sending", "own", "bounds")},
    }


def test_friday_is_a_day_off_for_the_box_and_the_next_message_says_so(open_api: Open) -> None:
    api = open_api(sending={**NIGHT, "gap_seconds": [0, 0], "warmup": False})
    api.stage.hands.forward(days=3)  # from Tuesday noon to Friday noon
    sent = api.send().json()
    assert sent["wait_reason"] is None
    done = patch(api, days_off={"weekdays": ["friday"], "dates": ["2026-12-16"]})
    assert done.status_code == 200
    assert done.json()["own"]["days_off"] == {"weekdays": ["friday"], "dates": ["2026-12-16"]}
    held = api.call("GET", f"/messages/{sent['job_id']}").json()
    assert (held["wait_reason"], held["waits_until"]) == ("day_off", "2026-03-14T02:00:00+00:00")
    assert told(api)[0]["d"]["days_off"] == [None, {"weekdays": ["friday"], "dates": ["2026-12-16"]}]
    assert patch(api, days_off=None).json()["own"]["days_off"] is None
    assert api.call("GET", f"/messages/{sent['job_id']}").json()["wait_reason"] is None


def test_a_phones_own_rules_go_before_the_boxs_and_a_new_phone_has_none(open_api: Open) -> None:
    api = open_api(sending=NIGHT)
    patch(api, daily_cap=100, gap_seconds=[10, 30])
    mine = patch(api, "/devices/primary/settings", daily_cap=200).json()
    assert (mine["sending"]["daily_cap"], mine["sending"]["gap_seconds"]) == (200, [10, 30])
    assert mine["own"] == {**dict.fromkeys(mine["own"]), "daily_cap": 200}
    assert api.call("POST", "/devices", json={"device_label": "sales"}).status_code == 201
    assert api.call("GET", "/devices/sales/settings").json()["sending"]["daily_cap"] == 100
    assert told(api)[-1] == {"s": "primary", "d": {"daily_cap": [None, 200], "by_key": 1}}


@pytest.mark.parametrize(
    ("sending", "field", "says"),
    [
        ({"daily_cap": 251}, "sending.daily_cap", "At most 250"),
        ({"daily_cap": 0}, "sending.daily_cap", "At most 250"),
        ({"gap_seconds": [5, 20]}, "sending.gap_seconds", "8 to 20 seconds"),
        ({"gap_seconds": [8, 19]}, "sending.gap_seconds", "8 to 20 seconds"),
        ({"warmup": False}, "sending.warmup", "cannot be switched off"),
        ({"quiet_hours": ["22:00", "08:00"]}, "sending.quiet_hours.monday", "21:00 to 08:00"),
        ({"quiet_hours": {"friday": [["12:00", "14:00"]]}}, "sending.quiet_hours.friday", "21:00 to 08:00"),
    ],
)
def test_nothing_goes_beyond_the_file_and_the_refusal_names_its_line(
    open_api: Open, tmp_path: Path, sending: dict[str, Any], field: str, says: str
) -> None:
    api = open_api(sending=NIGHT)
    file = tmp_path / "wabox.toml"
    file.write_text(
        '# ours\n[sending]\nquiet_hours = ["21:00", "08:00"]\n\n'
        "gap_seconds = [8, 20]\nwarmup = true\ndaily_cap = 250\n",
        encoding="utf-8",
    )
    box = api.stage.box
    object.__setattr__(box, "config", replace(box.config, path=file))
    for path in ("/settings", "/devices/primary/settings"):
        answer = patch(api, path, **sending).json()
        assert answer["code"] == "beyond_bounds"
        name = next(iter(sending))
        line = {"quiet_hours": 3, "gap_seconds": 5, "warmup": 6, "daily_cap": 7}[name]
        assert says in answer["details"][field]
        assert f"Line {line} of wabox.toml sets that, [sending] {name}" in answer["details"][field]
    assert told(api) == []
    assert api.call("GET", "/settings").json()["own"]["daily_cap"] is None


@pytest.mark.parametrize(
    ("sending", "field"),
    [
        ({"quiet_hours": ["21:00", "21:00"]}, "sending.quiet_hours.monday"),
        ({"quiet_hours": ["25:00", "08:00"]}, "sending.quiet_hours.monday"),
        ({"quiet_hours": {"freitag": []}}, "sending.quiet_hours.freitag"),
        ({"quiet_hours": {"friday": [["12:00"]]}}, "sending.quiet_hours"),
        ({"days_off": {"weekdays": ["friday", "Freitag"]}}, "sending.days_off.weekdays"),
        ({"days_off": {"dates": ["16.12.2026"]}}, "sending.days_off.dates"),
        ({"days_off": {"weekdays": DAYS}}, "sending.days_off"),
        ({"gap_seconds": [30, 20]}, "sending.gap_seconds"),
        ({"gap_seconds": [30]}, "sending.gap_seconds"),
        ({"daily_cap": -1}, "sending.daily_cap"),
        ({"daily_cap": 1.5}, "sending.daily_cap"),
        ({"hourly": 1}, "sending.hourly"),
    ],
)
def test_what_makes_no_sense_is_named_and_changes_nothing(api: Api, sending: dict[str, Any], field: str) -> None:
    before = api.call("GET", "/settings").json()
    answer = patch(api, **sending)
    assert (answer.status_code, field in answer.json()["details"]) == (422, True), answer.text
    assert api.call("GET", "/settings").json() == before


def test_all_of_a_patch_or_nothing(open_api: Open) -> None:
    api = open_api(sending=NIGHT)
    body = {"timezone": "Europe/Berlin", "sending": {"daily_cap": 9_999}}
    assert api.call("PATCH", "/settings", json=body).status_code == 422
    assert api.call("GET", "/settings").json()["timezone"] is None
    body["sending"] = {"daily_cap": 99}
    done = api.call("PATCH", "/settings", json=body).json()
    assert (done["timezone"], done["sending"]["daily_cap"]) == ("Europe/Berlin", 99)
    assert api.call("PATCH", "/settings", json={"timezone": "Mars"}).json()["details"].keys() == {"timezone"}
    assert api.call("PATCH", "/settings", json={"language": "bn"}).json()["language"] == "bn"


def test_a_customer_rules_their_own_phones_and_not_the_box(open_api: Open) -> None:
    api = open_api(sending=NIGHT, billing={"enabled": True})
    bilal = api.stage.bilal.key
    refused = patch(api, key=bilal, daily_cap=10)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_the_owner")
    assert api.call("PATCH", "/settings", bilal, json={"timezone": "Asia/Dhaka"}).status_code == 200
    assert patch(api, "/devices/primary/settings", bilal, daily_cap=10).json()["sending"]["daily_cap"] == 10
    assert api.call("GET", "/devices/primary/settings").json()["sending"]["daily_cap"] == 250
    beyond = patch(api, "/devices/primary/settings", bilal, daily_cap=9_000).json()
    assert beyond["details"] == {"sending.daily_cap": "At most 250 are allowed here; choose from 1 to 250."}


def test_a_file_made_stricter_binds_what_was_set_before(open_api: Open, tmp_path: Path) -> None:
    api = open_api(sending=NIGHT)
    patch(api, daily_cap=200, quiet_hours=["20:00", "09:00"], gap_seconds=[9, 21])
    stricter = {"quiet_hours": ["19:00", "08:00"], "daily_cap": 150, "gap_seconds": [30, 30], "warmup": True}
    box = api.stage.box
    object.__setattr__(box, "config", config.parse(settings(sending=stricter), base=tmp_path))
    shown = api.call("GET", "/settings").json()
    assert (shown["sending"]["daily_cap"], shown["sending"]["gap_seconds"]) == (150, [30, 30])
    assert shown["sending"]["quiet_hours"]["monday"] == [["20:00", "09:00"], ["19:00", "08:00"]]
    assert shown["own"]["daily_cap"] == 200
    assert patch(api, hourly_cap=5).status_code == 200  # what was set before hinders nothing else


def test_own_answers_and_words_by_api_and_rules_of_the_box_judge_the_answers(open_api: Open) -> None:
    api = open_api(accounts={"registration": "open"})
    draft = Draft("word", "casino", "refuse", "No gambling here.")
    now = api.stage.hands.now()
    api.stage.box.db.write_now(content.add, draft, by=Actor(api.stage.asha.id, None), now=now)
    body = {"answers": {"words": ["Bas!"], "opt_out": "We write no more."}}
    shown = api.call("PATCH", "/settings", json=body).json()["answers"]
    assert shown == {"words": ["bas"], "opt_out": "We write no more.", "opt_in": None}
    refused = api.call("PATCH", "/settings", json={"answers": {"opt_in": "Play casino"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "content_refused")
    assert refused.json()["details"] == {"answers.opt_in": "No gambling here."}
    wrong = api.call("PATCH", "/settings", json={"timezone": "Asia/Dhaka", "answers": {"words": ["start"]}})
    assert wrong.json()["details"].keys() == {"answers.words"}
    assert api.call("GET", "/settings").json()["timezone"] is None
    assert api.call("GET", "/settings", api.stage.bilal.key).json()["answers"]["words"] == []
    cleared = api.call("PATCH", "/settings", json={"answers": {"words": None, "opt_out": None}}).json()
    assert cleared["answers"] == {"words": [], "opt_out": None, "opt_in": None}


def test_the_shop_by_api_is_each_ones_own_and_on_record(open_api: Open) -> None:
    api = open_api()
    given = {"name": "Rupa Fashion", "person": "Rupa Begum", "phone": "+880 1711-123456"}
    shown = api.call("PATCH", "/settings", json={"shop": given}).json()["shop"]
    assert shown == given
    assert api.call("PATCH", "/settings", json={"shop": {"person": None}}).json()["shop"] == {
        **given,
        "person": None,
    }
    theirs = api.call("GET", "/settings", api.stage.bilal.key).json()["shop"]
    assert theirs == dict.fromkeys(given)
    wrong = api.call("PATCH", "/settings", json={"shop": {"phone": "no"}, "timezone": "Asia/Dhaka"})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["details"].keys()) == (
        422,
        "bad_shop",
        {"shop.phone"},
    )
    assert api.call("GET", "/settings").json()["timezone"] is None
    told = "select json_group_array(json(details)) from audit where action = 'shop.changed'"
    kept = [{name: one[name] for name in one if name != "by_key"} for one in json.loads(api.stage.value(told))]
    assert kept[0] == {"name": [None, "Rupa Fashion"], "person": [None, "Rupa Begum"], "phone": [None, "+880…"]}
    assert kept[1] == {"person": ["Rupa Begum", None]}


def test_alerts_are_chosen_by_api_each_for_oneself(open_api: Open) -> None:
    api = open_api()
    shown = api.call("GET", "/settings").json()["alerts"]
    assert (shown["mail"], shown["whatsapp"], "disk_full" in shown["kinds"]) == (True, None, True)
    given = {"kinds": ["phone_down"], "mail": False, "whatsapp": "01733000001"}
    changed = api.call("PATCH", "/settings", json={"alerts": given})
    assert changed.json()["alerts"] == {**given, "whatsapp": "8801733000001", "services": []}
    theirs = api.call("GET", "/settings", api.stage.bilal.key).json()["alerts"]
    assert (theirs["mail"], "disk_full" in theirs["kinds"]) == (True, False)
    for wrong, named in (({"kinds": ["rain"]}, "kinds[0]"), ({"whatsapp": "12"}, "whatsapp")):
        refused = api.call("PATCH", "/settings", json={"alerts": wrong})
        assert refused.status_code == 422
        assert list(refused.json()["details"]) == [f"alerts.{named}"]
