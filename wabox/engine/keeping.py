"""Takes away what is old enough, and makes room in the database: hourly, in small pieces, so that nobody waits."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

import structlog

from wabox import earlier, fence, retention
from wabox.billing import screenshots
from wabox.box import Box
from wabox.checkup import machine_clock
from wabox.datadir import DataDir
from wabox.engine.backoff import Backoff
from wabox.engine.clock_jumps import is_synchronised
from wabox.errors import Unavailable

log = structlog.get_logger()

MOST_PIECES = 200  # of one kind at one look: the rest an hour later
WEIGHED_EVERY = timedelta(hours=20)
FREE_SHARE = 0.25  # of the file, before it is made shorter: free pages are used again by themselves


class Keeping:
    """A box whose clock looks wrong, or that is held, takes nothing away."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._failed = Backoff()
        self._weighed_at: datetime | None = None

    async def tick(self) -> None:
        """What is over age is gone; then, where the database takes too much, the oldest that may go."""
        box, now = self._box, self._box.now()
        if await box.db.read(machine_clock.is_wrong) or await box.db.read(fence.of) is not None:
            return
        at = await box.db.write(retention.time_of_keeping, now, synchronised=is_synchronised())
        gone = 0
        for kind, span in retention.spans(box.config.data).items():
            with self._failed.apart("keeping", kind):
                gone += await self._remove(kind, at - span)
        with self._failed.apart("keeping", "room"):
            gone += await self._make_room(at)
        with self._failed.apart("keeping", "pictures"):
            gone += await self._make_room_for_pictures(at)
        with self._failed.apart("keeping", "shrink"):
            await self._shrink()
        with self._failed.apart("keeping", "copies"):
            await asyncio.to_thread(earlier.forget, DataDir(box.config.data.dir), at=at)
        if gone:
            log.info("old rows removed", rows=gone)

    async def weigh(self) -> None:
        """What takes how much room is known anew."""
        now = self._box.now()
        if self._weighed_at is not None and timedelta() <= now - self._weighed_at < WEIGHED_EVERY:
            return
        self._weighed_at = now
        with contextlib.suppress(Unavailable):  # too large to look through at once, or no dbstat on this machine
            found = await self._box.db.read(retention.weigh)
            if found:
                found["receipts"] = sum((await self._pictures()).values())
                await self._box.db.write(retention.weighed, found)

    async def _remove(self, kind: str, before: datetime) -> int:
        total = 0
        for _ in range(MOST_PIECES):
            gone = await self._piece(kind, before)
            total += gone
            if not gone:
                break
        return total

    async def _piece(self, kind: str, before: datetime) -> int:
        db = self._box.db
        ids = await db.read(retention.over_age, kind, before=before)
        return await db.write(retention.remove, kind, ids, before=before, now=self._box.now()) if ids else 0

    async def _make_room(self, at: datetime) -> int:
        """Of the oldest, until the database fits again or only young ones are left."""
        db, most = self._box.db, self._box.config.data.database_megabytes
        if not await db.read(retention.too_much, most):
            return 0
        total = 0
        for kind, steps in retention.STEPS.items():
            for days in steps:
                while gone := await self._piece(kind, at - timedelta(days=days)):
                    total += gone
                    if not await db.read(retention.too_much, most, share=retention.ROOMY):
                        return total
        log.warning("the database takes more than it may", megabytes=most)
        return total

    async def _pictures(self) -> dict[int, int]:
        """{payment: bytes of its picture}."""
        names = await self._box.db.read(retention.pictures)
        return await asyncio.to_thread(screenshots.sizes, self._box.config.data.dir / "receipts", names)

    async def _make_room_for_pictures(self, at: datetime) -> int:
        """Of payments that were decided, the oldest pictures, until they fit again or only young ones are left."""
        sizes, before = await self._pictures(), at - retention.PICTURES_AT_LEAST
        old = await self._box.db.read(retention.over_age, "receipts", before=before, most=len(sizes))
        going = retention.beyond(
            sizes, [one for one in old if one in sizes], self._box.config.data.receipt_megabytes
        )
        total = 0
        for n in range(0, len(going), retention.PIECE):
            ids = going[n : n + retention.PIECE]
            total += await self._box.db.write(
                retention.remove, "receipts", ids, before=before, now=self._box.now()
            )
        return total

    async def _shrink(self) -> None:
        for _ in range(MOST_PIECES):
            if not await self._box.db.shrink(over=FREE_SHARE):
                return
