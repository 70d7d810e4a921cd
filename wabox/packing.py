"""Makes what goes over the wire small: pages, styles, scripts and JSON as gzip, for who takes it.

A page may hold a secret beside what its address said, and the length of packed bytes tells of both (BREACH). So a
page is packed only for a request of its own site, which other sites cannot make with our cookies either, and a
random number of bytes lies in each head, so that no length says anything exactly.
"""

from __future__ import annotations

import functools
import secrets
import struct
import zlib
from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

KINDS = ("text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml")
LEAST_BYTES = 600
MOST_BYTES = 4 * 1024 * 1024
LEVEL, BEST = 5, 9
MOST_PADDING = 64
HEAD = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff"  # gzip, deflate, with a name, no time, no system told
OWN_SITE = ("", "same-origin", "none")


def small(answers: ASGIApp) -> ASGIApp:
    """As `answers`, packed where that is worth it and the asker takes it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            await answers(scope, receive, _Packer(scope, send))
        else:
            await answers(scope, receive, send)

    return answer


class _Packer:
    """Holds back one answer until it is whole, if it may be packed."""

    def __init__(self, scope: Scope, send: Send) -> None:
        asked = dict(scope["headers"])
        self._send = send
        self._takes = _takes_gzip(asked.get(b"accept-encoding", b"").decode("latin-1"))
        self._own = asked.get(b"sec-fetch-site", b"").decode("latin-1") in OWN_SITE
        self._is_asset = scope["path"].startswith("/static/")
        self._begin: Message | None = None
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._may(message):
            self._begin = message
        elif message["type"] == "http.response.body" and self._begin is not None:
            self._parts.append(message["body"])
            if not message.get("more_body"):
                await self._whole()
        else:
            await self._send(message)

    def _may(self, begin: Any) -> bool:
        said = {name.lower(): value for name, value in begin["headers"]}
        kind = said.get(b"content-type", b"").decode("latin-1").partition(";")[0]
        length = said.get(b"content-length", b"")
        if kind not in KINDS or begin["status"] == 206 or b"content-encoding" in said:
            return False
        if b"vary" in said:
            MutableScopeHeaders.from_message(begin).extend_header_value("Vary", "Accept-Encoding")
        else:
            begin["headers"] = [*begin["headers"], (b"vary", b"Accept-Encoding")]
        long = length.isdigit() and LEAST_BYTES <= int(length) <= MOST_BYTES
        return self._takes and long and (self._own or kind != "text/html")

    async def _whole(self) -> None:
        begin, body = self._begin, b"".join(self._parts)
        assert begin is not None
        packed = _once(body) if self._is_asset else _packed(body, LEVEL, secrets.randbelow(MOST_PADDING))
        headers = MutableScopeHeaders.from_message(begin)
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(packed))
        if headers.get("ETag", "").startswith('"'):
            headers["ETag"] = "W/" + headers["ETag"]
        await self._send(begin)
        await self._send({"type": "http.response.body", "body": packed, "more_body": False})


def _takes_gzip(accepted: str) -> bool:
    for one in accepted.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


@functools.lru_cache(maxsize=64)
def _once(body: bytes) -> bytes:
    """An asset is packed once, as small as it gets."""
    return _packed(body, BEST, 0)


def _packed(body: bytes, level: int, padding: int) -> bytes:
    """RFC 1952. padding: bytes of the name in its head, which nobody reads."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = packer.compress(body) + packer.flush()
    tail = struct.pack("<LL", zlib.crc32(body), len(body) & 0xFFFFFFFF)
    return HEAD + b"-" * padding + b"\0" + data + tail
