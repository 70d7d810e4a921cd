"""Who sends a whole body before looking for an answer hears the answer that came without reading it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wabox import app, uploads

LENGTH = (b"content-length", b"300")
CLOSE = (b"connection", b"close")


async def read_by(
    *headers: tuple[bytes, bytes], version: str = "1.1", reads: int = 0, pieces: int = 3
) -> tuple[int, list[str]]:
    """How many pieces were read before the answer began and what was sent; reads: by the page."""
    seen = 0
    sent: list[str] = []
    before: list[int] = []

    async def receive() -> Any:
        nonlocal seen
        seen += 1
        assert seen <= pieces, "nothing more comes"
        return {"type": "http.request", "body": b"x" * 100, "more_body": seen < pieces}

    async def send(message: Any) -> None:
        if not sent:
            before.append(seen)
        sent.append(message["type"])

    async def refuses(_scope: Any, receive: Any, send: Any) -> None:
        for _ in range(reads):
            await receive()
        await send({"type": "http.response.start", "status": 413, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    scope: Any = {"type": "http", "http_version": version, "headers": list(headers)}
    await app._heard_out(refuses)(scope, receive, send)
    return before[0], sent


@pytest.mark.parametrize(
    ("headers", "version", "reads", "read"),
    [
        ((LENGTH, CLOSE), "1.1", 0, 3),
        ((LENGTH,), "1.0", 0, 3),
        (((b"Transfer-Encoding", b"chunked"), CLOSE), "1.1", 1, 3),
        ((LENGTH, CLOSE), "1.1", 3, 3),
        ((LENGTH, CLOSE, (b"Expect", b"100-continue")), "1.1", 0, 0),
        ((LENGTH,), "1.1", 0, 0),
        ((CLOSE,), "1.1", 0, 0),
    ],
)
async def test_a_body_is_read_on_where_the_connection_ends_with_the_answer(
    headers: tuple[tuple[bytes, bytes], ...], version: str, reads: int, read: int
) -> None:
    expected = ["http.response.start", "http.response.body"]
    assert await read_by(*headers, version=version, reads=reads) == (read, expected)


async def test_nobody_is_heard_out_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_DRAINED", 150)
    assert (await read_by(LENGTH, CLOSE, pieces=9))[0] == 2


async def test_an_answer_waits_once_for_a_body_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SILENT_SECONDS", 0.01)
    asked = 0
    sent: list[str] = []

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def streams(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": []})
        for more in (True, True, False):
            await send({"type": "http.response.body", "body": b"x", "more_body": more})

    scope: Any = {"type": "http", "http_version": "1.1", "headers": [LENGTH, CLOSE]}
    await app._heard_out(streams)(scope, receive, send)
    assert (asked, len(sent)) == (1, 4)
