"""Asks once a day whether a newer wa-js is out, if the owner named whom to ask; fetches and installs nothing."""

from __future__ import annotations

import structlog

from wabox.box import Box
from wabox.engine import outgoing
from wabox.renewal import news
from wabox.webhooks import lookups
from wabox.webhooks.targets import Allow

log = structlog.get_logger()


class News:
    """Looks each hour whether a day is over."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._allow = Allow.parse(box.config.webhooks.allow, own_port=box.config.server.port)

    async def tick(self) -> None:
        """One GET, and what it says is noted."""
        url, db = self._box.config.engine.check, self._box.db
        if url is None or not await db.write(news.due, now=self._box.now()):
            return
        answer = await outgoing.get(url, self._allow, resolver=lookups.of_system)
        version = await db.write(news.heard, answer) if answer is not None else None
        log.info("asked for news of wa-js", version=version)
