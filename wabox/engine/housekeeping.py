"""Forgets what nobody needs after a while: answers to retries, sessions, links, addresses.

And counts for the reports what is older than their counts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import structlog

from wabox import times
from wabox.accounts import addresses, browsers, links, sessions
from wabox.alerts import services
from wabox.alerts import stored as alerts
from wabox.billing import payments
from wabox.box import Box
from wabox.campaigns import recounting
from wabox.content import refusals, reviews
from wabox.db import Tx
from wabox.engine.backoff import Backoff
from wabox.messages import deeds, reacting

log = structlog.get_logger()

IDEMPOTENCY_KEPT = timedelta(hours=24)
CONTENT_KEPT = timedelta(days=90)
BATCH = 500


class Housekeeping:
    """Runs hourly, in small pieces, so that nobody waits for it."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._failed = Backoff()

    async def tick(self) -> None:
        """Forget what is over age by now."""
        for forget in self._chores(self._box.now()):
            with self._failed.apart("housekeeping", forget.func.__qualname__):
                while await self._box.db.write(forget):
                    pass
        log.info("housekeeping done", failed=len(self._failed))

    def _chores(self, now: datetime) -> list[partial[int]]:
        """What is forgotten, each a verb; one that fails holds up no other."""
        data = self._box.config.data
        old_ip = now - timedelta(days=data.keep_ip_days)
        return [
            *(partial(deeds.give_up_hopeless, deed=deed, now=now) for deed in deeds.DEEDS),
            partial(reacting.give_up_hopeless, now=now),
            partial(recounting.catch_up),
            partial(_forget_answers, before=now - IDEMPOTENCY_KEPT),
            partial(sessions.sweep, now=now),
            partial(browsers.sweep, now=now),
            partial(links.sweep, now=now),
            partial(alerts.sweep, now=now),
            partial(services.sweep, now=now),
            partial(reviews.forget, before=now - CONTENT_KEPT),
            partial(refusals.forget, before=now - CONTENT_KEPT),
            partial(addresses.forget, before=old_ip, most=BATCH),
            partial(payments.forget_addresses, before=old_ip),
        ]


def _forget_answers(tx: Tx, before: datetime) -> int:
    return tx.run("delete from idempotency where created_at < :before", before=times.stored(before))
