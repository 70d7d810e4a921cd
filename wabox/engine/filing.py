"""Keeps the files that are sent within their days and their room, and takes away what no row names."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from wabox.box import Box
from wabox.engine.backoff import Backoff
from wabox.media import intake, keeping, store

log = structlog.get_logger()


class Filing:
    """Asked once at the start, before anything can come in, and hourly."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._failed = Backoff()

    async def begin(self) -> None:
        """What a crash left halfway is gone: pieces of files, files without a row, rows without a file."""
        box = self._box
        with self._failed.apart("filing", "begin"):
            await asyncio.to_thread(store.sweep_parts, box.media)
            there = await asyncio.to_thread(store.held, box.media)
            lost = await box.db.write(keeping.lost, there, now=box.now())
            if lost:
                log.warning("files are missing from the disk", rows=lost)
            gone = await asyncio.to_thread(intake.clear, box.db, box.media)
            if gone:
                log.info("files without a row removed", files=gone)

    async def tick(self) -> None:
        """What nobody used for as long as files are kept is removed, unless something is still to go with it."""
        box, now = self._box, self._box.now()
        with self._failed.apart("filing", "sweep"):
            keep_days = box.config.media.keep_days
            if keep_days:
                since = now - timedelta(days=keep_days)
                while await box.db.write(keeping.expire, unused_since=since, now=now):
                    pass
            while await box.db.write(keeping.forget, now=now):
                pass
            await asyncio.to_thread(intake.clear, box.db, box.media)
