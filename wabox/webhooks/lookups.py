"""Looks up the names of webhooks on threads of its own: a user whose name is slow to answer holds up nobody else.

The system's look-up cannot be broken off; its thread is held until the system gives up. So each user has one
look-up at a time, which all posts to that name share, and all users together a bounded number of threads.
Whoever gets none in time learns nothing of the name, and is told so.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

import structlog

log = structlog.get_logger()

MOST_THREADS = 32
PATIENCE_SECONDS = 2.0  # for a thread; a post waits longer for its name

Lookup = Callable[[str, int], Sequence[str]]
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


async def of_system(host: str, port: int) -> Sequence[str]:
    """The addresses of a name that the box's owner wrote down; nobody else waits behind it. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class NamesBusy(Exception):
    """No thread was free in time: nothing is known of the name."""


class _Asked:
    """One look-up. begun: it has its thread. answer: the addresses, or why there are none."""

    def __init__(self, user_id: int, host: str, port: int) -> None:
        self.user_id, self.name = user_id, (host, port)
        self.begun = asyncio.Event()
        self.answer: asyncio.Future[Sequence[str] | Exception] = asyncio.get_running_loop().create_future()


class Names:
    """Belongs to the loop. lookup: blocks until the name's addresses are known; raises OSError. most: threads."""

    def __init__(self, lookup: Lookup | None = None, *, most: int = MOST_THREADS) -> None:
        self._lookup = lookup or addresses
        self._free = most
        self._of_user: dict[int, _Asked] = {}
        self._waiting: deque[_Asked] = deque()

    def of(self, user_id: int) -> Resolver:
        """Looks up for this user."""
        return partial(self.find, user_id)

    async def find(self, user_id: int, host: str, port: int) -> Sequence[str]:
        """Every address of the name. Raises OSError if it has none, NamesBusy if no thread was free in time."""
        asked = self._of_user.get(user_id)
        async with _in_time():
            while asked is not None and asked.name != (host, port):  # the webhook is new, its old name hangs
                await asyncio.shield(asked.answer)
                asked = self._of_user.get(user_id)
            if asked is None:
                asked = self._of_user[user_id] = _Asked(user_id, host, port)
                self._waiting.append(asked)
            self._begin()
            await asked.begun.wait()
        found = await asyncio.shield(asked.answer)
        if isinstance(found, Exception):
            raise found
        return found

    def _begin(self) -> None:
        """Whoever waits longest has the free threads."""
        while self._free and self._waiting:
            asked = self._waiting.popleft()
            thread = threading.Thread(target=self._look_up, args=(asked, asyncio.get_running_loop()), daemon=True)
            thread.name = f"name of {asked.user_id}"
            try:
                thread.start()
            except RuntimeError as error:  # the machine has no room for a thread
                log.warning("no thread for a name", error=str(error))
                self._waiting.appendleft(asked)
                return
            self._free -= 1
            asked.begun.set()

    def _look_up(self, asked: _Asked, loop: asyncio.AbstractEventLoop) -> None:
        found: Sequence[str] | Exception
        try:
            found = self._lookup(*asked.name)
        except Exception as error:  # noqa: BLE001 - it is handed to whoever asked
            found = error
        with suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(self._over, asked, found)

    def _over(self, asked: _Asked, found: Sequence[str] | Exception) -> None:
        self._free += 1
        del self._of_user[asked.user_id]
        asked.answer.set_result(found)
        self._begin()


def addresses(host: str, port: int) -> Sequence[str]:
    """Every address the system knows for this name, each once. Raises OSError. Blocks."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Raises NamesBusy when it is not done soon."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield
    except TimeoutError:
        raise NamesBusy from None
