"""Looks the database through once a night, and says in the log and on the health page what is wrong with it."""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox.box import Box
from wabox.checkup import database

NIGHT = (1, 6)  # from which hour to which, on the shop's clock
OLD = timedelta(hours=12)
TOO_OLD = timedelta(hours=36)  # a box that is off every night is looked through by day


class NightlyCheck:
    """Asked each hour whether it is time."""

    def __init__(self, box: Box) -> None:
        self._box = box

    async def tick(self) -> None:
        """If it is time, the database is looked through; nothing in it is put right."""
        now = self._box.now()
        last = await self._box.db.read(database.last)
        if last is None or self._is_time(now, now - last.at):
            await database.look_through(self._box)

    def _is_time(self, now: datetime, age: timedelta) -> bool:
        first, end = NIGHT
        at_night = first <= now.astimezone(self._box.config.zone).hour < end
        return age >= TOO_OLD or age < timedelta() or (at_night and age >= OLD)
