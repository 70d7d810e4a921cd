"""Forgets what closed accounts held, a piece a tick, so that nobody waits for it."""

from __future__ import annotations

from wabox import closing
from wabox.box import Box
from wabox.engine.backoff import Backoff
from wabox.media import intake


class ClosedAccounts:
    """Looks each tick; a piece forgotten wakes the next one."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._failed = Backoff()

    async def tick(self) -> None:
        """One piece of each; after the last, the files that only it had."""
        box = self._box
        for user_id in box.db.read_here(closing.due):
            if not self._failed.rests(user_id):
                with self._failed.apart("closed account", user_id):
                    more = await box.db.write(closing.forget, user_id, now=box.now())
                    if not more and user_id not in box.db.read_here(closing.due):
                        await intake.cleared(box.db, box.media)
