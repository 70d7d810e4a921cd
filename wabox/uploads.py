"""Reads a multipart body as it comes and gives each piece on at once: the only importer of multipart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from litestar import Request
from litestar.exceptions import InternalServerException
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from wabox.errors import Invalid, Refusal
from wabox.languages import later

SILENT_SECONDS = 60.0  # without a byte
MOST_DRAINED = 256 * 1024 * 1024  # of what comes after a refusal, so that the client hears of it
MOST_PARTS = 8
MOST_AROUND = 64 * 1024  # bytes of boundaries and headers around one file
SLOWEST_SECONDS = 900.0  # for one file, all of it
SLOW = later("The file came too slowly and was not taken; try again on a better connection, or make it smaller.")
CUT = later("The connection ended before the file was whole; send it again.")


class Parts(Protocol):
    """Who takes the parts, in a thread aside."""

    def begin(self, name: str, filename: str | None, kind: str) -> None:
        """A part begins. name, filename, kind: as its sender says. Raises a Refusal for one that is not wanted."""

    def write(self, piece: bytes) -> None:
        """More of the part that began last."""


async def read(
    request: Request[Any, Any, Any],
    parts: Parts,
    *,
    ready: Callable[[], None],
    most_seconds: float | None,
    most_parts: int = MOST_PARTS,
    bad: Callable[[str], Invalid],
    how: str,
) -> None:
    """Every part was given on, and the body is whole.

    ready: is called before a byte is kept. bad: the refusal with this sentence, for what is no such form; how:
    what to do. Raises these and what `ready` and `parts` raise. What was refused half-read is read on for a
    while, and thrown away.
    """
    kind, options = request.content_type
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not 1 <= len(boundary) <= 200 or not boundary.isascii():
        raise bad(how)
    stream = _timely(request.stream(), most_seconds, bad)
    try:
        ready()
        await _give(stream, boundary, parts, most_parts)
    except Refusal:
        await _drain(stream)
        raise
    except MultipartError:
        await _drain(stream)
        raise bad(f"The body is not what its boundary says, or not whole. {how}") from None
    except InternalServerException:
        raise bad(CUT) from None


async def _timely(
    stream: AsyncIterator[bytes], most_seconds: float | None, bad: Callable[[str], Invalid]
) -> AsyncIterator[bytes]:
    """The stream, until it makes one wait too long. Raises Invalid `upload_too_slow`; then it is over."""
    loop = asyncio.get_running_loop()
    ends = float("inf") if most_seconds is None else loop.time() + most_seconds
    while True:
        try:
            async with asyncio.timeout_at(min(ends, loop.time() + SILENT_SECONDS)):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Invalid("upload_too_slow", SLOW, details=bad(SLOW).details) from None
        yield chunk


async def _give(stream: AsyncIterator[bytes], boundary: str, parts: Parts, most_parts: int) -> None:
    with PushMultipartParser(boundary, max_segment_count=most_parts) as parser:
        async for chunk in stream:
            events = list(parser.parse(chunk)) if chunk else []
            if events:
                await asyncio.to_thread(_take, parts, events)


def _take(parts: Parts, events: list[Any]) -> None:
    for one in events:
        if isinstance(one, MultipartSegment):
            parts.begin(str(one.name), one.filename, one.content_type or "")
        elif one:
            parts.write(bytes(one))


async def _drain(stream: AsyncIterator[bytes]) -> None:
    seen = 0
    try:
        async for chunk in stream:
            seen += len(chunk)
            if seen > MOST_DRAINED:
                return
    except (InternalServerException, Invalid):
        return
