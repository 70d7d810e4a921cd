"""What the world knows of one device: its link as last shown, its pairing code; news goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from wabox.whatsapp.driver import Event, Link, Pairing

log = structlog.get_logger(__name__)

_CODE_SECONDS = 180  # WhatsApp's pairing codes; wa-js asks for the next after 195 s


class Board:
    """Shows each change once, and lets others wait for one."""

    def __init__(self, device_id: int, emit: Callable[[Event], None], now: Callable[[], datetime]) -> None:
        self.link = Link(device_id, "not_started")
        self.since = 0.0
        self._emit = emit
        self._now = now
        self._turn = asyncio.Event()
        self._code: str | None = None

    def show(self, link: Link) -> None:
        """The world hears of this link, if it is any news."""
        if link == self.link:
            return
        if (link.state, link.detail) != (self.link.state, self.link.detail):
            log.info("device_state", device_id=link.device_id, state=link.state, detail=link.detail)
        if link.state != self.link.state:
            self.since = asyncio.get_running_loop().time()
        self.link = link
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()
        self._emit(link)

    def show_code(self, code: str | None, reason: str | None = None) -> None:
        """The world hears of this pairing code, if it is any news, or why there is none."""
        if code is not None and code == self._code:
            return
        self._code = code
        expires_at = self._now() + timedelta(seconds=_CODE_SECONDS) if code else None
        self._emit(Pairing(self.link.device_id, code, expires_at, reason))

    async def wait_for(self, wanted: Callable[[Link], bool], seconds: float) -> bool:
        """Whether the link became as wanted within this time."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        while not wanted(self.link):
            try:
                await asyncio.wait_for(self._turn.wait(), max(deadline - clock(), 0))
            except TimeoutError:
                return False
        return True
