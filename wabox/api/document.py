"""The API as an OpenAPI 3.1 document, read off the routes and the types they take and give."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.params import KwargDefinition
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from wabox import __version__
from wabox.api import examples, strict, wire

Json = dict[str, Any]

ABOUT = """Send WhatsApp messages from this box, follow each one, and steer its devices and webhooks.

Every error is `{"error", "code", "details"}`: a sentence that says what to do, a stable code, and a sentence
for each wrong field. Times are UTC, whole seconds, `+00:00`. Lists come in pages. One of a few words in a query,
like a status, may be in any case. In the body of a POST null is as good as absent, unless it says otherwise."""

_REF = "#/components/schemas/{name}"
_BOUNDS = {"ge": "minimum", "le": "maximum", "min_length": "minLength", "max_length": "maxLength"}
_RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
_REPLAYED = {
    "description": "`true` when this is the kept answer of an earlier request with the same Idempotency-Key.",
    "schema": {"type": "string", "enum": ["true"]},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body is done once; the answer is kept 24 hours.",
    "schema": {"type": "string", "pattern": "^[!-~](?:[ -~]{0,253}[!-~])?$"},
}

# Bodies of which exactly one of these fields is given.
_ONE_OF = {
    "Send": (("phone", "person_id"), ("message", "template_id")),
    "NewCampaign": (("message", "template_id"),),
    "GivenFile": (("id", "url", "base64"),),
}
# What goes instead of a text, and beside nothing else.
_ALONE = {"Send": (("location", "contact", "poll"), ("media", "variables", "voice"))}
# Bodies that need no text if this field is given.
_OR_WITH = {"Send": "media", "NewCampaign": "media"}


@functools.lru_cache(maxsize=1)
def written(app: Litestar, path: str) -> bytes:
    """The document as JSON. path: where the API is mounted; only routes below it are told."""
    return msgspec.json.encode(of(app, path))


def of(app: Litestar, path: str) -> Json:
    """The document of all routes below this path."""
    routes = [(route, method, handler) for route, method, handler in _routes(app) if route.path.startswith(path)]
    types = [wire.Error]
    for _, _, handler in routes:
        types += [field.raw for field in (handler.parsed_data_field, _answer(handler)) if field is not None]
    shapes, components = msgspec.json.schema_components(types, ref_template=_REF)
    shape_of = dict(zip(map(repr, types), shapes, strict=True))
    posted = [one.parsed_data_field for _, method, one in routes if method == "POST" and one.parsed_data_field]
    for name in _named([shape_of[repr(field.raw)] for field in posted], components):
        _nulls(components[name])
    _choose(components)
    paths: dict[str, Json] = {}
    for route, method, handler in routes:
        paths.setdefault(route.path_format, {})[method.lower()] = _operation(route, method, handler, shape_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "wabox",
            "version": __version__,
            "summary": "A WhatsApp sending box",
            "description": ABOUT,
        },
        "servers": [{"url": "/", "description": "This box."}],
        "security": [{"key": []}, {"bearer": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(handler) for _, _, handler in routes)],
        "paths": paths,
        "webhooks": examples.webhooks(),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": "Your API key; it is shown once, when it is made under API keys.",
                },
                "bearer": {"type": "http", "scheme": "bearer", "description": "The same key, as a bearer token."},
            },
        },
    }


def _choose(components: dict[str, Json]) -> None:
    """Say of the bodies which of their fields are given together."""
    for name, choices in _ONE_OF.items():
        components[name]["allOf"] = [{"oneOf": [_only(one, either) for one in either]} for either in choices]
    for name, field in _OR_WITH.items():
        texts = components[name]["allOf"][-1]["oneOf"]
        texts.append(_only(field, (field, "message", "template_id")))
    for name, (alone, others) in _ALONE.items():
        texts = components[name]["allOf"][-1]["oneOf"]
        for text in texts:
            text["properties"] |= dict.fromkeys(alone, {"type": "null"})
        for one in alone:
            bare = _only(one, (*alone, "message", "template_id", *others))
            bare["properties"]["as_document"] = {"enum": [False, None]}
            texts.append(bare)


def _named(shape: Any, components: Mapping[str, Json]) -> set[str]:
    """The components that a shape is made of, at any depth."""
    found: set[str] = set()
    left = [shape]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += one.values()
            name = str(one.get("$ref", "")).removeprefix(_REF.format(name=""))
            if name and name not in found:
                found.add(name)
                left.append(components[name])
        elif isinstance(one, list):
            left += one
    return found


def _nulls(component: Json) -> None:
    """Let each field that may be absent be null as well."""
    for name, shape in component.get("properties", {}).items():
        nullable = shape.get("type") == "null" or None in shape.get("enum", ())
        if name in component.get("required", ()) or nullable or {"type": "null"} in shape.get("anyOf", ()):
            continue
        more = {key: shape.pop(key) for key in ("default", "description") if key in shape}
        component["properties"][name] = {"anyOf": [shape, {"type": "null"}], **more}


def _only(name: str, either: tuple[str, ...]) -> Json:
    """A body with this field and none of the others."""
    others: Json = {one: {"type": "null"} for one in either if one != name}
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}, **others}}


def _routes(app: Litestar) -> Iterator[tuple[HTTPRoute, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.resolve_include_in_schema():
                    yield route, method, handler


def _operation(route: HTTPRoute, method: str, handler: HTTPRouteHandler, shape_of: Mapping[str, Json]) -> Json:
    words = [word.strip("{}") for word in route.path_format.split("/")[3:]]
    operation: Json = {
        "operationId": "_".join([method.lower(), *words]).replace("-", "_"),
        "summary": handler.summary,
        "description": (handler.fn.__doc__ or "").replace("\n    ", "\n").strip(),
        "tags": [_tag(handler)],
        "parameters": list(_parameters(route, handler)),
        "responses": _responses(handler, shape_of),
    }
    if handler.parsed_data_field is not None:
        schema = shape_of[repr(handler.parsed_data_field.raw)]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if field := handler.opt.get("upload"):
        file = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
        shape = {"type": "object", "properties": {field: file}, "required": [field], "additionalProperties": False}
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": shape}}}
    examples.give(operation, method, route.path_format)
    return operation


def _parameters(route: HTTPRoute, handler: HTTPRouteHandler) -> Iterator[Json]:
    given = {"request", "data", *handler.resolve_dependencies()}
    for name, field in handler.parsed_fn_signature.parameters.items():
        if name in given:
            continue
        in_path = name in route.path_parameters
        shown: Json = {
            "name": strict.name_of(name, field),
            "in": "path" if in_path else "query",
            "required": in_path,
            "schema": _schema(field),
        }
        if isinstance(field.kwarg_definition, KwargDefinition) and field.kwarg_definition.description:
            shown["description"] = field.kwarg_definition.description
        yield shown
    if _is_once(handler):
        yield _IDEMPOTENCY_KEY


def _schema(field: FieldDefinition) -> Json:
    """Of a parameter. Null is no value it could have; it is absent instead."""
    kind = next((one.annotation for one in field.inner_types if not one.is_none_type), field.annotation)
    schema = msgspec.json.schema(kind if field.is_optional else field.annotation)
    more = field.kwarg_definition
    if isinstance(more, KwargDefinition):
        bounds = {_BOUNDS[name]: getattr(more, name) for name in _BOUNDS}
        schema |= {name: value for name, value in bounds.items() if value is not None}
        schema |= more.schema_extra or {}
    if isinstance(field.default, int | str):
        schema["default"] = field.default
    return schema


def _responses(handler: HTTPRouteHandler, shape_of: Mapping[str, Json]) -> Json:
    answer = _answer(handler)
    good: Json = {"description": "Done." if answer is None else "The answer."}
    if gives := handler.opt.get("gives"):
        good["content"] = {gives: {"schema": {"type": "string", "format": "binary"}}}
        good["headers"] = {"Content-Disposition": {"schema": {"type": "string"}}}
    elif answer is not None:
        also = {kind: {"schema": {"type": "string"}} for kind in handler.opt.get("also", ())}
        good["content"] = {"application/json": {"schema": shape_of[repr(answer.raw)]}, **also}
    if _is_once(handler):
        good["headers"] = {"Idempotent-Replayed": _REPLAYED}
    found = {str(handler.status_code): good}
    for code, spec in sorted((handler.responses or {}).items()):
        if code == 304:
            found[str(code)] = {"description": spec.description}
            continue
        if code < 300:  # another good answer, of the same shape
            found[str(code)] = {**good, "description": spec.description}
            continue
        found[str(code)] = {
            "description": spec.description,
            "content": {"application/json": {"schema": shape_of[repr(wire.Error)]}},
        }
        if code in (429, 503):
            found[str(code)]["headers"] = {"Retry-After": _RETRY_AFTER}
    return found


def _answer(handler: HTTPRouteHandler) -> FieldDefinition | None:
    """What the route gives, without the response around it; None for nothing."""
    given = handler.parsed_fn_signature.return_type
    if given.inner_types and given.raw is not given.inner_types[0].raw and _is_response(given):
        given = given.inner_types[0]
    return None if given.is_none_type or handler.opt.get("gives") else given


def _is_response(field: FieldDefinition) -> bool:
    return field.origin is not None and getattr(field.origin, "__name__", "") == "Response"


def _is_once(handler: HTTPRouteHandler) -> bool:
    """Whether it takes an Idempotency-Key: 409 has no other meaning."""
    return 409 in (handler.responses or {})


def _tag(handler: HTTPRouteHandler) -> str:
    tags = [tag for layer in handler.ownership_layers for tag in getattr(layer, "tags", None) or ()]
    return str(tags[-1])
