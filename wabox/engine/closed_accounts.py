"""Forgets what closed accounts held, a piece a tick, so that nobody waits for it."""

from __future__ import annotations

from wabox import closing
from wabox.box import Box
from wabox.engine.backoff import Backoff
from wabox.media import intake, keeping, store


class ClosedAccounts:
    """Looks each tick; a piece forgotten wakes the next one."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._failed = Backoff()
        self._theirs: dict[int, set[str]] = {}  # hashes of the files that an account's rows named
        self._left: list[str] = []  # of accounts that are forgotten; what a crash leaves goes at the next start

    async def tick(self) -> None:
        """One piece of each; after the last, a piece a tick of the files that only it had."""
        box = self._box
        if self._left:
            with self._failed.apart("closed accounts", "files"):
                piece, self._left = self._left[: store.PIECE], self._left[store.PIECE :]
                await intake.cleared(box.db, box.media, piece)
        for user_id in box.db.read_here(closing.due):
            if not self._failed.rests(user_id):
                with self._failed.apart("closed account", user_id):
                    await self._forget(user_id)

    async def _forget(self, user_id: int) -> None:
        box = self._box
        if user_id not in self._theirs:
            self._theirs[user_id] = await box.db.read(keeping.files_of, user_id)
        more = await box.db.write(closing.forget, user_id, now=box.now())
        if not more and user_id not in box.db.read_here(closing.due):
            self._left += self._theirs.pop(user_id)
