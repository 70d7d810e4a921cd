"""Knows which forms were sent already, so that a second press sends nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from wabox.dashboard.frame.form import Form


def fresh() -> str:
    """A ticket for a form that is shown now."""
    return secrets.token_urlsafe(16)


def ticket_of(form: Form) -> str:
    """The ticket of a posted form; one of its own for a form that came without."""
    return form.text("ticket")[:64] or fresh()


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form made. again: it was made by an earlier press."""

    id: int
    again: bool


class Tickets:
    """Each form sends once, however often it is pressed. Remembered in memory, the newest thousands."""

    def __init__(self, most: int = 5_000) -> None:
        self._most = most
        self._taken: OrderedDict[tuple[int, str], asyncio.Future[int]] = OrderedDict()

    async def made(self, user_id: int, ticket: str) -> int | None:
        """What this form made, if it was sent; waits for a press that is still at it. None: that one failed."""
        taken = self._taken.get((user_id, ticket))
        if taken is None:
            return None
        await asyncio.wait([taken])
        return None if taken.cancelled() else taken.result()

    async def once(self, user_id: int, ticket: str, send: Callable[[], Awaitable[int]]) -> Sent:
        """The form is sent, or was. What `send` raises comes through, and the form may be sent again."""
        while (user_id, ticket) in self._taken:  # of several that waited for one that failed, one goes first
            before = await self.made(user_id, ticket)
            if before is not None:
                return Sent(before, again=True)
        taken = self._take(user_id, ticket)
        try:
            made = await send()
        except BaseException:
            self._give_back(user_id, ticket)
            raise
        taken.set_result(made)
        return Sent(made, again=False)

    def _take(self, user_id: int, ticket: str) -> asyncio.Future[int]:
        taken: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._taken[user_id, ticket] = taken
        while len(self._taken) > self._most:
            self._taken.popitem(last=False)
        return taken

    def _give_back(self, user_id: int, ticket: str) -> None:
        taken = self._taken.pop((user_id, ticket), None)
        if taken is not None and not taken.done():
            taken.cancel()
