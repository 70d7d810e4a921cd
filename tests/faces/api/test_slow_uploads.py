"""An upload that does not come on is given up, so that nobody holds a place by sending nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from wabox import uploads as streams
from wabox.api import uploads
from wabox.config import Config
from wabox.dashboard.frame import parts
from wabox.errors import Invalid
from wabox.media.coming import Room
from wabox.media.store import Incoming

HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'


class Slow:
    """A request whose body comes in pieces with a wait before each. given_up: the stream was let go."""

    content_type = ("multipart/form-data", {"boundary": "x"})
    content_length = None

    def __init__(self, *pieces: bytes, wait: float) -> None:
        self._pieces, self._wait = pieces, wait
        self.read = 0

    async def stream(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            await asyncio.sleep(self._wait)
            self.read += 1
            yield piece


async def room() -> Room:
    return Room(1, 10_000)


async def taken(request: Slow, folder: Path) -> None:
    with Incoming(folder, most_bytes=10_000) as incoming:
        await uploads.read(cast(Any, request), incoming, room(), most_bytes=10_000)


def test_silence_in_the_middle_is_given_up_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SILENT_SECONDS", 0.02)
    request = Slow(HEAD + b"begun", b"never", wait=30)
    with pytest.raises(Invalid) as refused:
        asyncio.run(taken(request, tmp_path))
    assert refused.value.code == "upload_too_slow" and request.read == 0
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_drops_that_go_on_for_ever_are_given_up_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SLOWEST_SECONDS", 0.05)
    request = Slow(HEAD, *[b"a"] * 10_000, wait=0.001)
    with pytest.raises(Invalid) as refused:
        asyncio.run(taken(request, tmp_path))
    assert refused.value.code == "upload_too_slow" and 0 < request.read < 1_000


def test_what_comes_slowly_but_whole_is_taken(tmp_path: Path) -> None:
    asyncio.run(taken(Slow(HEAD, b"hel", b"lo", b"\r\n--x--\r\n", wait=0.001), tmp_path))


def test_a_form_on_a_page_has_a_deadline_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SLOWEST_SECONDS", 0.02)
    request: Any = Slow(HEAD, wait=30)
    request.app = SimpleNamespace(state=SimpleNamespace(box=SimpleNamespace(config=Config())))
    with pytest.raises(Invalid) as refused:
        asyncio.run(parts.small(request, None, field="file", most_bytes=9))
    assert refused.value.code == "upload_too_slow" and request.read == 0
