"""Forgets what need not be kept: old answers, sessions, deliveries, finished messages."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import structlog

from wabox import times
from wabox.accounts import addresses, browsers, links, mail, sessions
from wabox.billing import payments
from wabox.box import Box
from wabox.content import refusals, reviews
from wabox.db import Tx
from wabox.engine.backoff import Backoff
from wabox.messages import editing, reacting, revoking
from wabox.messages import stored as messages_log
from wabox.webhooks import deliveries

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
        chores = [
            partial(revoking.give_up_hopeless, now=now),
            partial(reacting.give_up_hopeless, now=now),
            partial(editing.give_up_hopeless, now=now),
            partial(_forget_answers, before=now - IDEMPOTENCY_KEPT),
            partial(sessions.sweep, now=now),
            partial(browsers.sweep, now=now),
            partial(links.sweep, now=now),
            partial(mail.sweep, now=now),
            partial(reviews.forget, before=now - CONTENT_KEPT),
            partial(refusals.forget, before=now - CONTENT_KEPT),
            partial(addresses.forget, before=old_ip, most=BATCH),
            partial(payments.forget_addresses, before=old_ip),
            partial(_forget_posts, before=now - timedelta(days=data.keep_webhook_days)),
        ]
        if data.keep_messages_days:
            chores.append(partial(_forget_messages, before=now - timedelta(days=data.keep_messages_days)))
        return chores


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
        messages_log.rows_added(tx, user_id, -count)
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
