"""Fields of a user's own over the API: on contacts, by themselves, in texts and in audiences."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import Response

from tests.faces.api.conftest import PHONE, Api

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

KARIM = "8801711000002"


def post(api: Api, phone: str = PHONE, **fields: object) -> Response:
    return api.call("POST", "/contacts", json={"phone": phone, "fields": fields})


def details(answer: Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    found: dict[str, str] = answer.json()["details"]
    return found


def text_of(api: Api, answer: Response) -> str:
    assert answer.status_code == 202, answer.text
    found: str = api.call("GET", f"/messages/{answer.json()['job_id']}").json()["message"]
    return found


# -- on contacts -------------------------------------------------------------------------------------


def test_patch_merges_and_null_removes(api: Api) -> None:
    made = post(api, city="Dhaka", due=1250.5, size="M").json()
    assert made["fields"] == {"city": "Dhaka", "due": 1250.5, "size": "M"}
    path = f"/contacts/{made['id']}"
    changed = api.call("PATCH", path, json={"fields": {"city": "Sylhet", "size": None, "due": 7}})
    assert changed.json()["fields"] == {"city": "Sylhet", "due": 7}
    assert api.call("PATCH", path, json={"name": "Rina"}).json()["fields"] == {"city": "Sylhet", "due": 7}
    assert post(api, due=None).json()["fields"] == {"city": "Sylhet"}
    assert api.call("GET", path).json()["fields"] == {"city": "Sylhet"}
    assert api.call("GET", "/contacts?q=sylh").json()["data"][0]["fields"] == {"city": "Sylhet"}
    assert api.call("GET", "/contacts?q=city:dhaka").json()["total"] == 0
    assert api.call("POST", f"{path}/opt-out").json()["fields"] == {"city": "Sylhet"}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"City": "x"}, "fields.City"),
        ({"name": "x"}, "fields.name"),
        ({"tags": "x"}, "fields.tags"),
        ({"city": True}, "fields.city"),
        ({"city": ["x"]}, "fields.city"),
        ({"city": {"a": 1}}, "fields.city"),
        ({"city": "x" * 1_025}, "fields.city"),
        ({"due": "soon"}, "fields.due"),
        ({"due": 1e300}, "fields.due"),
        ({"born": "31/02/1990"}, "fields.born"),
        ({"born": 1990}, "fields.born"),
        (["city"], "fields"),
        ("city", "fields"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(api: Api, fields: object, named: str) -> None:
    for name, kind in (("due", "number"), ("born", "date")):
        assert api.call("POST", "/fields", json={"name": name, "kind": kind}).status_code == 201
    before = api.stage.value("select count(*) from contact_fields")
    wrong = api.call("POST", "/contacts", json={"phone": PHONE, "fields": fields})
    assert set(details(wrong)) == {named}
    assert (api.count("contacts"), api.count("contact_fields")) == (0, before)
    rows = [{"phone": KARIM, "fields": {"city": "Dhaka"}}, {"phone": PHONE, "fields": fields}]
    many = api.call("POST", "/contacts/bulk", json={"contacts": rows})
    assert set(details(many)) == {f"contacts[1].{named}"}
    assert (api.count("contacts"), api.count("contact_fields")) == (0, before)


def test_no_fields_are_said_by_null_too(api: Api) -> None:
    assert api.call("POST", "/contacts", json={"phone": PHONE, "fields": {"city": "Dhaka"}}).status_code == 201
    kept = api.call("POST", "/contacts", json={"phone": PHONE, "fields": None})
    assert (kept.status_code, kept.json()["fields"]) == (200, {"city": "Dhaka"})


def test_a_thousand_contacts_with_fields_go_in_at_once(api: Api) -> None:
    rows = [{"phone": f"8801711{n:06d}", "fields": {"city": "Dhaka", "due": n}} for n in range(1_000)]
    for expected in ((1_000, 0), (0, 1_000)):
        answer = api.call("POST", "/contacts/bulk", json={"contacts": rows}).json()
        assert (answer["created"], answer["updated"]) == expected
    assert api.count("field_values") == 2_000


# -- by themselves -----------------------------------------------------------------------------------


def test_fields_are_made_listed_changed_and_removed(api: Api) -> None:
    post(api, city="Dhaka", due="1,250")
    listed = api.call("GET", "/fields").json()
    assert [one["name"] for one in listed["data"]] == ["city", "due"] and listed["total"] == 2
    assert listed["data"][1] == {
        "name": "due",
        "kind": "text",
        "display": "plain",
        "currency": None,
        "contacts": 1,
    }
    changed = api.call("PATCH", "/fields/due", json={"kind": "number", "display": "money", "name": "owes"})
    assert changed.json() == {
        "name": "owes",
        "kind": "number",
        "display": "money",
        "currency": "BDT",
        "contacts": 1,
    }
    assert api.call("GET", "/contacts").json()["data"][0]["fields"] == {"city": "Dhaka", "owes": 1250}
    assert api.call("DELETE", "/fields/city").status_code == 204
    assert api.call("DELETE", "/fields/city").status_code == 404
    assert api.call("GET", "/contacts").json()["data"][0]["fields"] == {"owes": 1250}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "tag"}, "bad_field"),
        ({"name": "Due"}, "bad_field"),
        ({"name": "city"}, "name_taken"),
        ({"name": "x", "kind": "number", "display": "day"}, "bad_field"),
        ({"name": "x", "kind": "yes"}, "invalid"),
        ({"name": "x", "colour": 1}, "invalid"),
        ({}, "invalid"),
    ],
)
def test_a_field_that_cannot_be_is_422(api: Api, body: dict[str, Any], code: str) -> None:
    post(api, city="Dhaka")
    answer = api.call("POST", "/fields", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert api.count("contact_fields") == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": ""}, "bad_field"),
        ({"name": "tag"}, "bad_field"),
        ({"name": "due"}, "name_taken"),
        ({"display": "money"}, "bad_field"),
        ({"kind": "number"}, "values_do_not_fit"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(api: Api, body: dict[str, Any], code: str) -> None:
    post(api, city="Dhaka", due="5")
    before = api.call("GET", "/fields").json()
    answer = api.call("PATCH", "/fields/city", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert api.call("GET", "/fields").json() == before
    assert api.call("PATCH", "/fields/city", json={}).json() == before["data"][0]


def test_a_kind_that_values_are_not_of_changes_nothing(api: Api) -> None:
    post(api, city="Dhaka")
    answer = api.call("PATCH", "/fields/city", json={"kind": "date", "name": "born"})
    assert (answer.status_code, answer.json()["code"]) == (422, "values_do_not_fit")
    assert api.call("GET", "/fields").json()["data"][0]["kind"] == "text"


# -- in texts ----------------------------------------------------------------------------------------


def test_a_text_says_them_in_its_own_language(api: Api) -> None:
    api.call("POST", "/fields", json={"name": "due", "kind": "number", "display": "money"})
    post(api, city="{a|b}", due=1250)
    assert text_of(api, api.send(message="{city:your town}: {due:0}")) == "{a|b}: ৳1,250"
    assert text_of(api, api.send(message="বাকি {due:0}")) == "বাকি ৳১,২৫০"
    assert text_of(api, api.send(phone=KARIM, message="{city:your town}: {due:0}")) == "your town: 0"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/send", {"phone": PHONE}),
        ("POST", "/campaigns", {"name": "x"}),
        ("POST", "/campaigns/preflight", {"name": "x"}),
        ("POST", "/templates/preview", {}),
    ],
)
def test_an_unknown_field_is_named_with_its_place_and_those_there_are(
    api: Api, method: str, path: str, body: dict[str, Any]
) -> None:
    post(api, city="Dhaka", due="5")
    said = details(api.call(method, path, json={**body, "message": "Hi {ctiy:there}"}))["message"]
    assert said.startswith("At position 4: ") and "{city}, {due}" in said
    assert api.count("messages") == api.count("campaigns") == 0


def test_bilal_cannot_use_ashas_fields(api: Api) -> None:
    post(api, city="Dhaka")
    body = {"phone": PHONE, "message": "Hi {city:x}", "queue_if_offline": True}
    answer = api.call("POST", "/send", api.stage.bilal.key, json=body)
    assert "{city}" not in details(answer)["message"]


def test_previews_and_the_look_ahead_have_them(api: Api) -> None:
    made = post(api, city="Dhaka").json()
    shown = api.call(
        "POST", "/templates/preview", json={"message": "{city:x}, {name:you}", "contact_id": made["id"]}
    ).json()
    assert shown["variables"] == ["name", "city"]
    assert shown["samples"][0]["text"] == "Dhaka, you"
    ahead = api.call("POST", "/campaigns/preflight", json={"name": "x", "message": "From {city:x}"}).json()
    assert ahead["samples"] == ["From Dhaka"]


def test_a_value_that_makes_a_text_too_long_fails_for_that_person_alone(api: Api) -> None:
    post(api, story="x" * 1_024)
    post(api, KARIM, story="short")
    message = "y" * 3_500 + "{story}"
    assert api.send(message=message).json()["code"] == "message_too_long"
    assert text_of(api, api.send(phone=KARIM, message=message)).endswith("short")


# -- in audiences ------------------------------------------------------------------------------------


def test_a_campaign_goes_to_who_has_it(api: Api) -> None:
    post(api, city="Dhaka")
    post(api, KARIM, city="Sylhet")
    segment = {"fields": [{"field": "city", "op": "is", "value": "dhaka"}]}
    made = api.call("POST", "/campaigns", json={"name": "x", "message": "Hi", "segment": segment})
    assert (made.status_code, made.json()["total"], made.json()["tag"]) == (201, 1, None)
    wrong = {"fields": [{"field": "town", "op": "is", "value": "x"}]}
    for path in ("/campaigns", "/campaigns/preflight", "/templates/preview"):
        body = {"message": "Hi", "segment": wrong, **({} if "templates" in path else {"name": "x"})}
        assert "there are city" in details(api.call("POST", path, json=body))["fields"]


def test_a_birthday_is_on_the_users_calendar_on_the_day_it_begins(api: Api) -> None:
    api.call("POST", "/fields", json={"name": "born", "kind": "date"})
    post(api, born="1990-03-11")  # the day after NOON
    segment = {"fields": [{"field": "born", "op": "on_day", "value": "today"}]}
    body = {"name": "x", "message": "Hi", "segment": segment}
    assert api.call("POST", "/campaigns", json=body).json()["code"] == "no_recipients"
    late = {**body, "scheduled_for": "2026-03-10T18:30:00Z"}  # half past midnight in Dhaka
    assert api.call("POST", "/campaigns/preflight", json=late).json()["total"] == 1
    assert api.call("POST", "/campaigns", json=late).json()["total"] == 1


# -- the list by field, and texts that say one -----------------------------------------------------------


def phones(api: Api, field: str, **more: str) -> list[str]:
    answer = api.call("GET", "/contacts", params={"field": field, **more})
    assert answer.status_code == 200, answer.text
    return sorted(one["phone"] for one in answer.json()["data"])


def test_contacts_are_listed_by_what_is_in_a_field(api: Api) -> None:
    others = api.call("GET", "/contacts").json()["total"]
    post(api, city="Dhaka", due=250, born="1990-04-25")
    api.call("PATCH", "/fields/born", json={"kind": "date"})
    post(api, KARIM, city="New Dhaka", due=1250)
    assert phones(api, "city:Dhaka") == phones(api, " city : dhaka ") == [PHONE]
    assert phones(api, "city:new dhaka") == phones(api, "due:1250.0") == [KARIM]
    assert phones(api, "born:1990-04-25") == [PHONE]
    assert KARIM in phones(api, "born:") and PHONE not in phones(api, "born:")
    assert phones(api, "city:Dhaka", tag="nobody has it") == phones(api, "city:Dhaka", q="Karim") == []
    page = api.call("GET", "/contacts", params={"field": "city:", "per_page": 1}).json()
    assert page["total"] == api.call("GET", "/contacts").json()["total"] - 2 <= others


@pytest.mark.parametrize("field", ["city", ":Dhaka", "", "town:Dhaka", "due:soon", "born:today"])
def test_what_no_field_can_be_asked_is_422(api: Api, field: str) -> None:
    post(api, city="Dhaka", due=250)
    api.call("POST", "/fields", json={"name": "born", "kind": "date"})
    answer = api.call("GET", "/contacts", params={"field": field})
    assert "field" in details(answer) or "fields" in details(answer), answer.text


def test_nobody_is_listed_by_somebody_elses_field(api: Api) -> None:
    post(api, city="Dhaka")
    answer = api.call("GET", "/contacts", params={"field": "city:Dhaka"}, key=api.stage.bilal.key)
    assert answer.status_code == 422 and "you have none" in answer.json()["error"]


def test_a_new_name_is_said_by_the_stored_texts_that_said_the_old_one(api: Api) -> None:
    post(api, city="Dhaka", city_code="1")
    said = r"{Hi|Hello \{city\}} from {city}, {city:your town}, {city_code} {name}"
    made = api.call("POST", "/templates", json={"name": "Hello", "message": said}).json()
    other = api.call("POST", "/templates", json={"name": "Other", "message": "{city_code}"}).json()
    assert api.call("PATCH", "/fields/city", json={"name": "town"}).status_code == 200
    now = api.call("GET", f"/templates/{made['id']}").json()
    assert now["message"] == r"{Hi|Hello \{city\}} from {town}, {town:your town}, {city_code} {name}"
    assert api.call("GET", f"/templates/{other['id']}").json() == other


def test_a_field_that_a_stored_text_says_is_not_removed(api: Api) -> None:
    post(api, city="Dhaka")
    made = api.call("POST", "/templates", json={"name": "Hello", "message": "To {city:you}"}).json()
    answer = api.call("DELETE", "/fields/city")
    assert (answer.status_code, answer.json()["code"]) == (422, "in_use") and "“Hello”" in answer.json()["error"]
    assert api.call("DELETE", f"/templates/{made['id']}").status_code == 204
    assert api.call("DELETE", "/fields/city").status_code == 204
