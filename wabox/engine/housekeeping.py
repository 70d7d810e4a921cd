"""Forgets what need not be kept: old answers, sessions, deliveries, finished messages."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import structlog

from wabox import times
from wabox.accounts import addresses, browsers, links, mail, sessions
from wabox.billing import payments
from wabox.box import Box
from wabox.content import refusals, reviews
from wabox.db import Tx
from wabox.messages import tallies
from wabox.webhooks import deliveries

log = structlog.get_logger()

IDEMPOTENCY_KEPT = timedelta(hours=24)
CONTENT_KEPT = timedelta(days=90)
BATCH = 500


class Housekeeping:
    """Runs hourly, in small pieces, so that nobody waits for it."""

    def __init__(self, box: Box) -> None:
        self._box = box

    async def tick(self) -> None:
        """Forget what is over age by now."""
        now = self._box.now()
        data = self._box.config.data
        await self._box.db.write(_forget_answers, now - IDEMPOTENCY_KEPT)
        await self._box.db.write(sessions.sweep, now)
        await self._box.db.write(browsers.sweep, now)
        await self._box.db.write(links.sweep, now)
        await self._box.db.write(mail.sweep, now)
        await self._box.db.write(reviews.forget, before=now - CONTENT_KEPT)
        await self._box.db.write(refusals.forget, before=now - CONTENT_KEPT)
        await self._forget_addresses(now - timedelta(days=data.keep_ip_days))
        while await self._box.db.write(_forget_posts, now - timedelta(days=data.keep_webhook_days)):
            pass
        if data.keep_messages_days:
            while await self._box.db.write(_forget_messages, now - timedelta(days=data.keep_messages_days)):
                pass
        log.info("housekeeping done")

    async def _forget_addresses(self, before: datetime) -> None:
        """IP addresses of that age, wherever they are written down."""
        while await self._box.db.write(addresses.forget, before=before, most=BATCH):
            pass
        await self._box.db.write(payments.forget_addresses, before=before)


def _forget_answers(tx: Tx, before: datetime) -> int:
    return tx.run("delete from idempotency where created_at < :before", before=times.stored(before))


def _forget_posts(tx: Tx, before: datetime) -> int:
    """Finished deliveries of that age."""
    gone = deliveries.forget(tx, before=before, most=BATCH)
    return _marked(tx, "posts_forgotten_to", before, gone)


def _forget_messages(tx: Tx, before: datetime) -> int:
    """Finished messages of that age with no delivery left; the ids are never used again."""
    gone = Counter(
        row["user_id"]
        for row in tx.all(
            """delete from messages where id in (
                 select m.id from users cross join messages m on m.user_id = users.id and m.queued_at < :before
                 where m.status not in ('queued', 'sending', 'unknown')
                 and not exists (select 1 from deliveries d where d.message_id = m.id) limit :most)
               returning user_id""",
            before=times.stored(before),
            most=BATCH,
        )
    )
    for user_id, count in gone.items():
        tallies.rows_added(tx, user_id, -count)
    return _marked(tx, "messages_forgotten_to", before, gone.total())


def _marked(tx: Tx, key: str, before: datetime, gone: int) -> int:
    """How far was forgotten is known, so that nobody takes it for lost (checkup/promises.py); returns gone."""
    if gone:
        tx.run(
            """insert into box (key, value) values (:key, :before)
               on conflict do update set value = max(value, :before)""",
            key=key,
            before=times.stored(before),
        )
    return gone
