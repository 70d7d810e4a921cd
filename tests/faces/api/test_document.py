"""The OpenAPI document: complete, true, and fetched from nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from tests.faces.api.conftest import Api
from tests.some import some
from wabox.api import wire
from wabox.contacts import phones
from wabox.errors import Invalid
from wabox.messages import template
from wabox.webhooks import endpoints

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


@pytest.fixture
def told(api: Api) -> dict[str, Any]:
    answer = api.call("GET", "/openapi.json", "")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return dict(answer.json())


def _operations(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for item in told["paths"].values() for operation in item.values()]


def test_every_operation_says_what_it_is(told: dict[str, Any]) -> None:
    assert (told["openapi"], told["info"]["title"]) == ("3.1.0", "wabox")
    assert set(told["components"]["securitySchemes"]) == {"key", "bearer"}
    found = _operations(told)
    assert len({one["operationId"] for one in found}) == len(found)
    for one in found:
        assert one["summary"]
        assert one["description"].endswith((".", "`."))
        assert "Args:" not in one["description"]
        assert one["tags"]


def test_every_operation_declares_its_errors(told: dict[str, Any]) -> None:
    for one in some(_operations(told)):
        assert {"401", "403", "413", "422", "429", "503"} <= set(one["responses"])
        assert "400" not in one["responses"]
        for answer in some(answer for code, answer in one["responses"].items() if code >= "400"):
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}
        assert "Retry-After" in one["responses"]["429"]["headers"]


def test_a_body_is_closed_and_its_types_are_told(told: dict[str, Any]) -> None:
    shapes = told["components"]["schemas"]
    for one in some(one for one in _operations(told) if "requestBody" in one):
        ((kind, body),) = one["requestBody"]["content"].items()
        shape = body["schema"]
        if kind == "application/json":
            shape = shapes[shape["$ref"].rpartition("/")[2]]
        assert shape["additionalProperties"] is False
    assert shapes["Send"]["required"] == []
    either = [[one["required"] for one in choice["oneOf"]] for choice in shapes["Send"]["allOf"]]
    assert either == [
        [["phone"], ["person_id"]],
        [["message"], ["template_id"], ["media"], ["location"], ["contact"], ["poll"]],
    ]
    assert shapes["Message"]["properties"]["queued_at"]["format"] == "date-time"


def test_nothing_is_fetched_from_elsewhere(api: Api) -> None:
    text = api.call("GET", "/openapi.json", "").text
    assert set(re.findall(r"https?://[a-z.]+", text)) <= {"https://shop.example", "https://shop.example.com"}
    assert api.call("GET", "/openapi.json/x", "").status_code == 404


def test_what_the_patterns_promise_is_kept() -> None:
    for phone in ("8801711000001", "+14155552671", "1000000", "999999999999999"):
        assert re.search(wire.PHONE_PATTERN, phone)
        assert phones.parse(phone, country="BD").digits
    for text, fits in [
        ("Hi", True), ("a | b", True), ("{a|b} c", True), ("Hi {name:friend}!", True), ("{a|{name}} x", True),
        (r"\{ x", True), ("a\\", True), ("আপনার", True), ("{", False), ("a}", False), ("{nmae} x", True),
        ("{Nmae} x", False), ("", False), (" \u2003\n", False), ("a\0", False), ("{} x", False),
    ]:  # fmt: skip
        matched = re.search(wire.TEXT_PATTERN, text) is not None
        assert matched == fits, text
        assert matched == _is_taken(text), text


def _is_taken(text: str) -> bool:
    try:
        return bool(template.parse(text, None).render({"phone": "8801711000001"}, seed="1"))
    except Invalid:
        return False


def test_answers_are_as_the_document_says(api: Api, told: dict[str, Any]) -> None:
    api.send()
    for method, path, status in (
        ("GET", "/messages", 200),
        ("GET", "/messages/1", 200),
        ("GET", "/devices", 200),
        ("GET", "/webhooks", 200),
        ("GET", "/reports/summary", 200),
        ("GET", "/reports/daily", 200),
    ):
        answer = api.call(method, path)
        operation = told["paths"]["/api/v1" + path.replace("/1", "/{job_id}")][method.lower()]
        schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
        jsonschema_rs.validate({**schema, "components": told["components"]}, answer.json())


def test_the_document_is_one_by_the_rules_of_openapi(told: dict[str, Any]) -> None:
    rules = jsonschema_rs.validator_for(OPENAPI_31)
    assert rules.is_valid(told)
    assert not rules.is_valid({**told, "webhooks": []})


def _shown(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """(where, schema, example) of every JSON body that has an example."""
    for kind in ("paths", "webhooks"):
        for path, methods in told[kind].items():
            for method, one in methods.items():
                bodies = [one.get("requestBody", {}), *one["responses"].values()]
                for body in bodies:
                    found = body.get("content", {}).get("application/json", {})
                    if "example" in found:
                        yield f"{method} {path}", found["schema"], found["example"]


def test_every_example_fits_what_it_is_an_example_of(told: dict[str, Any]) -> None:
    wrong = []
    half = re.compile(r"\\\\ud800-\\\\udfff")  # Rust's regular expressions know no half characters
    told = json.loads(half.sub("", json.dumps(told)))
    for where, schema, example in some(_shown(told)):
        whole = {**schema, "components": told["components"]}
        wrong += [(where, str(fault)) for fault in jsonschema_rs.validator_for(whole).iter_errors(example)]
    assert wrong == []


def test_every_operation_that_takes_or_gives_json_shows_it(told: dict[str, Any]) -> None:
    for path, methods in some(told["paths"].items()):
        for method, one in some(methods.items()):
            body = one.get("requestBody", {}).get("content", {}).get("application/json")
            assert body is None or "example" in body, (method, path)
            good = [
                answer["content"]
                for code, answer in one["responses"].items()
                if code < "300" and "content" in answer
            ]
            alone = bool(good) and set(good[0]) == {"application/json"}
            assert not alone or any("example" in answer["application/json"] for answer in good), (method, path)
            untold = [
                given["name"] for given in one["parameters"] if given["in"] == "path" and "example" not in given
            ]
            assert untold == [], (method, path)


def test_every_event_is_among_the_webhooks(told: dict[str, Any]) -> None:
    assert set(told["webhooks"]) == set(endpoints.EVENTS)
    for name, one in some(told["webhooks"].items()):
        body = one["post"]["requestBody"]["content"]["application/json"]
        assert body["example"]["event"] == name
        assert {given["name"] for given in one["post"]["parameters"]} >= {"X-Webhook-Signature", "webhook-id"}


def test_the_collection_has_every_operation_as_a_request(api: Api, told: dict[str, Any]) -> None:
    answer = api.call("GET", "/postman.json", "")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('wabox.postman_collection.json"')
    made = answer.json()
    assert made["info"]["schema"].endswith("/v2.1.0/collection.json")
    values = {one["key"]: one["value"] for one in made["variable"]}
    assert values["base"].endswith("/api/v1") and values["key"] == ""
    items = [item for folder in made["item"] for item in folder["item"]]
    asked = {(one["request"]["method"].lower(), one["name"].split(" ", 1)[1]) for one in items}
    assert asked == {
        (method, path.removeprefix("/api/v1")) for path, methods in told["paths"].items() for method in methods
    }
    for one in some(items):
        request = one["request"]
        url = request["url"]
        assert url["raw"].partition("?")[0] == "{{base}}/" + "/".join(url["path"])
        assert [word[1:] for word in url["path"] if word.startswith(":")] == [v["key"] for v in url["variable"]]
        assert all(v["value"] for v in url["variable"]), one["name"]
        if "body" in request and request["body"]["mode"] == "raw":
            json.loads(request["body"]["raw"])
    (send,) = (one["request"] for one in items if one["name"] == "POST /send")
    assert json.loads(send["body"]["raw"])["phone"]
