"""Knows which forms were sent already, so that a second press sends nothing."""

from __future__ import annotations

import asyncio
from collections import OrderedDict


class Tickets:
    """Each form sends once, however often it is pressed. Remembered in memory, the newest thousands."""

    def __init__(self, most: int = 5_000) -> None:
        self._most = most
        self._taken: OrderedDict[tuple[int, str], asyncio.Future[int]] = OrderedDict()

    def find(self, user_id: int, ticket: str) -> asyncio.Future[int] | None:
        """What became of this form before, if it was sent before."""
        return self._taken.get((user_id, ticket))

    def take(self, user_id: int, ticket: str) -> asyncio.Future[int]:
        """The form is being sent; the caller completes the future or gives the ticket back."""
        taken: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._taken[user_id, ticket] = taken
        while len(self._taken) > self._most:
            self._taken.popitem(last=False)
        return taken

    def give_back(self, user_id: int, ticket: str) -> None:
        """It was not sent after all."""
        taken = self._taken.pop((user_id, ticket), None)
        if taken is not None and not taken.done():
            taken.cancel()
