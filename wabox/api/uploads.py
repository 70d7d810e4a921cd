"""Takes the one file of a multipart body, straight to the disk."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from litestar import Request

from wabox import uploads
from wabox.errors import Invalid, Refusal
from wabox.media.coming import Room
from wabox.media.store import Incoming, too_large

FIELD = "file"
_HOW = "Send multipart/form-data with the file in the field `file`."


async def read(
    request: Request[Any, Any, Any], incoming: Incoming, room: Awaitable[Room], *, most_bytes: int
) -> str | None:
    """The file is in `incoming`, all of it; its name, if the client gave one.

    room: what its account may have on its way, which is asked before a byte is kept. Raises Invalid `bad_upload`,
    `upload_too_slow`, TooLarge, TooMany, Unavailable and what `room` raises.
    """
    found = await _refused_or(room)
    announced = request.content_type[0] == "multipart/form-data" and request.content_length or 0
    over = announced > most_bytes + uploads.MOST_AROUND
    if over and request.headers.get("expect", "").lower() == "100-continue":
        raise too_large(
            most_bytes
        )  # who asked first has sent nothing; others hear no answer before they have sent

    def ready() -> None:
        if over:
            raise too_large(most_bytes)
        if isinstance(found, Refusal):
            raise found
        incoming.place.room = found
        incoming.announce(request.content_length or 0)

    parts = _Parts(incoming)
    await uploads.read(request, parts, ready=ready, most_seconds=uploads.SLOWEST_SECONDS, bad=_bad, how=_HOW)
    if parts.files != 1:
        raise _bad(_HOW)
    return parts.filename


async def _refused_or(room: Awaitable[Room]) -> Room | Refusal:
    try:
        return await room
    except Refusal as refusal:
        return refusal


class _Parts:
    """What has come so far."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self.files = 0
        self.filename: str | None = None

    def begin(self, name: str, filename: str | None, kind: str) -> None:
        """The file begins. Raises Invalid `bad_upload` for a part that is not asked for."""
        if name != FIELD or self.files:
            sentence = f"Send the one field `{FIELD}`, once."
            raise Invalid("bad_upload", sentence, details={name[:64] or "body": sentence})
        self.files += 1
        self.filename = filename
        self._incoming.claims = kind

    def write(self, piece: bytes) -> None:
        """More of it."""
        self._incoming.write(piece)


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_upload", sentence, details={FIELD: sentence})
