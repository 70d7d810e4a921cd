"""Knows what may be posted now, and what comes of a post: delivered, tried again later, or parked."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox.db import Row, Rows, Tx
from wabox.times import read_or_none, stored
from wabox.webhooks.deliveries import AT_ONCE, hurry

GAPS_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400)
JITTER = 0.2
RETRIED_FOR = timedelta(days=3)
LEAST_TRIES = 10  # a clock that jumps ahead must not use up the three days
LONG_FAILURE = timedelta(minutes=5)
GONE = 410


@dataclass(frozen=True, slots=True)
class Head:
    """The first that is owed in its line, due now. line: what is told in order, None = nothing before it."""

    id: int
    line: str | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one post carries."""

    id: int
    user_id: int
    webhook_id: str
    event: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one post. status: the HTTP status, None without an answer; error: a sentence then.

    retry_after: seconds that the receiver wants to be left alone.
    """

    status: int | None
    error: str | None
    excerpt: str | None
    milliseconds: int
    retry_after: int | None = None

    @property
    def delivered(self) -> bool:
        """The receiver said that it has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The receiver said that it will never want it."""
        return self.status == GONE


def users_due(rows: Rows, now: datetime) -> list[int]:
    """The users whose webhooks have something to be posted now."""
    found = rows.all(
        """
        select user_id from webhooks w where url is not null and (
            exists (select 1 from deliveries d
                where d.user_id = w.user_id and d.status = 'owed' and d.due_at <= :now)
            or exists (select 1 from deliveries d
                where d.user_id = w.user_id and d.status = 'owed' and d.due_at > :absurd))
        """,
        now=stored(now),
        absurd=_absurd(now),
    )
    return [row["user_id"] for row in found]


def heads(rows: Rows, user_id: int, now: datetime, limit: int, *, rests: bool = False) -> list[Head]:
    """What may be posted to the user's webhook now, the longest due first.

    A delivery with an earlier one still owed in its line is not among them; a parked one blocks nothing.
    rests: the receiver asked to be left alone, so that only what a person waits for goes.
    """
    found: list[Row] = []
    at_once = stored(AT_ONCE)
    spans = ((at_once, at_once),) if rests else ((at_once, stored(now)), (_absurd(now), "9999"))
    for low, high in spans:
        found += rows.all(
            """
            select id, line from deliveries d
            where user_id = :user_id and status = 'owed' and due_at between :low and :high
                and exists (select 1 from webhooks w where w.user_id = :user_id and w.url is not null)
                and not exists (select 1 from deliveries e
                    where e.line = d.line and e.status = 'owed' and e.line is not null and e.id < d.id)
            order by due_at, id limit :limit
            """,
            user_id=user_id,
            low=low,
            high=high,
            limit=limit - len(found),
        )
    return [Head(row["id"], row["line"]) for row in found]


def parcel(rows: Rows, delivery_id: int) -> Parcel | None:
    """What to post; None if it is no longer owed, or something before it is owed again."""
    row = rows.one(
        """
        select id, user_id, webhook_id, event, payload from deliveries d
        where id = :id and status = 'owed' and not exists (select 1 from deliveries e
            where e.line = d.line and e.status = 'owed' and e.line is not null and e.id < d.id)
        """,
        id=delivery_id,
    )
    if row is None:
        return None
    return Parcel(row["id"], row["user_id"], row["webhook_id"], row["event"], row["payload"].encode("utf-8"))


def record(tx: Tx, delivery_id: int, outcome: Outcome, now: datetime) -> None:
    """The post is in the log; the delivery is delivered, waits for its next try, or is parked.

    What was dropped meanwhile stays dropped, unless the receiver has it. A webhook that works again
    after a long failure gets all that waits at once.
    """
    row = tx.one(
        "select user_id, line, tries, give_up_at from deliveries where id = :id",
        id=delivery_id,
    )
    if row is None:
        return
    _log(tx, row["user_id"], delivery_id, outcome, now)
    if outcome.delivered:
        _settle(tx, delivery_id, outcome, now, status="delivered", due=now, give_up_at=None)
        _release(tx, row["line"], now)
        _recovered(tx, row["user_id"], now)
        return
    tries = row["tries"] + 1
    last = now + RETRIED_FOR
    give_up_at = min(read_or_none(row["give_up_at"]) or last, last)
    if outcome.gone or (tries >= LEAST_TRIES and now >= give_up_at):
        _settle(tx, delivery_id, outcome, now, status="parked", due=now, give_up_at=give_up_at)
        _release(tx, row["line"], now)
    else:
        due = now + max(gap(tries, random.random()), timedelta(seconds=outcome.retry_after or 0))
        _settle(tx, delivery_id, outcome, now, status="owed", due=due, give_up_at=give_up_at)
        _hold(tx, row["line"], delivery_id, due)
    tx.run(
        "update webhooks set failing_since = :now where user_id = :user_id and failing_since is null",
        user_id=row["user_id"],
        now=stored(now),
    )


def put_off(tx: Tx, delivery_id: int, because: str, until: datetime) -> None:
    """Nothing was tried, for no fault of the receiver: it is due then, as if it had never been due before."""
    line = tx.value("select line from deliveries where id = :id and status = 'owed'", id=delivery_id)
    tx.run(
        "update deliveries set due_at = :due, last_error = :because where id = :id and status = 'owed'",
        id=delivery_id,
        due=stored(until),
        because=because,
    )
    _hold(tx, line, delivery_id, until)


def gap(tries: int, chance: float) -> timedelta:
    """How long to wait after so many failed tries. chance: 0 to 1, up to a fifth longer."""
    seconds = GAPS_SECONDS[min(tries, len(GAPS_SECONDS)) - 1]
    return timedelta(seconds=seconds * (1 + JITTER * chance))


def _absurd(now: datetime) -> str:
    """A due time after this was written by a clock that was wrong; it is due."""
    return stored(now + timedelta(seconds=GAPS_SECONDS[-1] * (1 + JITTER) + 60))


def _log(tx: Tx, user_id: int, delivery_id: int, outcome: Outcome, now: datetime) -> None:
    tx.insert(
        """
        insert into delivery_attempts (user_id, delivery_id, at, status, error, milliseconds)
        values (:user_id, :delivery_id, :at, :status, :error, :milliseconds)
        """,
        user_id=user_id,
        delivery_id=delivery_id,
        at=stored(now),
        status=outcome.status,
        error=outcome.error,
        milliseconds=outcome.milliseconds,
    )


def _settle(
    tx: Tx,
    delivery_id: int,
    outcome: Outcome,
    now: datetime,
    *,
    status: str,
    due: datetime,
    give_up_at: datetime | None,
) -> None:
    tx.run(
        """
        update deliveries set
            status = case when status = 'owed' or :status = 'delivered' then :status else status end,
            attempts = attempts + 1, tries = tries + 1, due_at = :due, give_up_at = :give_up_at,
            last_at = :now, last_status = :last_status, last_error = :last_error, last_excerpt = :last_excerpt
        where id = :id
        """,
        id=delivery_id,
        status=status,
        due=stored(due),
        give_up_at=None if give_up_at is None else stored(give_up_at),
        now=stored(now),
        last_status=outcome.status,
        last_error=outcome.error,
        last_excerpt=outcome.excerpt,
    )


def _hold(tx: Tx, line: str | None, delivery_id: int, due: datetime) -> None:
    """Those behind it in line are not due before it, so that nobody looks at them in vain."""
    if line is not None:
        tx.run(
            """
            update deliveries set due_at = :due
            where line = :line and status = 'owed' and id > :id and due_at < :due
            """,
            line=line,
            id=delivery_id,
            due=stored(due),
        )


def _release(tx: Tx, line: str | None, now: datetime) -> None:
    """Those that stood behind it in line are due."""
    if line is not None:
        tx.run(
            "update deliveries set due_at = :now where line = :line and status = 'owed' and due_at > :now",
            line=line,
            now=stored(now),
        )


def _recovered(tx: Tx, user_id: int, now: datetime) -> None:
    since = read_or_none(tx.value("select failing_since from webhooks where user_id = :id", id=user_id))
    if since is None:
        return
    tx.run("update webhooks set failing_since = null where user_id = :id", id=user_id)
    if now - since >= LONG_FAILURE:
        hurry(tx, user_id, now)
