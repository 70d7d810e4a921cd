"""Knows what a browser's form says: texts of bounded length, never a surprise."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile

from wabox.errors import Invalid
from wabox.languages import later

MOST_FIELDS = 500  # a contact with fifty tags and fifty fields, an audience of many tags
LONGEST = 20_000
SLOWEST_SECONDS = 900.0  # for a form with a file to come whole


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
        raise _bad() from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in value or len(value) > LONGEST:
            raise _bad()
        fields.setdefault(name, []).append(value)
    return Form(fields)


async def sent(request: Request[Any, Any, Any]) -> FormMultiDict:
    """What a form with a file holds, the file too. Raises Invalid `bad_form`, `upload_too_slow`."""
    try:
        async with asyncio.timeout(SLOWEST_SECONDS):
            found = await request.form()
        for _, value in found.multi_items():
            (value.filename if isinstance(value, UploadFile) else str(value)).encode()
    except TimeoutError:
        slow = later(
            "The file came too slowly and was not taken; try again on a better connection, or make it smaller."
        )
        raise Invalid("upload_too_slow", slow) from None
    except (UnicodeError, LookupError):  # no text, or in an alphabet nobody knows
        raise _bad() from None
    return found


async def token(request: Request[Any, Any, Any]) -> str:
    """The form's CSRF token, "" without one. A form with a file is read only where a route says `upload=True`."""
    if _has_files(request):
        found = (await sent(request)).get("_csrf")
        return found if isinstance(found, str) else ""
    return parse(await request.body()).text("_csrf")


async def drop_files(request: Request[Any, Any, Any]) -> None:
    """The files of a form that is refused are let go at once."""
    if _has_files(request):
        for _, value in (await sent(request)).multi_items():
            if isinstance(value, UploadFile):
                await value.close()


def _has_files(request: Request[Any, Any, Any]) -> bool:
    return bool(request.route_handler.opt.get("upload")) and request.content_type[0] == "multipart/form-data"


def _bad() -> Invalid:
    return Invalid("bad_form", "This form could not be read; go back, shorten what you wrote and try again.")
