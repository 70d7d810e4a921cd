"""Tells systemd that wabox is there, and each half minute that it really works; says nothing while it does not.

systemd ends a silent process then and starts it anew, which looks up what was in doubt and goes on. It works
while this loop comes round, the writer's thread has answered, no step of the clock is late, and each kind of turn
has a thread that does not hang. A full disk or a damaged database is no reason: starting anew would cure neither.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
from collections.abc import MutableMapping
from time import monotonic

import structlog

from wabox.box import Box
from wabox.errors import Refusal

log = structlog.get_logger()

HUNG_SECONDS = 600.0  # a turn gives up far sooner by itself
MICROSECONDS = 1_000_000


class Watchdog:
    """One process's word to systemd, if that started it. environ: is rid of what children must not see."""

    def __init__(self, box: Box, environ: MutableMapping[str, str] = os.environ) -> None:
        self._box = box
        self._address = environ.pop("NOTIFY_SOCKET", "")
        limit = int(environ.pop("WATCHDOG_USEC", "0")) / MICROSECONDS
        if environ.pop("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            limit = 0.0
        self.every = limit / 3

    async def run(self) -> None:
        """wabox is ready now. Goes on until it is cancelled, if systemd wants to hear more."""
        self.tell("READY=1")
        while self._address and self.every:
            await asyncio.sleep(self.every)
            if why := await self.ill():
                log.error("wabox does not work; systemd starts it anew if that stays", why=why)
            else:
                self.tell("WATCHDOG=1")

    def tell(self, word: str) -> None:
        """systemd has been told; if it cannot be, that is systemd's affair."""
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as talk:
                talk.setblocking(False)
                talk.sendto(word.encode(), address)
        except OSError as error:
            log.warning("systemd was not told", word=word, error=error.strerror)

    async def ill(self) -> str | None:
        """What of the process stands still; None: nothing."""
        try:
            await asyncio.wait_for(self._box.db.write(lambda tx: tx.value("select 1")), self.every or None)
        except TimeoutError:
            return "the writer does not answer"
        except (Refusal, sqlite3.Error):
            pass  # it has answered
        pulse = self._box.pulse
        if pulse.late and not self._box.db.damaged:
            return f"late: {', '.join(pulse.late)}"
        hung = [one.kind for one in pulse.turns.values() if _hangs(one.busy, one.threads)]
        return f"every turn hangs: {', '.join(hung)}" if hung else None


def _hangs(busy: dict[int, float], threads: int) -> bool:
    """Whether all its threads have been at one turn for far too long."""
    since = list(busy.values())
    return 0 < threads <= sum(monotonic() - one > HUNG_SECONDS for one in since)
