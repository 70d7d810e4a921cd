"""Notices before a plan ends: which are due, each told once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from wabox import times
from wabox.billing import plans
from wabox.billing.subscriptions import Subscription, subscription_of
from wabox.db import Rows, Tx

Channel = Literal["mail", "whatsapp"]
INVOICE_DAYS = 7  # where nobody is told in advance, the renewal invoice still comes
LATE = timedelta(days=1)  # the notice of day 0 is not sent later than this


@dataclass(frozen=True, slots=True)
class Due:
    """A period near its end. days: the notice that is due, None = only the renewal invoice."""

    period: Subscription
    days: int | None


def due(rows: Rows, *, days: tuple[int, ...], now: datetime) -> list[Due]:
    """Last periods whose notice or renewal invoice is owed. days: before the end, 0 = at the end."""
    lead = max(days, default=INVOICE_DAYS)
    found = rows.all(
        """select s.* from subscriptions s join users u on u.id = s.user_id and u.role = 'user'
           where s.ended_at is null and s.expires_at > :late and s.expires_at <= :until
           and not exists (select 1 from subscriptions l where l.user_id = s.user_id and l.ended_at is null
                           and (l.expires_at > s.expires_at or (l.expires_at = s.expires_at and l.id > s.id)))
           order by s.id""",
        late=times.stored(now - LATE),
        until=times.stored(now + timedelta(days=lead)),
    )
    owed = []
    for period in map(subscription_of, found):
        stage = _stage(period, days, now)
        told = stage is None or _was_told(rows, period, stage)
        if not told or not _invoiced(rows, period):
            owed.append(Due(period, None if told else stage))
    return owed


def mark(
    tx: Tx, period: Subscription, channel: Channel, stage: int, days: tuple[int, ...], *, now: datetime
) -> bool:
    """This notice is told, and with it those of earlier days that were missed. False: it was told before."""
    fresh = False
    for one in days:
        if one >= stage:
            written = tx.run(
                """insert or ignore into notices (subscription_id, user_id, days, channel, at)
                   values (:id, :user_id, :days, :channel, :now)""",
                id=period.id,
                user_id=period.user_id,
                days=one,
                channel=channel,
                now=times.stored(now),
            )
            fresh = fresh or (one == stage and written == 1)
    return fresh


def open_renewal(rows: Rows, period: Subscription) -> int | None:
    """The number of the period's renewal invoice, if it waits to be paid."""
    found: int | None = rows.value(
        "select number from invoices where renews = :id and paid_at is null and void_at is null", id=period.id
    )
    return found


def renewed_by(rows: Rows, period: Subscription) -> plans.Plan | None:
    """The plan of the same family that is for sale now and costs something."""
    row = rows.one(
        """select n.* from plans p join plans n on n.family = p.family and n.active = 1 and n.price_minor > 0
           where p.id = :id limit 1""",
        id=period.plan_id,
    )
    return None if row is None else plans.plan_of(row)


def _stage(period: Subscription, days: tuple[int, ...], now: datetime) -> int | None:
    """The least number of days that the end is away at most; a period no longer than that has just begun."""
    if now >= period.expires_at:
        return 0 if 0 in days else None
    span = period.expires_at - period.starts_at
    sensible = [one for one in days if 0 < one < span / timedelta(days=1)]
    reached = [one for one in sensible if period.expires_at <= now + timedelta(days=one)]
    return min(reached, default=None)


def _was_told(rows: Rows, period: Subscription, stage: int) -> bool:
    """Whether both channels are done with: WhatsApp's waits while the owner's phone is not linked."""
    told = rows.value(
        "select count(*) from notices where subscription_id = :id and days = :days", id=period.id, days=stage
    )
    return int(told) == len(get_args(Channel))


def _invoiced(rows: Rows, period: Subscription) -> bool:
    made = rows.value("select 1 from invoices where renews = :id", id=period.id)
    return made is not None or renewed_by(rows, period) is None
