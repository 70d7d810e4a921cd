"""Forgets what closed accounts held, a piece a tick, so that nobody waits for it."""

from __future__ import annotations

from wabox import closing
from wabox.box import Box
from wabox.engine.backoff import Backoff


class ClosedAccounts:
    """Looks each tick; a piece forgotten wakes the next one."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._failed = Backoff()

    async def tick(self) -> None:
        """One piece of each."""
        for user_id in self._box.db.read_here(closing.due):
            if not self._failed.rests(user_id):
                with self._failed.apart("closed account", user_id):
                    await self._box.db.write(closing.forget, user_id, now=self._box.now())
