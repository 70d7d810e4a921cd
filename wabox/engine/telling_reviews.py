"""Tells the owner, by one mail, when something begins to wait for their eye."""

from __future__ import annotations

from datetime import datetime

import structlog

from wabox import times
from wabox.accounts import users
from wabox.box import Box
from wabox.content import reviews
from wabox.db import Rows, Tx
from wabox.letters import reviews as letters

log = structlog.get_logger()


class Reviewing:
    """Looks once a tick."""

    def __init__(self, box: Box) -> None:
        self._box = box

    async def tick(self) -> None:
        """A mail for the first that waits; none for those after it, until nothing waited for once."""
        if self._box.config.judges_content and self._box.db.read_here(_is_news):
            await self._box.db.write(tell, self._box, self._box.now())


def _is_news(rows: Rows) -> bool:
    told = rows.value("select 1 from box where key = 'review_told'") is not None
    return told != reviews.something_waits(rows)


def tell(tx: Tx, box: Box, now: datetime) -> None:
    """The owner is told, or what was told is forgotten; only if that is still so."""
    if not _is_news(tx):
        return
    if not reviews.something_waits(tx):
        tx.run("delete from box where key = 'review_told'")
        return
    tx.run("insert into box (key, value) values ('review_told', :now)", now=times.stored(now))
    owner = users.owner(tx)
    if owner is None:
        return
    letters.waits(tx, box, owner)
    log.info("a review waits")
