"""Campaigns and reports over HTTP, field by field as wabox/docs/contract.md#campaigns says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import NOON
from tests.faces.api.conftest import Api, Open
from wabox import times
from wabox.billing import ledger
from wabox.contacts import phones, suppression, writing
from wabox.engine.expansion import Expansion
from wabox.messages import answers, handing, leaving, stored

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

FIELDS = {
    "id",
    "name",
    "message",
    "media",
    "template_id",
    "repeat_id",
    "repeat_day",
    "tag",
    "audience_id",
    "status",
    "status_reason",
    "scheduled_for",
    "created_at",
    "eta",
    "total",
    "queued",
    "sent",
    "delivered",
    "read",
    "failed",
    "skipped",
    "cancelled",
    "unknown",
}
LATER = "2026-04-25T10:00:00+06:00"


def people(api: Api, count: int = 3, tag: str = "leads") -> None:
    drafts = [
        writing.Draft(phones.parse(f"8801711{n:06d}", country="BD"), name=f"Name {n}", tags=(tag,))
        for n in range(count)
    ]
    api.stage.box.db.write_now(writing.bulk, api.stage.asha.id, drafts, now=NOON)


def create(api: Api, **more: Any) -> dict[str, Any]:
    body = {"name": "April promo", "message": "Hi {name}, {Save|Get} 20% today", **more}
    answer = api.call("POST", "/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_campaign_without_a_time_starts_at_once(api: Api) -> None:
    people(api)
    made = create(api, tag="leads")
    assert set(made) == FIELDS
    assert (made["status"], made["tag"], made["total"], made["queued"]) == ("sending", "leads", 3, 3)
    assert made["created_at"] == times.wire(NOON)
    Expansion(api.stage.box).turn(made["id"])
    assert api.stage.value("select count(*) from messages where status = 'queued'") == 3
    assert api.call("GET", f"/campaigns/{made['id']}").json()["queued"] == 3


def test_a_campaign_with_a_time_waits_for_it(api: Api) -> None:
    people(api)
    made = create(api, scheduled_for=LATER)
    assert (made["status"], made["scheduled_for"]) == ("scheduled", "2026-04-25T04:00:00+00:00")
    assert api.stage.value("select count(*) from audiences") == 0


def test_a_past_time_starts_at_once(api: Api) -> None:
    people(api)
    assert create(api, scheduled_for="2020-01-01T00:00:00+06:00")["status"] == "sending"


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"scheduled_for": "2026-04-25T10:00:00"}, "invalid", "scheduled_for"),
        ({"message": "Hi {nmae}"}, "bad_template", "message"),
        ({"message": "Hi {name"}, "bad_template", "message"),
        ({"name": ""}, "invalid", "name"),
        ({"colour": "red"}, "invalid", None),
        ({"tag": "nobody"}, "no_recipients", None),
        ({"tag": "leads", "segment": {"tags_any": ["leads"]}}, "invalid", "tag"),
        ({"devices": []}, "invalid", "devices"),
    ],
)
def test_a_wrong_campaign_is_refused_and_stores_nothing(
    api: Api, more: dict[str, Any], code: str, field: str | None
) -> None:
    people(api)
    body = {"name": "April", "message": "Hi {name}", **more}
    answer = api.call("POST", "/campaigns", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    if field is not None:
        assert field in answer.json()["details"]
    assert api.count("campaigns") == 0


def test_an_unknown_device_is_not_found(api: Api) -> None:
    people(api)
    body = {"name": "April", "message": "Hi", "devices": ["nowhere"]}
    assert api.call("POST", "/campaigns", json=body).status_code == 404


def test_an_audience_by_segment(api: Api) -> None:
    people(api, 2)
    people(api, 5, "vip")
    assert create(api, segment={"tags_any": ["vip"], "tags_none": ["leads"]})["total"] == 5


def test_the_list_has_pages_and_a_status_filter(api: Api) -> None:
    people(api)
    for _ in range(3):
        create(api)
    create(api, scheduled_for=LATER)
    page = api.call("GET", "/campaigns?per_page=2").json()
    assert (page["total"], page["pages"], len(page["data"])) == (4, 2, 2)
    after = api.call("GET", f"/campaigns?per_page=2&cursor={page['next_cursor']}").json()
    assert [one["id"] for one in page["data"] + after["data"]] == [4, 3, 2, 1]
    assert after["next_cursor"] is None
    assert [one["id"] for one in api.call("GET", "/campaigns?status=scheduled").json()["data"]] == [4]


def test_control_returns_the_updated_campaign_and_is_idempotent(api: Api) -> None:
    people(api)
    number = create(api)["id"]
    for verb, status in (("pause", "paused"), ("pause", "paused"), ("resume", "sending"), ("resume", "sending")):
        answer = api.call("POST", f"/campaigns/{number}/{verb}")
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        assert set(answer.json()) == FIELDS
    assert api.call("POST", f"/campaigns/{number}/redispatch").status_code == 200
    stopped = api.call("POST", f"/campaigns/{number}/stop")
    assert set(stopped.json()) == FIELDS | {"credits_refunded", "on_its_way"}
    assert (stopped.json()["status"], stopped.json()["cancelled"], stopped.json()["credits_refunded"]) == (
        "stopped",
        3,
        0,
    )
    again = api.call("POST", f"/campaigns/{number}/stop")
    assert (again.status_code, again.json()["credits_refunded"]) == (200, 0)
    for verb in ("pause", "resume", "redispatch"):
        refused = api.call("POST", f"/campaigns/{number}/{verb}")
        assert (refused.status_code, refused.json()["code"]) == (422, "wrong_state")


def test_credits_are_asked_for_at_launch_and_come_back_at_stop(api: Api) -> None:
    people(api, 5)
    user = api.stage.asha.id
    api.stage.box.db.write_now(ledger.grant, user, 7, note="test", by="asha", now=NOON)
    number = create(api)["id"]
    refused = api.call("POST", "/campaigns", json={"name": "More", "message": "Hi"})
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_credits")
    assert api.count("campaigns") == 1
    Expansion(api.stage.box).turn(number)
    assert api.call("POST", f"/campaigns/{number}/stop").json()["credits_refunded"] == 5
    assert api.call("GET", "/reports/summary").json()["credits"] == 7
    assert api.stage.box.db.read_here(ledger.balance, user) == 7
    assert api.send().json()["credits_left"] == 6


def test_the_same_idempotency_key_makes_one_campaign(api: Api) -> None:
    people(api)
    body = {"name": "April", "message": "Hi"}
    first = api.call("POST", "/campaigns", json=body, headers={"Idempotency-Key": "a"})
    second = api.call("POST", "/campaigns", json=body, headers={"Idempotency-Key": "a"})
    assert first.json() == second.json()
    assert api.count("campaigns") == 1


def test_preflight_changes_nothing_and_counts(api: Api) -> None:
    people(api, 4)
    out = "8801711000000"
    api.stage.box.db.write_now(suppression.opt_out, api.stage.asha.id, out, source="owner", now=NOON)
    answer = api.call("POST", "/campaigns/preflight", json={"name": "x", "message": "Hi {name}", "tag": "leads"})
    found = answer.json()
    assert (found["total"], found["will_send"], found["skipped"], found["first_contacts"]) == (
        4,
        3,
        {"opted_out": 1},
        3,
    )
    assert len(found["samples"]) == 4
    assert api.count("campaigns") == 0


def test_preflight_leaves_out_a_sample_that_would_be_empty(api: Api) -> None:
    people(api, 2)
    api.stage.box.db.write_now(
        writing.bulk,
        api.stage.asha.id,
        [writing.Draft(phones.parse("8801711999999", country="BD"))],
        now=NOON,
    )
    answer = api.call("POST", "/campaigns/preflight", json={"name": "x", "message": "{name}"})
    assert (answer.status_code, answer.json()["total"], len(answer.json()["samples"])) == (200, 3, 2)


def test_to_somebody_who_opted_out_the_answer_is_skipped(api: Api) -> None:
    api.stage.box.db.write_now(suppression.opt_out, api.stage.asha.id, "8801711000001", source="owner", now=NOON)
    answer = api.send()
    assert (answer.status_code, answer.json()["status"]) == (202, "skipped")


def test_the_summary_counts_in_the_users_days(open_api: Open) -> None:
    api = open_api(locale={"timezone": "Asia/Dhaka"})
    job = api.send().json()["job_id"]
    api.stage.box.db.write_now(handing.claim, job, now=NOON)
    message = api.stage.box.db.read_here(stored.by_id, job)
    api.stage.box.db.write_now(answers.sent, message, at=NOON, next_send_at=NOON)
    found = api.call("GET", "/reports/summary").json()
    assert found["plan"] == {"name": "Owner", "expires_at": None}
    assert found["credits"] is None
    one = {"sent": 1, "failed": 0, "skipped": 0}
    assert found["messages"] == {"today": one, "week": one, "month": one, "total": one}
    assert len(found["daily"]) == 30
    assert found["daily"][-1] == {"date": "2026-03-10", "sent": 1}
    api.stage.hands.forward(days=10)
    found = api.call("GET", "/reports/summary").json()
    none = {"sent": 0, "failed": 0, "skipped": 0}
    assert (found["messages"]["today"], found["messages"]["week"], found["messages"]["month"]) == (none, none, one)


def test_a_long_campaign_is_stopped_whole_when_stop_answers(api: Api) -> None:
    count = 3 * leaving.PIECE
    api.stage.box.db.write_now(ledger.grant, api.stage.asha.id, count, note="test", by="asha", now=NOON)
    people(api, count)
    campaign_id = create(api, tag="leads")["id"]
    Expansion(api.stage.box).turn(campaign_id)
    first = api.call("POST", f"/campaigns/{campaign_id}/stop").json()
    assert (first["credits_refunded"], first["cancelled"], first["queued"]) == (count, count, 0)
    again = api.call("POST", f"/campaigns/{campaign_id}/stop").json()
    assert (again["status"], again["credits_refunded"]) == ("stopped", 0)
    assert api.stage.box.db.read_here(ledger.credits_left, api.stage.asha.id) == count


@pytest.mark.parametrize("path", ["/campaigns", "/campaigns/preflight", "/templates"])
def test_what_goes_to_one_person_only_is_refused_with_the_way_to_send_it(api: Api, path: str) -> None:
    people(api)
    for name, given in (
        ("location", {"latitude": 23.78, "longitude": 90.28}),
        ("contact", {"name": "Asha", "phone": "8801711000001"}),
        ("poll", {"question": "When?", "options": ["a", "b"]}),
    ):
        answer = api.call("POST", path, json={"name": "x", "message": "Hi", name: given})
        assert answer.status_code == 422, answer.text
        assert f"send a {name} by POST /send" in answer.json()["details"][name]
    assert api.count("campaigns") == api.count("texts") == 0


def test_a_saved_audience_is_chosen_followed_and_nobody_elses(api: Api) -> None:
    people(api)
    body = {"name": "Leads", "segment": {"tags_any": ["leads"]}}
    kept = api.call("POST", "/audiences", json=body).json()
    theirs = api.call("POST", "/audiences", api.stage.bilal.key, json=body).json()
    assert (kept["name"], kept["segment"], kept["campaigns"]) == ("Leads", {"tags_any": ["leads"]}, [])
    made = create(api, audience_id=kept["id"], scheduled_for="2099-01-01T00:00:00Z")
    assert (made["audience_id"], made["total"]) == (kept["id"], kept["people"])
    assert api.call("GET", f"/audiences/{kept['id']}").json()["campaigns"] == [made["id"]]
    assert api.call("DELETE", f"/audiences/{kept['id']}").json()["code"] == "in_use"
    api.call("PATCH", f"/audiences/{kept['id']}", json={"segment": {"tags_none": ["leads"]}})
    api.call("PATCH", f"/audiences/{kept['id']}", json={"name": "Others"})
    noted = "json_group_array(json_extract(details, '$.name')) from audit where action = 'audience.changed'"
    assert api.stage.value(f"select {noted}") == f'["{kept["name"]}"]'
    assert api.call("GET", f"/campaigns/{made['id']}").json()["total"] != made["total"]
    promo = {"name": "A", "message": "Hi"}
    for path in ("/campaigns", "/campaigns/preflight"):
        assert api.call("POST", path, json={**promo, "audience_id": theirs["id"]}).status_code == 404
        both = api.call("POST", path, json={**promo, "audience_id": kept["id"], "tag": "leads"})
        assert (both.status_code, both.json()["code"]) == (422, "invalid")
