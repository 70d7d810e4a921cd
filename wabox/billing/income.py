"""Knows what came in: the payments that were approved, by the month of their approval and by currency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from wabox import times
from wabox.billing.payments import Provider
from wabox.db import Rows, reader

MOST = 5_000  # payments of one month that are listed


@dataclass(frozen=True, slots=True)
class Received:
    """A payment that was approved. number, buyer: as its invoice says."""

    id: int
    approved_at: datetime
    user_id: int
    buyer: str
    plan: str
    provider: Provider
    txid: str
    amount_minor: int
    currency: str
    number: int


@dataclass(frozen=True, slots=True)
class Total:
    """What came in, in one currency. payments: how many."""

    currency: str
    amount_minor: int
    payments: int


def month(rows: Rows, year: int, number: int, *, zone: ZoneInfo) -> list[Received]:
    """The payments approved in this month of the zone's calendar, oldest first."""
    begin = datetime(year, number, 1, tzinfo=zone)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)
    found = rows.all(
        """select y.id, y.decided_at as approved_at, y.user_id, i.buyer, p.name as plan, y.provider, y.txid,
                  y.amount_minor, y.currency, i.number
           from payments y join invoices i on i.payment_id = y.id join plans p on p.id = y.plan_id
           where y.status = 'approved' and y.decided_at >= :begin and y.decided_at < :end
           order by y.decided_at, y.id limit :most""",
        begin=times.stored(begin),
        end=times.stored(end),
        most=MOST,
    )
    return [_received(row) for row in found]


def totals(received: list[Received]) -> list[Total]:
    """The sums by currency, in the currencies' order."""
    return [
        Total(
            currency,
            sum(one.amount_minor for one in received if one.currency == currency),
            sum(one.currency == currency for one in received),
        )
        for currency in sorted({one.currency for one in received})
    ]


_received = reader(Received)
