"""Stored texts over HTTP: made, changed, sent with variables, and copied by campaigns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import NOON
from tests.faces.api.conftest import PHONE, Api, Open
from tests.faces.api.test_campaigns_api import LATER, create, people
from wabox.contacts import phones, writing
from wabox.content import rules

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

MESSAGE = "Hello {name:friend}, your order {order} is ready{when: soon}."


def store(api: Api, name: str = "Order ready", message: str = MESSAGE, **more: Any) -> dict[str, Any]:
    answer = api.call("POST", "/templates", json={"name": name, "message": message, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def send(api: Api, headers: dict[str, str] | None = None, **body: Any) -> Any:
    return api.call("POST", "/send", json={"phone": PHONE, **body}, headers=headers or {})


def said(api: Api, answer: Any) -> Any:
    assert answer.status_code == 202, answer.text
    return api.call("GET", f"/messages/{answer.json()['job_id']}").json()["message"]


def known(api: Api, **more: Any) -> None:
    draft = writing.Draft(phones.parse(PHONE, country="BD"), **more)
    api.stage.box.db.write_now(writing.bulk, api.stage.asha.id, [draft], now=NOON)


def test_a_text_is_stored_listed_changed_and_deleted(api: Api) -> None:
    made = store(api, language="en")
    assert made == {
        "id": made["id"],
        "name": "Order ready",
        "message": MESSAGE,
        "media": None,
        "category": "service",
        "language": "en",
        "variables": ["name", "order", "when"],
        "needed": ["order"],
        "version": 1,
        "created_at": "2026-03-10T06:00:00+00:00",
        "updated_at": "2026-03-10T06:00:00+00:00",
        "content": None,
        "content_reason": None,
        "campaigns": [],
        "hints": [],
    }
    path = f"/templates/{made['id']}"
    assert api.call("GET", path).json() == made
    listed = api.call("GET", "/templates").json()
    assert listed["total"] == 1
    assert listed["data"] == [{name: made[name] for name in list(made)[:11]}]
    changed = api.call("PATCH", path, json={"category": "advertising", "language": None, "version": 1}).json()
    assert (changed["category"], changed["language"], changed["message"]) == ("advertising", None, MESSAGE)
    assert changed["version"] == 2
    assert api.call("GET", "/templates?category=service").json()["total"] == 0
    assert api.call("GET", "/templates?q=ORDER&category=advertising").json()["total"] == 1
    assert api.call("DELETE", path).status_code == 204
    assert api.call("GET", path).status_code == 404
    assert api.count("texts") == 0


def test_what_was_changed_meanwhile_is_not_overwritten(api: Api) -> None:
    path = f"/templates/{store(api)['id']}"
    assert api.call("PATCH", path, json={"message": "First", "version": 1}).status_code == 200
    late = api.call("PATCH", path, json={"message": "Second", "version": 1})
    assert (late.status_code, late.json()["code"]) == (422, "changed_meanwhile")
    assert api.call("GET", path).json()["message"] == "First"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u200b"}, "name"),
        ({"name": "Order READY"}, "name"),
        ({"message": "Hi {Order}"}, "message"),
        ({"message": " "}, "message"),
        ({"category": "spam"}, "category"),
        ({"language": "xx"}, "language"),
        ({"media": {"path": "/etc/passwd"}}, "media.path"),
        ({"user_id": 2}, "user_id"),
    ],
)
def test_a_wrong_text_is_refused_by_its_field_and_nothing_is_stored(
    api: Api, wrong: dict[str, Any], field: str
) -> None:
    store(api)
    other = store(api, "Other")
    for method, path in (("POST", "/templates"), ("PATCH", f"/templates/{other['id']}")):
        answer = api.call(method, path, json={"name": "Another", "message": "x", **wrong})
        assert (answer.status_code, list(answer.json()["details"])) == (422, [field]), answer.text
    assert api.call("GET", f"/templates/{other['id']}").json() == other
    assert api.count("texts") == 2


def test_the_same_idempotency_key_stores_one_text(api: Api) -> None:
    body = {"name": "Thanks", "message": "Thank you"}
    first, second = (api.call("POST", "/templates", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, first.json())
    assert api.count("texts") == 1


def test_a_stored_text_is_sent_with_variables_that_win_over_the_contact(api: Api) -> None:
    known(api, name="Rina", custom="mine")
    text_id = store(api, message="{name}, {custom}: {order}{when: soon}")["id"]
    answer = send(api, template_id=text_id, variables={"order": "{a|b} {phone}", "custom": "yours", "spare": "x"})
    assert said(api, answer) == "Rina, yours: {a|b} {phone} soon"
    answer = send(api, template_id=text_id, variables={"order": "", "name": "Mina", "when": " today"})
    assert said(api, answer) == "Mina, mine:  today"


def test_variables_work_with_a_message_too(api: Api) -> None:
    answer = send(api, message="{name:friend}: {order}, {when:soon}", variables={"order": "1001"})
    assert said(api, answer) == "friend: 1001, soon"
    plain = send(api, message="Order {order}")
    assert (plain.status_code, plain.json()["code"]) == (422, "bad_template")


def test_missing_variables_are_named_and_nothing_is_queued(api: Api) -> None:
    text_id = store(api, message="{name} {order} {till} {when:soon}")["id"]
    for body in ({"template_id": text_id}, {"message": "{order} {till} x"}):
        answer = send(api, **body, variables={"other": "x"})
        assert (answer.status_code, answer.json()["code"]) == (422, "variables_missing")
        assert list(answer.json()["details"]) == ["variables.order", "variables.till"]
    assert api.count("messages") == 0


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"Order": "1"}, "variables.Order"),
        ({"order": "x" * 1_025}, "variables.order"),
        ({"order": 1}, "variables.order"),
        ({f"v{n}": "1" for n in range(51)}, "variables"),
        (["order"], "variables"),
    ],
)
def test_wrong_variables_are_refused(api: Api, variables: Any, field: str) -> None:
    answer = send(api, message="Hi", variables=variables)
    assert (answer.status_code, list(answer.json()["details"])) == (422, [field]), answer.text
    assert api.count("messages") == 0


def test_message_and_template_both_or_neither_is_422(api: Api) -> None:
    text_id = store(api)["id"]
    for body in ({}, {"message": "Hi", "template_id": text_id}, {"message": None, "template_id": None}):
        answer = send(api, **body)
        assert (answer.status_code, list(answer.json()["details"])) == (422, ["message"]), answer.text
        answer = api.call("POST", "/campaigns", json={"name": "x", **body})
        assert (answer.status_code, list(answer.json()["details"])) == (422, ["message"]), answer.text
    assert api.count("messages") == 0


def test_a_text_of_somebody_else_or_of_nobody_cannot_be_sent(api: Api) -> None:
    people(api)
    made = store(api, message="A secret of asha's")
    bilal = api.stage.bilal.key
    for key, text_id in ((bilal, made["id"]), (None, 99)):
        for path, body in (("/send", {"phone": PHONE}), ("/campaigns", {"name": "x"})):
            answer = api.call("POST", path, key, json={**body, "template_id": text_id})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text
            assert "secret" not in answer.text
    assert api.count("messages") == api.count("campaigns") == 0


def test_variables_belong_to_what_an_idempotency_key_stands_for(api: Api) -> None:
    text_id = store(api)["id"]
    key = {"Idempotency-Key": "order-1001"}
    first = send(api, key, template_id=text_id, variables={"order": "1001"})
    again = send(api, key, template_id=text_id, variables={"order": "1001"})
    other = send(api, key, template_id=text_id, variables={"order": "1002"})
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert api.count("messages") == 1


def test_what_is_sent_stays_as_it_was_when_the_text_goes(api: Api) -> None:
    text_id = store(api)["id"]
    answer = send(api, template_id=text_id, variables={"order": "7"})
    api.call("PATCH", f"/templates/{text_id}", json={"message": "Other"})
    api.call("DELETE", f"/templates/{text_id}")
    assert said(api, answer) == "Hello friend, your order 7 is ready soon."


def test_a_campaign_copies_the_text_as_it_is_when_it_is_made(api: Api) -> None:
    people(api)
    text_id = store(api, message="{Hi|Hello} {name}, {offer:20% off} today")["id"]
    body = {"name": "April", "template_id": text_id, "scheduled_for": LATER}
    ahead = api.call("POST", "/campaigns/preflight", json=body)
    assert ahead.status_code == 200, ahead.text
    assert all(one.endswith("20% off today") for one in ahead.json()["samples"]) and ahead.json()["samples"]
    made = api.call("POST", "/campaigns", json=body)
    assert made.status_code == 201, made.text
    found = made.json()
    assert (found["message"], found["template_id"]) == ("{Hi|Hello} {name}, 20% off today", text_id)
    used = api.call("GET", f"/templates/{text_id}").json()["campaigns"]
    assert used == [{"id": found["id"], "name": "April", "status": "scheduled"}]
    api.call("PATCH", f"/templates/{text_id}", json={"message": "Other"})
    api.call("DELETE", f"/templates/{text_id}")
    assert api.call("GET", f"/campaigns/{found['id']}").json()["message"] == found["message"]
    assert create(api)["template_id"] is None


def test_a_campaign_refuses_a_text_that_nobody_would_fill_in(api: Api) -> None:
    people(api)
    body = {"name": "April", "template_id": store(api)["id"]}
    for path in ("/campaigns", "/campaigns/preflight"):
        answer = api.call("POST", path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "variables_missing")
        assert "{order}" in answer.json()["details"]["template_id"]
    assert api.count("campaigns") == 0


def test_a_text_that_the_rules_would_refuse_says_so_and_is_refused_when_sent(open_api: Open) -> None:
    api = open_api(billing={"enabled": True}, accounts={"registration": "open"})
    by = rules.Actor(api.stage.asha.id, None)
    rule = rules.Draft("word", "casino", "refuse", "No gambling.")
    api.stage.box.db.write_now(rules.add, rule, by=by, now=NOON)
    made = store(api, "Play", "Come to our {casino|shop}, {order:x}")
    assert (made["content"], made["content_reason"]) == ("refuse", "No gambling.")
    answer = send(api, message="Our {casino|casino}", queue_if_offline=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "content_refused")


def test_a_form_beside_a_field_is_refused_wherever_a_text_is_written(api: Api) -> None:
    api.call("POST", "/fields", json={"name": "due", "kind": "number", "display": "money"})
    api.call("POST", "/contacts", json={"phone": "8801711123456", "fields": {"due": 1250}})
    text = "You owe {due|money}"
    for path, body in (
        ("/send", {"phone": "8801711123456", "message": text}),
        ("/send", {"phone": "8801711123456", "message": "{order|date}", "variables": {"order": "7"}}),
        ("/campaigns", {"name": "x", "message": text}),
        ("/campaigns/preflight", {"name": "x", "message": text}),
        ("/templates", {"name": "x", "message": text}),
        ("/templates/preview", {"message": text}),
    ):
        answer = api.call("POST", path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_template"), (path, answer.text)
        assert "Did you mean {" in answer.json()["details"]["message"]
    assert api.count("messages") == api.count("campaigns") == api.count("texts") == 0
    plain = api.call("POST", "/send", json={"phone": "8801711123456", "message": text, "plain": True})
    assert plain.status_code == 202


def test_what_may_be_meant_otherwise_is_a_hint_that_hinders_nothing(api: Api) -> None:
    people(api)
    text = "Hi {name|friend}"
    for path, body in (
        ("/campaigns/preflight", {"name": "x", "message": text}),
        ("/templates", {"name": "x", "message": text}),
        ("/templates/preview", {"message": text}),
    ):
        answer = api.call("POST", path, json=body)
        assert answer.status_code in (200, 201) and "{name:friend}" in answer.json()["hints"][0], answer.text
    fine = api.call("POST", "/campaigns/preflight", json={"name": "x", "message": "Hi {name:friend}"})
    assert fine.json()["hints"] == []


def test_a_stored_text_of_before_goes_on_and_says_its_hint(api: Api) -> None:
    made = api.call("POST", "/templates", json={"name": "x", "message": "You owe {due|money}"})
    assert made.status_code == 201 and made.json()["hints"] == [], "nothing is called due here"
    api.call("POST", "/fields", json={"name": "due"})
    path = f"/templates/{made.json()['id']}"
    assert "{due}" in api.call("GET", path).json()["hints"][0]
    assert api.call("PATCH", path, json={"name": "y"}).status_code == 200
    assert api.call("PATCH", path, json={"message": "Owe {due|money}"}).json()["code"] == "bad_template"
    assert api.call("POST", "/send", json={"phone": PHONE, "template_id": made.json()["id"]}).status_code == 202
