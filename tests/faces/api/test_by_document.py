"""What holds for every route that the document tells of, a new one too: queries and absent fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faces.api.conftest import Api, furnish, opened
from tests.faces.api.test_every_route import ROWS, _call
from tests.some import some
from wabox.api import v1

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

Json = dict[str, Any]
POSTS = sorted(one for one in ROWS if one.startswith("POST") and ROWS[one].body is not None)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Api]:
    for one in opened(tmp_path):
        furnish(one)
        one.stage.hands.forward(minutes=1)
        yield one


@pytest.fixture
def told(full: Api) -> Json:
    return dict(full.call("GET", "/openapi.json").json())


def _object(told: Json, shape: Json) -> Json | None:
    """The object that the shape is, or may be."""
    for one in (shape, *shape.get("anyOf", ()), *shape.get("oneOf", ())):
        name = one.get("$ref", "").rpartition("/")[2]
        found = told["components"]["schemas"][name] if name else one
        if found.get("properties"):
            return dict(found)
    return None


def _with_nulls(told: Json, shape: Json, body: Any) -> Any:
    """The body with null in every field that it leaves away and may, at any depth."""
    if isinstance(body, list):
        return [_with_nulls(told, shape.get("items", {}), one) for one in body]
    found = _object(told, shape)
    if not isinstance(body, dict) or found is None:
        return body
    filled = {name: None for name in found["properties"] if name not in found.get("required", ())}
    return filled | {name: _with_nulls(told, found["properties"][name], one) for name, one in body.items()}


@pytest.mark.parametrize("route", POSTS)
def test_null_is_absent_in_every_post(full: Api, told: Json, route: str) -> None:
    item = told["paths"][v1.PATH + route.partition(" ")[2]]["post"]
    shape = item["requestBody"]["content"]["application/json"]["schema"]
    answer = _call(full, route, body=_with_nulls(told, shape, ROWS[route].body))
    assert answer.status_code == ROWS[route].status, answer.text


def test_the_posts_leave_something_away(told: Json) -> None:
    """So that the test above tries something."""
    shapes = {
        route: told["paths"][v1.PATH + route.partition(" ")[2]]["post"]["requestBody"]["content"][
            "application/json"
        ]["schema"]
        for route in POSTS
    }
    some_nulls = [one for one in POSTS if _with_nulls(told, shapes[one], ROWS[one].body) != ROWS[one].body]
    assert len(POSTS) >= 10 and len(some_nulls) >= 7, some_nulls


def test_every_query_parameter_of_every_route_is_refused_twice(full: Api, told: Json) -> None:
    asked = [
        (f"{method.upper()} {path.removeprefix(v1.PATH)}", one["name"], str(one["schema"].get("enum", ("1",))[0]))
        for path, ways in told["paths"].items()
        for method, way in ways.items()
        for one in way["parameters"]
        if one["in"] == "query"
    ]
    for route, name, value in some(asked):
        for second in (value, ""):
            answer = _call(full, route, params=[(name, value), (name, second)])
            assert (answer.status_code, answer.json()["details"][name]) == (422, "Send it once."), (route, name)
    assert len(asked) >= 30


def test_every_get_answers_a_head_with_the_same_and_no_body(full: Api, told: Json) -> None:
    routes = [path.removeprefix(v1.PATH) for path, ways in told["paths"].items() if "get" in ways]
    chance = {"date", "content-length", "transfer-encoding"}  # a stream's length is not known before
    for route in some(routes):
        got, head = (_call(full, f"GET {route}", method=method) for method in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (got.status_code, b""), route
        same = [{name: value for name, value in one.headers.items() if name not in chance} for one in (got, head)]
        assert same[0] == same[1], route
    assert len(routes) >= 25
