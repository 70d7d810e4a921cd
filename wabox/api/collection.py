"""The API as a collection for Postman, format 2.1, and whatever reads that: Bruno, Insomnia, Hoppscotch.

It is made of the OpenAPI document alone, so it can say nothing that the document does not.
Format: https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html (seen 2026-11-28).
"""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def of(document: Json, *, base: str, path: str) -> Json:
    """The collection. base: the box's address; path: where the API is mounted. The key stays to be filled in."""
    folders: dict[str, list[Json]] = {tag["name"]: [] for tag in document["tags"]}
    for place, methods in document["paths"].items():
        for method, operation in methods.items():
            item = _item(method.upper(), place.removeprefix(path), operation)
            folders[operation["tags"][0]].append(item)
    key = [
        {"key": "key", "value": "X-API-Key"},
        {"key": "value", "value": "{{key}}"},
        {"key": "in", "value": "header"},
    ]
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "version": document["info"]["version"],
            "schema": SCHEMA,
        },
        "auth": {"type": "apikey", "apikey": [{**one, "type": "string"} for one in key]},
        "variable": [
            {"key": "base", "value": base + path, "type": "string"},
            {"key": "key", "value": "", "type": "string", "description": "Your API key."},
        ],
        "item": [{"name": name, "item": items} for name, items in folders.items()],
    }


def _item(method: str, place: str, operation: Json) -> Json:
    request = _request(method, place, operation)
    status, answer = next((code, one) for code, one in operation["responses"].items() if code < "300")
    example = answer.get("content", {}).get("application/json", {}).get("example")
    shown = {
        "name": answer["description"],
        "originalRequest": request,
        "code": int(status),
        "_postman_previewlanguage": "json",
        "header": [{"key": "Content-Type", "value": "application/json"}],
        "body": _text(example),
    }
    return {
        "name": f"{method} {place}",
        "request": {**request, "description": operation["description"]},
        "response": [] if example is None else [shown],
    }


def _request(method: str, place: str, operation: Json) -> Json:
    parameters = operation["parameters"]
    words = [":" + word.strip("{}") if word.startswith("{") else word for word in place.strip("/").split("/")]
    query = [{**_given(one), "disabled": "example" not in one} for one in parameters if one["in"] == "query"]
    sent = "&".join(f"{one['key']}={one['value']}" for one in query if not one["disabled"])
    url: Json = {
        "raw": "{{base}}/" + "/".join(words) + ("?" + sent if sent else ""),
        "host": ["{{base}}"],
        "path": words,
        "query": query,
        "variable": [_given(one) for one in parameters if one["in"] == "path"],
    }
    headers = [{**_given(one), "disabled": True} for one in parameters if one["in"] == "header"]
    asked: Json = {"method": method, "header": headers, "url": url}
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "application/json":
            headers.append({"key": "Content-Type", "value": kind})
            asked["body"] = {
                "mode": "raw",
                "raw": _text(body.get("example", {})),
                "options": {"raw": {"language": "json"}},
            }
        else:
            fields = body["schema"]["properties"]
            asked["body"] = {
                "mode": "formdata",
                "formdata": [{"key": one, "type": "file", "src": []} for one in fields],
            }
    return asked


def _given(parameter: Json) -> Json:
    value = parameter.get("example", "")
    return {"key": parameter["name"], "value": str(value), "description": parameter.get("description", "")}


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
