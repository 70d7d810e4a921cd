"""Looks the database through once a night, and says in the log and on the health page what is wrong with it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from wabox.box import Box
from wabox.checkup import database
from wabox.checkup.database import Checked

log = structlog.get_logger()

NIGHT = (1, 6)  # from which hour to which, on the shop's clock
OLD = timedelta(hours=20)
TOO_OLD = timedelta(hours=36)  # a box that is off every night is looked through by day


class Nightly:
    """Asked each hour whether it is time."""

    def __init__(self, box: Box) -> None:
        self._box = box

    async def tick(self) -> None:
        """If it is time, the database is looked through; nothing in it is put right."""
        now = self._box.now()
        last = await self._box.db.read(database.last)
        if last is None or self._is_time(now, now - last.at):
            await check(self._box)

    def _is_time(self, now: datetime, age: timedelta) -> bool:
        first, end = NIGHT
        at_night = first <= now.astimezone(self._box.config.zone).hour < end
        return age >= TOO_OLD or age < timedelta() or (at_night and age >= OLD)


async def check(box: Box) -> Checked:
    """The database was looked through on a thread of its own, and what was found is kept and in the log."""
    checked = await asyncio.to_thread(database.check, box.db.path, quick=True, now=box.now())
    for one in checked.findings:
        if one.level != "ok":
            log.error("database check", found=one.says, cure=one.cure)
    log.info("database checked", seconds=checked.seconds, well=checked.well)
    await box.db.write(database.keep, checked)
    return checked
