"""The app of a stage on a free port of its own, and many who call it at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from tests.cast import Stage
from wabox import app


@contextlib.contextmanager
def serving(made: Stage) -> Iterator[str]:
    """The app's address, while it is served by a thread with a loop of its own."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)  # who comes before the loop runs waits
    server = uvicorn.Server(uvicorn.Config(app.create(made.box), log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True, slots=True)
class Ask:
    """A POST to be made."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Got:
    """Its answer. headers: names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)


def rush(url: str, asks: Sequence[Ask], *, connections: int) -> list[Got]:
    """All of them, as fast as so many connections can; the answers in the order of the asks."""

    async def all_of_them() -> list[Got]:
        left = deque(enumerate(asks))
        got: dict[int, Got] = {}
        await asyncio.gather(*(_through_one(url, left, got) for _ in range(connections)))
        return [got[number] for number in range(len(asks))]

    return asyncio.run(all_of_them())


async def _through_one(url: str, left: deque[tuple[int, Ask]], got: dict[int, Got]) -> None:
    """One connection takes what is left, one after the other."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    while left:
        number, ask = left.popleft()
        body = json.dumps(ask.body).encode()
        headers = {"Host": place.netloc, "Content-Length": str(len(body)), **ask.headers}
        lines = [f"POST {ask.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        named = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        text = (await reader.readexactly(int(named["content-length"]))).decode()
        got[number] = Got(int(first.split()[1]), named, text)
    writer.close()
    await writer.wait_closed()
