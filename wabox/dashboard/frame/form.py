"""Knows what a browser's form says: texts of bounded length, never a surprise."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

from wabox.errors import Invalid, TooLarge
from wabox.languages import later
from wabox.mounting import box_of

MOST_FIELDS = 500  # a contact with fifty tags and fifty fields, an audience of many tags
LONGEST = 20_000
BAD = later("This form could not be read; go back, shorten what you wrote and try again.")
TOO_LONG = later("This form holds too much text; go back, shorten what you wrote and try again.")


class Form:
    """The fields of one posted form. Unknown ones are not looked at."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def text(self, name: str, *, trim: bool = True) -> str:
        """The field's text, "" if it is missing; line ends as \\n."""
        values = self._fields.get(name)
        text = values[0].replace("\r\n", "\n") if values else ""
        return text.strip() if trim else text

    def texts(self, name: str) -> list[str]:
        """Every value of a field that may come several times."""
        return self._fields.get(name, [])

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self._fields.get(name))


def parse(body: bytes) -> Form:
    """The form in a urlencoded body. Raises Invalid `bad_form`."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise bad() from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in value or len(value) > LONGEST:
            raise bad()
        fields.setdefault(name, []).append(value)
    return Form(fields)


async def body(request: Request[Any, Any, Any]) -> bytes:
    """The posted fields as they came, also where a route takes files of any size. Raises TooLarge."""
    state = request.scope["state"]
    if "body" not in state:
        most, held = box_of(request).config.limits.body_kilobytes * 1024, bytearray()
        async for chunk in request.stream():
            held += chunk
            if len(held) > most:
                raise too_long()
        state["body"] = bytes(held)
    found: bytes = state["body"]
    return found


def bad() -> Invalid:
    """What is said of a form that is none of ours."""
    return Invalid("bad_form", BAD)


def too_long() -> TooLarge:
    """What is said of more text than any form has."""
    return TooLarge("too_large", TOO_LONG)
