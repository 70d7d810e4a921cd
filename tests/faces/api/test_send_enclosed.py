"""POST /send with a place, a card or a poll: what it answers, what it refuses, keys, rules, search, erasure."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import Response

from tests.faces.api.conftest import PHONE, Api, Open
from tests.some import some
from wabox.content import rules
from wabox.db import Tx

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
]
SHOP = {"latitude": 23.7806, "longitude": 90.2792, "name": "Rahim Store", "address": "12 Road 5"}
WHEN = {"question": "When shall we come?", "options": ["Morning", "Evening by boat"], "many": False}
KARIM = {"name": "Karim", "phone": "8801711999999"}


def send(api: Api, key: str | None = None, /, *, headers: Any = None, **body: Any) -> Response:
    return api.call("POST", "/send", key, json={"phone": PHONE, **body}, headers=headers or {})


def message(api: Api, answer: Response) -> Any:
    assert answer.status_code == 202, answer.text
    return api.call("GET", f"/messages/{answer.json()['job_id']}").json()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (SHOP, SHOP),
        ({"latitude": -90, "longitude": 180}, {"latitude": -90, "longitude": 180, "name": None, "address": None}),
        (
            {"latitude": 0, "longitude": 0, "name": " Rahim\n Store ", "address": " "},
            {"latitude": 0, "longitude": 0, "name": "Rahim Store", "address": None},
        ),
    ],
)
def test_a_location_goes_and_the_message_tells_of_it(api: Api, given: Any, told: Any) -> None:
    found = message(api, send(api, location=given))
    assert (found["message"], found["media"], found["contact"]) == ("", None, None)
    assert found["location"] == told
    assert api.call("GET", "/messages").json()["data"][0]["location"] == told
    assert api.call("POST", f"/messages/{found['job_id']}/cancel").json()["location"] == told


def test_a_contact_card_goes_with_its_number_as_the_house_writes_them(api: Api) -> None:
    found = message(api, send(api, contact={"name": "Karim  (driver)", "phone": "01711-999999"}))
    assert found["contact"] == {"name": "Karim (driver)", "phone": "8801711999999"}
    assert (found["message"], found["location"]) == ("", None)
    assert message(api, send(api, message="hello"))["contact"] is None


def test_a_poll_goes_with_each_answer_a_line(api: Api) -> None:
    given = {"question": " When shall\n we come? ", "options": ["Morning ", "Evening  by boat"]}
    found = message(api, send(api, poll=given))
    assert found["poll"] == WHEN
    assert (found["message"], found["location"], found["contact"]) == ("", None, None)
    assert message(api, send(api, poll={**WHEN, "many": True}))["poll"]["many"] is True


@pytest.mark.parametrize(
    ("field", "given", "wrong"),
    [
        ("poll", {**WHEN, "question": " "}, "poll.question"),
        ("poll", {**WHEN, "question": "x" * 256}, "poll.question"),
        ("poll", {**WHEN, "options": ["Morning"]}, "poll.options"),
        ("poll", {**WHEN, "options": [str(n) for n in range(13)]}, "poll.options"),
        ("poll", {**WHEN, "options": ["Morning", " "]}, "poll.options[1]"),
        ("poll", {**WHEN, "options": ["Morning", "Morning "]}, "poll.options[1]"),
        ("poll", {**WHEN, "options": ["Morning", "x" * 101]}, "poll.options[1]"),
        ("poll", {**WHEN, "options": "Morning"}, "poll.options"),
        ("poll", {**WHEN, "many": 1}, "poll.many"),
        ("poll", {"question": "When?"}, "poll.options"),
        ("poll", {**WHEN, "answers": []}, "poll.answers"),
        ("location", {"latitude": 90.1, "longitude": 0}, "location.latitude"),
        ("location", {"latitude": -91, "longitude": 0}, "location.latitude"),
        ("location", {"latitude": 0, "longitude": 180.5}, "location.longitude"),
        ("location", {"latitude": 0, "longitude": -1e308}, "location.longitude"),
        ("location", {"latitude": "23.7", "longitude": 0}, "location.latitude"),
        ("location", {"latitude": True, "longitude": 0}, "location.latitude"),
        ("location", {"latitude": None, "longitude": 0}, "location.latitude"),
        ("location", {"longitude": 0}, "location.latitude"),
        ("location", {"latitude": 0, "longitude": 0, "name": "x" * 201}, "location.name"),
        ("location", {"latitude": 0, "longitude": 0, "address": "a\u0007b"}, "location.address"),
        ("location", {"latitude": 0, "longitude": 0, "url": "https://x"}, "location.url"),
        ("contact", {"name": "  ", "phone": "8801711999999"}, "contact.name"),
        ("contact", {"name": "\u200b \u200d", "phone": "8801711999999"}, "contact.name"),
        ("contact", {"name": "Karim", "phone": "12"}, "contact.phone"),
        ("contact", {"name": "Karim"}, "contact.phone"),
        ("contact", {"name": "a\u0000b", "phone": "8801711999999"}, "contact.name"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(api: Api, field: str, given: Any, wrong: str) -> None:
    answer = send(api, **{field: given})
    assert answer.status_code == 422, answer.text
    assert wrong in answer.json()["details"]
    assert api.stage.value("select count(*) from messages") == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_no_place(api: Api, number: str) -> None:
    body = '{"phone": "%s", "location": {"latitude": %s, "longitude": 0}}' % (PHONE, number)  # noqa: UP031
    answer = api.call("POST", "/send", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert api.stage.value("select count(*) from messages") == 0


@pytest.mark.parametrize(
    "beside",
    [
        {"message": "here"},
        {"message": ""},
        {"media": {"id": 1}},
        {"template_id": 1},
        {"variables": {"a": "b"}},
        {"as_document": True},
        {"voice": False},
    ],
    ids=str,
)
def test_it_goes_alone_and_the_refusal_says_what_to_leave_out(api: Api, beside: dict[str, Any]) -> None:
    for field, given, other in some(
        [("location", SHOP, "contact"), ("contact", KARIM, "poll"), ("poll", WHEN, "location")]
    ):
        answer = send(api, **{field: given}, **beside)
        assert (answer.status_code, answer.json()["code"]) == (422, "goes_alone")
        assert other in answer.json()["details"][field]
    assert api.stage.value("select count(*) from messages") == 0


def test_a_location_and_a_contact_are_two_messages(api: Api) -> None:
    assert send(api, location=SHOP, contact=KARIM).json()["code"] == "goes_alone"
    assert api.stage.value("select count(*) from messages") == 0


def test_neither_text_nor_anything_else_is_still_refused(api: Api) -> None:
    assert send(api).json()["code"] == "message_or_template_id"
    assert send(api, location=None, contact=None).status_code == 422


def test_one_key_is_one_message_and_another_place_is_another_body(api: Api) -> None:
    key = {"Idempotency-Key": "shop-1"}
    first, again = send(api, location=SHOP, headers=key), send(api, location=SHOP, headers=key)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    other = send(api, location={**SHOP, "latitude": 23.7807}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert api.stage.value("select count(*) from messages") == 1


@pytest.mark.parametrize(
    "given",
    [
        {"location": {**SHOP, "name": "Casino Royal"}},
        {"location": {**SHOP, "address": "behind the casino"}},
        {"contact": {**KARIM, "name": "casino"}},
        {"poll": {**WHEN, "question": "Which casino?"}},
        {"poll": {**WHEN, "options": ["the park", "the casino"]}},
    ],
    ids=["name", "address", "contact", "question", "answer"],
)
def test_rules_read_what_stands_on_it(open_api: Open, given: dict[str, Any]) -> None:
    api = open_api(accounts={"registration": "open"})

    def add(tx: Tx) -> None:
        draft = rules.Draft(kind="word", text="casino", action="refuse", reason="No games of chance.")
        rules.add(tx, draft, by=rules.Actor(api.stage.asha.id, "127.0.0.1"), now=api.stage.hands.now())

    api.stage.box.db.write_now(add)
    assert send(api, **given).json()["code"] == "content_refused"
    assert send(api, location=SHOP).status_code == 202
    assert api.stage.value("select count(*) from messages") == 1


def test_the_log_finds_it_by_what_stands_on_it(api: Api) -> None:
    place, card = message(api, send(api, location=SHOP)), message(api, send(api, contact=KARIM))
    send(api, message="hello")

    def found(words: str) -> list[int]:
        return [one["job_id"] for one in api.call("GET", f"/messages?q={words}").json()["data"]]

    assert (found("rahim"), found("road"), found("karim")) == (
        [place["job_id"]],
        [place["job_id"]],
        [card["job_id"]],
    )
    assert found("1711999999") == [card["job_id"]]
    poll = message(api, send(api, poll=WHEN))
    assert (found("shall"), found("by boat"), found("options")) == ([poll["job_id"]], [poll["job_id"]], [])
    assert (found("latitude"), found("location")) == ([], [])
    assert len(found("")) == 4
