"""What the world knows of one device: its link as last shown, its pairing code; news goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from wabox.whatsapp.driver import Event, Link, Pairing, SessionSpec

log = structlog.get_logger(__name__)


class Board:
    """Shows each change once, and lets others wait for one.

    since, changed_at, code_until: seconds of the loop's clock: of the state, of the link as it is,
    and until when a person may type the pairing code.
    """

    def __init__(
        self,
        spec: SessionSpec,
        emit: Callable[[Event], None],
        now: Callable[[], datetime],
        code_seconds: float,
    ) -> None:
        self.link = Link(spec.device_id, spec.session, "not_started")
        self.since = self.changed_at = self.code_until = 0.0
        self._emit = emit
        self._now = now
        self._code_seconds = code_seconds
        self._turn = asyncio.Event()
        self._code: str | None = None

    def show(self, link: Link) -> None:
        """The world hears of this link, if it is any news."""
        if link == self.link:
            return
        if (link.state, link.detail) != (self.link.state, self.link.detail):
            said = {} if link.reason is None else {"reason": link.reason}
            log.info("device_state", device_id=link.device_id, state=link.state, detail=link.detail, **said)
        self.changed_at = asyncio.get_running_loop().time()
        if link.state != self.link.state:
            self.since = self.changed_at
        self.link = link
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()
        self._emit(link)

    def show_code(self, code: str | None, reason: str | None = None) -> None:
        """The world hears of this pairing code, if it is any news, or why there is none."""
        if code is not None and code == self._code:
            return
        self._code, expires_at = code, None
        if code is not None:
            expires_at = self._now() + timedelta(seconds=self._code_seconds)
            self.code_until = asyncio.get_running_loop().time() + self._code_seconds
        self._emit(Pairing(self.link.device_id, self.link.session, code, expires_at, reason))

    async def wait_for(self, wanted: Callable[[Link], bool], seconds: float) -> bool:
        """Whether the link became as wanted within this time."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        while not wanted(self.link):
            try:
                async with asyncio.timeout_at(deadline):
                    await self._turn.wait()
            except TimeoutError:
                return False
        return True
