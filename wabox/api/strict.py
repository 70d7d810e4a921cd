"""Reads a JSON body strictly: what another parser might read differently is refused, with the place."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from litestar import Request

from wabox.errors import Invalid

DEEPEST = 32
_UNFIT = re.compile("[\0\ud800-\udfff]")


class StrictRequest(Request[Any, Any, Any]):
    """A request whose json() raises Invalid on anything but one plain JSON document."""

    async def json(self) -> Any:
        """The decoded body. Raises Invalid `bad_json`."""
        return decode(await self.body())


def decode(body: bytes) -> Any:
    """The document. Raises Invalid `bad_json`: not UTF-8, not JSON, a name twice, NaN, NUL, too deep."""
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError:
        raise _bad("The body is not UTF-8.") from None
    except RecursionError:
        raise _bad("The body is nested too deeply.") from None
    except ValueError as error:
        raise _bad(f"The body is not valid JSON: {error}.") from None
    _check(found, "", DEEPEST)
    return found


def moment(value: datetime | None, field: str) -> datetime | None:
    """The moment in UTC. Raises Invalid for one that has no place on the calendar."""
    if value is None:
        return None
    try:
        return value.astimezone(UTC)
    except (OverflowError, ValueError):
        sentence = "This time is outside the calendar; use one like 2026-04-25T10:00:00+06:00."
        raise Invalid("bad_time", sentence, details={field: sentence}) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _bad(f"The name {twice[:64]!r} stands twice in one object; send it once.")
    return found


def _constant(name: str) -> Any:
    raise _bad(f"{name} is not JSON.")


def _check(value: Any, path: str, depth: int) -> None:
    if depth == 0:
        raise _bad("The body is nested too deeply.")
    if isinstance(value, str) and _UNFIT.search(value):
        sentence = "A text may not hold NUL or half a character; send plain text."
        raise Invalid("bad_text", sentence, details={path or "body": sentence})
    if isinstance(value, dict):
        for name, one in value.items():
            _check(name, path, depth - 1)
            _check(one, f"{path}.{name}" if path else name, depth - 1)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            _check(one, f"{path}[{number}]", depth - 1)


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_json", sentence)
