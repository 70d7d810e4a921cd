"""Wipes what is left of links that were taken away a day ago, or that ended otherwise a month ago."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from wabox.box import Box
from wabox.whatsapp.driver import Driver

log = structlog.get_logger()

KEPT = timedelta(hours=24)
DEAD = timedelta(days=31)  # WhatsApp drops a linked device that was away for 30: no key of it is good any more


class EndedLinks:
    """Looks each hour. Until then a profile lies private and unopened, in case it was no removal after all."""

    def __init__(self, box: Box, driver: Driver) -> None:
        self._box = box
        self._driver = driver

    async def tick(self) -> None:
        """Those that are over age are gone."""
        now = self._box.now()
        gone = await asyncio.to_thread(self._driver.forget_ended, before=now - KEPT, dead_before=now - DEAD)
        if gone:
            log.info("profiles of ended links wiped", count=len(gone))
