"""Invoices, numbered without a gap: one for every approved payment, one for every renewal that is near.

An invoice never changes but for being paid or void; the file itself refuses gaps, changes and deletions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox import times
from wabox.accounts import shops
from wabox.accounts.users import User
from wabox.billing import plans
from wabox.billing.subscriptions import Subscription
from wabox.config import Config
from wabox.db import Rows, Tx, reader
from wabox.errors import NotFound

Kind = Literal["sale", "renewal"]
JUMP = 1_000  # invoices that a lost box may have written after its last backup


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice. from_at, to_at: the period it pays for; None for credits. paid_at None: not paid yet."""

    number: int
    user_id: int
    plan_id: int
    plan: str
    credits: int | None
    kind: Kind
    payment_id: int | None
    provider: str | None
    txid: str | None
    amount_minor: int
    currency: str
    seller: str
    buyer: str
    from_at: datetime | None
    to_at: datetime | None
    issued_at: datetime
    paid_at: datetime | None
    void_at: datetime | None

    @property
    def shown_number(self) -> str:
        """As it is printed."""
        return f"{self.number:06d}"

    @property
    def open(self) -> bool:
        """Whether it waits to be paid."""
        return self.paid_at is None and self.void_at is None


_COLUMNS = """select i.*, p.name as plan, p.credits, y.provider, y.txid from invoices i
    join plans p on p.id = i.plan_id left join payments y on y.id = i.payment_id"""


def seller_of(rows: Rows, config: Config, owner: User) -> str:
    """Who sells, as invoices say it: `[billing] seller`, else the name of the owner's shop, with the address."""
    name = shops.of_user(rows, owner.id).name
    return config.billing.seller or (f"{name}\n{owner.email}" if name else owner.email)


def settle(
    tx: Tx,
    *,
    payment_id: int,
    user_id: int,
    plan: plans.Plan,
    amount_minor: int,
    period: Subscription | None,
    seller: str,
    now: datetime,
) -> Invoice:
    """The payment has its invoice: the renewal's that waited for it, else a new one. For its approval."""
    if period is not None and (waiting := _waiting(tx, user_id, plan.id, amount_minor)) is not None:
        tx.run(
            """update invoices set payment_id = :payment_id, paid_at = :now, from_at = :from_at, to_at = :to_at
               where number = :number""",
            payment_id=payment_id,
            now=times.stored(now),
            from_at=times.stored(period.starts_at),
            to_at=times.stored(period.expires_at),
            number=waiting,
        )
        number = waiting
    else:
        span = None if period is None else (period.starts_at, period.expires_at)
        number = _write(tx, user_id, plan, amount_minor, span, seller, now, payment_id=payment_id)
    if period is not None:
        void_open(tx, user_id, now=now)
    return by_number(tx, number)


def renewal(tx: Tx, period: Subscription, plan: plans.Plan, *, seller: str, now: datetime) -> Invoice | None:
    """The period has its renewal invoice. None: it had one, or there is nothing to pay.

    plan: the plan of the same family that is for sale now.
    """
    there = tx.value("select 1 from invoices where renews = :id", id=period.id)
    if there is not None or plan.terms.price_minor == 0 or plan.terms.days is None:
        return None
    span = (period.expires_at, period.expires_at + timedelta(days=plan.terms.days))
    number = _write(tx, period.user_id, plan, plan.terms.price_minor, span, seller, now, renews=period.id)
    return by_number(tx, number)


def void_open(tx: Tx, user_id: int, *, now: datetime) -> int:
    """What the user was asked to pay for a renewal is not owed any more; returns how many."""
    return tx.run(
        "update invoices set void_at = :now where user_id = :user_id and paid_at is null and void_at is null",
        user_id=user_id,
        now=times.stored(now),
    )


def by_number(rows: Rows, number: int) -> Invoice:
    """The invoice, whoever's. Raises NotFound."""
    row = rows.one(f"{_COLUMNS} where i.number = :number", number=number)
    if row is None:
        raise NotFound("not_found", "There is no such invoice.")
    return _invoice(row)


def of_user(rows: Rows, user_id: int) -> list[Invoice]:
    """The user's invoices, newest first."""
    found = rows.all(f"{_COLUMNS} where i.user_id = :user_id order by i.number desc limit 200", user_id=user_id)
    return [_invoice(row) for row in found]


def _waiting(rows: Rows, user_id: int, plan_id: int, amount_minor: int) -> int | None:
    found: int | None = rows.value(
        """select number from invoices where user_id = :user_id and kind = 'renewal' and plan_id = :plan_id
           and amount_minor = :amount_minor and paid_at is null and void_at is null
           order by number desc limit 1""",
        user_id=user_id,
        plan_id=plan_id,
        amount_minor=amount_minor,
    )
    return found


def _write(
    tx: Tx,
    user_id: int,
    plan: plans.Plan,
    amount_minor: int,
    span: tuple[datetime, datetime] | None,
    seller: str,
    now: datetime,
    *,
    payment_id: int | None = None,
    renews: int | None = None,
) -> int:
    """The next number is used. One of payment_id and renews says what for."""
    number = _next(tx)
    tx.run(
        """insert into invoices (number, user_id, plan_id, kind, payment_id, renews, amount_minor, currency,
                                 seller, buyer, from_at, to_at, issued_at, paid_at)
           values (:number, :user_id, :plan_id, :kind, :payment_id, :renews, :amount_minor, :currency, :seller,
                   :buyer, :from_at, :to_at, :now, :paid_at)""",
        number=number,
        user_id=user_id,
        plan_id=plan.id,
        kind="sale" if renews is None else "renewal",
        payment_id=payment_id,
        renews=renews,
        amount_minor=amount_minor,
        currency=plan.terms.currency,
        seller=seller,
        buyer=shops.buyer(tx, user_id),
        from_at=None if span is None else times.stored(span[0]),
        to_at=None if span is None else times.stored(span[1]),
        now=times.stored(now),
        paid_at=None if payment_id is None else times.stored(now),
    )
    return number


def jump(tx: Tx, *, now: datetime) -> None:
    """A restored box goes on behind every number that the lost one may have given; the gap is on record."""
    first = _next(tx) + JUMP
    tx.run("insert into invoice_jumps (first, at) values (:first, :now)", first=first, now=times.stored(now))


def _next(rows: Rows) -> int:
    return int(
        rows.value(
            """select max((select coalesce(max(number), 0) + 1 from invoices),
                          (select coalesce(max(first), 1) from invoice_jumps))"""
        )
    )


_invoice = reader(Invoice)
