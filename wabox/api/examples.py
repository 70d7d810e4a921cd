"""The examples of the OpenAPI document, and the events that a webhook is posted: as the reference has them."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from wabox import reference
from wabox.reference.events import EVENTS, HEADERS
from wabox.reference.shape import Route

Json = dict[str, Any]
PREFIX = "/api/v1"


def give(operation: Json, method: str, path: str) -> None:
    """The operation has the example of its route: of the parameters, the body and the answer."""
    route = _routes().get((method, _bare(path.removeprefix(PREFIX))))
    if route is None:
        return
    asked = dict(parse_qsl(route.query.removeprefix("?")))
    for parameter in operation["parameters"]:
        value = {**route.example, **asked}.get(parameter["name"])
        if value is not None:
            parameter["example"] = int(value) if parameter["schema"].get("type") == "integer" else value
    if route.body is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = route.body
    answer = operation["responses"][str(route.status)].get("content", {}).get("application/json")
    if answer is not None and route.answer is not None:
        answer["example"] = route.answer


def webhooks() -> Json:
    """Each event as the document's section of that name has it."""
    return {one.name: {"post": _told(one.name, one.about, {"event": one.name, **one.body})} for one in EVENTS}


def _told(name: str, about: str, body: Mapping[str, Any]) -> Json:
    schema: Json = {"type": "object", "required": list(body), "properties": _shapes(body)}
    schema["properties"]["event"] = {"const": name}
    return {
        "operationId": "on_" + name.replace(".", "_"),
        "summary": name,
        "description": about,
        "tags": ["events"],
        "security": [],
        "parameters": [
            {"name": key, "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
            for key, said in HEADERS
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": body}}},
        "responses": {"2XX": {"description": "You have it; any other answer, and it is posted again."}},
    }


def _shapes(body: Mapping[str, Any]) -> Json:
    """Of which kind each value is; any of them may be null."""
    return {name: _shape(value) for name, value in body.items()}


def _shape(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {"type": ["object", "null"], "properties": _shapes(value)}
    for kind, name in ((bool, "boolean"), (int, "integer"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return {"type": [name, "null"]}
    return {}


@functools.cache
def _routes() -> dict[tuple[str, str], Route]:
    """Every route of the reference by its method and its path without names."""
    return {(one.method, _bare(one.path)): one for chapter in reference.CHAPTERS for one in chapter.routes}


def _bare(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)
