"""What all resources share on the wire: errors, pages, and how a route declares them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, ParamSpec, Protocol, TypeVar

from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from msgspec import Meta, Struct, field

from wabox.messages import template

P = ParamSpec("P")
T = TypeVar("T")


class Error(Struct):
    """Every error. error: a sentence that says what to do. details: a sentence for each wrong field."""

    error: str
    code: str
    details: dict[str, str] = field(default_factory=dict)


class Page(Struct, Generic[T], omit_defaults=True):
    """One page of a list, newest first unless the route says otherwise. at_least: there are more than total."""

    data: list[T]
    page: int
    per_page: int
    total: int
    pages: int
    next_cursor: str | None
    at_least: bool = False


# A message as far as a regular expression can tell: braces one deep, and one sign that shows outside them.
_BLANK = "\\u0000-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
_INSIDE = "[^{}|\\\\\\u0000]"


def _text_pattern() -> str:
    variable = rf"\{{(?:{template.NAME_PATTERN})(?::{_INSIDE}*)?\}}"
    one = f"(?:{_INSIDE}|{variable})*"
    piece = rf"(?:[^{{}}\\\u0000]|\\[^\u0000]|{variable}|\{{{one}(?:\|{one})+\}})"
    return rf"^{piece}*[^{{}}\\{_BLANK}]{piece}*\\?$"


TEXT_PATTERN = _text_pattern()

BIGGEST_ID = 2**63 - 1
LABEL_PATTERN = "^[a-z0-9][a-z0-9_-]{0,31}$"
PHONE_PATTERN = "^[+]?[1-9][0-9]{6,14}$"
FIELD_PATTERN = "^[a-z][a-z0-9_]{0,31}$"
PLAIN_PATTERN = "^[^\\u0000]*$"
PLAIN_LINE = "^[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]*$"
NAME_PATTERN = "^[0-9A-Za-z][^\\u0000-\\u001f\\u007f-\\u00a0\\u2028\\u2029\\ud800-\\udfff]*$"

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time", "examples": ["2026-04-25T12:34:56+00:00"]})]
Aware = Annotated[datetime, Meta(tz=True)]
Moment = Annotated[
    str | None,
    Parameter(
        max_length=40,
        description="A time with an offset; write its + as %2B.",
        schema_extra={"format": "date-time"},
    ),
]
Text = Annotated[
    str,
    Meta(
        description="Up to 4,096 characters as the person reads it, 16,384 with alternatives `{a|b}`. "
        "Variables: `{name}`, `{custom}`, `{phone}` and your own fields, like `{city}`, with a fallback where "
        "you like, as `{name:friend}`. `\\{` is a brace.",
        extra_json_schema={"pattern": TEXT_PATTERN, "maxLength": 4_096, "examples": ["Your parcel is here."]},
    ),
]
StoredText = Annotated[
    str,
    Meta(
        description="As the message of POST /send, with any variables: `{order}`, or `{order:your order}` with a "
        "fallback.",
        extra_json_schema={
            "pattern": TEXT_PATTERN,
            "maxLength": 4_096,
            "examples": ["Hello {name:friend}, order {order} is ready."],
        },
    ),
]
Id = Annotated[int, Meta(ge=1, le=BIGGEST_ID)]
Variables = Annotated[
    dict[str, str],
    Meta(
        description="Values by name: a small letter, then small letters, digits and `_`.",
        extra_json_schema={
            "propertyNames": {"pattern": f"^{template.NAME_PATTERN}$"},
            "additionalProperties": {
                "type": "string",
                "maxLength": template.MOST_VALUE,
                "pattern": PLAIN_PATTERN,
            },
            "maxProperties": template.MOST_VARIABLES,
            "examples": [{"order": "1001"}],
        },
    ),
]
Phone = Annotated[
    str,
    Meta(
        description="Digits with the country code first. wabox also understands national numbers, spaces, dashes "
        "and other scripts' digits.",
        extra_json_schema={"pattern": PHONE_PATTERN, "examples": ["8801711123456"]},
    ),
]
Label = Annotated[str, Meta(extra_json_schema={"pattern": LABEL_PATTERN})]
LabelInPath = Annotated[str, Parameter(description="The device's label.", schema_extra={"pattern": LABEL_PATTERN})]
PageNumber = Annotated[int, Parameter(ge=1, le=1_000_000, description="Page, from 1.")]
PerPage = Annotated[int, Parameter(ge=1, le=200, description="Rows on a page.")]
Cursor = Annotated[
    str | None,
    Parameter(
        description="`next_cursor` of the page before; fast at any depth.",
        schema_extra={"pattern": "^[0-9]{1,18}$"},
    ),
]

_MEANINGS = {
    401: "The API key is missing or not valid.",
    402: "Not enough credits.",
    403: "The account is not active, the key lacks the scope, or the disclaimer is not accepted.",
    404: "It does not exist, or it is not yours.",
    405: "The path exists, but not with this method.",
    409: "The same Idempotency-Key came with another body.",
    413: "The body is too large.",
    416: "The stretch lies beyond the file's end.",
    422: "Something in the request is wrong; `details` names the fields.",
    429: "Too many requests; Retry-After says when to come again.",
    500: "A fault in wabox; it is in the log.",
    503: "The device is not linked, or the box is busy; nothing was stored.",
}


def errors(*codes: int) -> dict[int, ResponseSpec]:
    """The errors a route may answer, besides 401, 403, 422, 429, 500 and 503, which every route may."""
    return {
        code: ResponseSpec(Error, description=_MEANINGS[code], generate_examples=False)
        for code in sorted({401, 403, 413, 422, 429, 500, 503, *codes})
    }


def another(kind: type[Any], description: str) -> ResponseSpec:
    """A second good answer that a route may give."""
    return ResponseSpec(kind, description=description, generate_examples=False)


def page_of(
    rows: list[Any],
    make: Callable[[Any], T],
    *,
    page: int,
    per_page: int,
    total: int,
    next_cursor: int | None,
    at_least: bool = False,
) -> Page[T]:
    """Rows as a page on the wire."""
    return Page(
        data=[make(row) for row in rows],
        page=page,
        per_page=per_page,
        total=total,
        pages=max(-(-total // per_page), 1),
        next_cursor=None if next_cursor is None else str(next_cursor),
        at_least=at_least,
    )


class Listed(Protocol):
    """What a noun found of a list. next_cursor: an id, None at the end."""

    @property
    def total(self) -> int: ...
    @property
    def next_cursor(self) -> int | None: ...


def listed(found: Listed, rows: list[Any], make: Callable[[Any], T], *, page: int, per_page: int) -> Page[T]:
    """A page that a noun found, on the wire. rows: what is on it."""
    return page_of(rows, make, page=page, per_page=per_page, total=found.total, next_cursor=found.next_cursor)
