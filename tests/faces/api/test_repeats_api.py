from __future__ import annotations

from typing import Any

import pytest

from tests.cast import NOON
from tests.faces.api.conftest import Api
from wabox.contacts import own
from wabox.db import Tx

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

FRIDAY: dict[str, Any] = {"every": "week", "weekdays": ["friday"], "at": "10:00"}
OFFER: dict[str, Any] = {"name": "Offer", "message": "Hi {name}", "when": FRIDAY}


@pytest.fixture
def dated(api: Api) -> Api:
    """asha's contacts have birthdays."""

    def add(tx: Tx) -> None:
        own.create(tx, api.stage.asha.id, name="birthday", kind="date", currency="", now=NOON)
        own.create(tx, api.stage.asha.id, name="city", kind="text", currency="", now=NOON)

    api.stage.box.db.write_now(add)
    return api


def make(api: Api, **more: Any) -> Any:
    answer = api.call("POST", "/repeats", json=OFFER | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_it_says_when_it_goes_next_and_by_which_clock(api: Api) -> None:
    made = make(api, when={**FRIDAY, "at": "১০:৩০"}, tag="vip", ends_on="2026-12-31", most_runs=9)
    assert (made["status"], made["next_at"], made["timezone"]) == (
        "active",
        "2026-03-13T04:30:00+00:00",
        "Asia/Dhaka",
    )
    assert made["when"] == {**FRIDAY, "at": "10:30", "day": None, "field": None, "days_before": 0}
    assert (made["segment"], made["ends_on"], made["most_runs"]) == ({"tags_any": ["vip"]}, "2026-12-31", 9)
    assert api.call("GET", f"/repeats/{made['id']}").json() == made
    assert api.call("GET", f"/repeats/{made['id']}/runs").json()["total"] == 0


def test_a_change_leaves_the_rest_and_null_takes_off(dated: Api) -> None:
    made = make(dated, most_runs=9, ends_on="2026-12-31")
    when = {"every": "date", "field": "birthday", "days_before": 3, "at": "9:30"}
    path = f"/repeats/{made['id']}"
    changed = dated.call("PATCH", path, json={"when": when, "most_runs": None, "version": 1}).json()
    assert (changed["most_runs"], changed["ends_on"], changed["version"]) == (None, "2026-12-31", 2)
    assert (changed["when"]["field"], changed["when"]["at"]) == ("birthday", "09:30")
    assert changed["next_at"] == "2026-03-11T03:30:00+00:00"
    stale = dated.call("PATCH", path, json={"name": "x", "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (422, "changed_meanwhile")
    assert dated.call("PATCH", path, json={"name": "x"}).json()["message"] == "Hi {name}"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"when": {**FRIDAY, "weekdays": None}}, "when.weekdays"),
        ({"when": {**FRIDAY, "day": 3}}, "when.day"),
        ({"when": {**FRIDAY, "days_before": 3}}, "when.days_before"),
        ({"when": {**FRIDAY, "at": "25:00"}}, "when.at"),
        ({"when": {**FRIDAY, "at": 10}}, "when.at"),
        ({"when": {**FRIDAY, "weekdays": ["Friday"]}}, "when.weekdays[0]"),
        ({"when": {**FRIDAY, "weekdays": "friday"}}, "when.weekdays"),
        ({"when": {"every": "month", "at": "10:00"}}, "when.day"),
        ({"when": {"every": "month", "day": 32, "at": "10:00"}}, "when.day"),
        ({"when": {"every": "month", "day": True, "at": "10:00"}}, "when.day"),
        ({"when": {"every": "date", "at": "10:00", "field": "born"}}, "when.field"),
        ({"when": {"every": "date", "at": "10:00", "field": "city"}}, "field"),
        ({"when": "weekly"}, "when"),
        ({"ends_on": "2026-02-31"}, "ends_on"),
        ({"ends_on": "2026-03-12"}, "ends_on"),
        ({"most_runs": 0}, "most_runs"),
        ({"message": "Hi {nmae}"}, "message"),
        ({"scheduled_for": "2026-12-01T10:00:00+06:00"}, "scheduled_for"),
        ({"tag": "vip", "audience_id": 1}, "tag"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(dated: Api, body: dict[str, Any], field: str) -> None:
    answer = dated.call("POST", "/repeats", json=OFFER | body)
    assert (answer.status_code, list(answer.json()["details"])) == (422, [field]), answer.text
    assert dated.stage.value("select count(*) from repeats") == 0


def test_pause_resume_and_delete(api: Api) -> None:
    made = make(api)
    path = f"/repeats/{made['id']}"
    for verb, status, next_at in (("pause", "paused", None), ("resume", "active", made["next_at"])):
        for _ in "ab":
            found = api.call("POST", f"{path}/{verb}").json()
            assert (found["status"], found["next_at"]) == (status, next_at)
    assert api.call("DELETE", path).status_code == 204
    assert api.call("GET", path).status_code == 404
    assert api.stage.value("select group_concat(action) from audit where action like 'repeat.%'") == (
        "repeat.deleted"
    )


def test_asked_twice_with_one_key_it_is_one(api: Api) -> None:
    headers = {"Idempotency-Key": "weekly-offer"}
    first, second = (api.call("POST", "/repeats", json=OFFER, headers=headers).json() for _ in "ab")
    assert first["id"] == second["id"]
