"""Reads the one file of a multipart body, straight to the disk: the only importer of multipart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from wabox.errors import Invalid, Refusal
from wabox.media.coming import Room
from wabox.media.store import Incoming, too_large

FIELD = "file"
MOST_AROUND = 64 * 1024  # bytes of boundaries and headers
SLOWEST_SECONDS = 900.0  # for all of it
SILENT_SECONDS = 60.0  # without a byte
MOST_DRAINED = 64 * 1024 * 1024  # of what comes after a refusal, so that the client hears of it
_SLOW = "The file came too slowly and was not taken; try again on a better connection, or make it smaller."
_HOW = "Send multipart/form-data with the file in the field `file`."


async def read(
    request: Request[Any, Any, Any], incoming: Incoming, room: Awaitable[Room], *, most_bytes: int
) -> str | None:
    """The file is in `incoming`, all of it; its name, if the client gave one.

    room: what its account may have on its way, which is asked before a byte is kept. Raises Invalid `bad_upload`,
    `upload_too_slow`, TooLarge, TooMany, Unavailable and what `room` raises. What was refused half-read is read
    on for a while, and thrown away.
    """
    found = await _refused_or(room)
    kind, options = request.content_type
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not 1 <= len(boundary) <= 200 or not boundary.isascii():
        raise _bad(_HOW)
    if (request.content_length or 0) > most_bytes + MOST_AROUND:
        raise too_large(most_bytes)
    stream = _timely(request.stream())
    try:
        if isinstance(found, Refusal):
            raise found
        incoming.place.room = found
        incoming.announce(request.content_length or 0)
        return await _file(stream, boundary, incoming)
    except Refusal:
        await _drain(stream)
        raise
    except MultipartError:
        await _drain(stream)
        raise _bad(f"The body is not what its boundary says, or not whole. {_HOW}") from None
    except InternalServerException:
        raise _bad("The connection ended before the file was whole; send it again.") from None


async def _refused_or(room: Awaitable[Room]) -> Room | Refusal:
    try:
        return await room
    except Refusal as refusal:
        return refusal


async def _timely(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream, until it makes one wait too long. Raises Invalid `upload_too_slow`; then it is over."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + SLOWEST_SECONDS
    while True:
        try:
            async with asyncio.timeout_at(min(ends, loop.time() + SILENT_SECONDS)):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Invalid("upload_too_slow", _SLOW, details={FIELD: _SLOW}) from None
        yield chunk


async def _file(stream: AsyncIterator[bytes], boundary: str, incoming: Incoming) -> str | None:
    parts = _Parts(incoming)
    with PushMultipartParser(boundary, max_segment_count=8) as parser:
        async for chunk in stream:
            events = list(parser.parse(chunk)) if chunk else []
            if events:
                await asyncio.to_thread(parts.take, events)
    if parts.files != 1:
        raise _bad(_HOW)
    return parts.filename


class _Parts:
    """What has come so far."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._name = ""
        self.files = 0
        self.filename: str | None = None

    def take(self, events: list[Any]) -> None:
        """Parts begin, go on and end. Raises Invalid `bad_upload` for one that is not asked for."""
        for one in events:
            if isinstance(one, MultipartSegment):
                self._begin(one)
            elif one:
                self._incoming.write(bytes(one))

    def _begin(self, segment: MultipartSegment) -> None:
        if segment.name != FIELD or self.files:
            sentence = f"Send the one field `{FIELD}`, once."
            raise Invalid("bad_upload", sentence, details={str(segment.name)[:64] or "body": sentence})
        self.files += 1
        self.filename = segment.filename
        self._incoming.claims = segment.content_type or ""


async def _drain(stream: AsyncIterator[bytes]) -> None:
    seen = 0
    try:
        async for chunk in stream:
            seen += len(chunk)
            if seen > MOST_DRAINED:
                return
    except (InternalServerException, Invalid):
        return


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_upload", sentence, details={FIELD: sentence})
