"""Knows the accounts of a box as who sells sees them: who, with which number, on which plan and when last here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from wabox.accounts import users
from wabox.accounts.users import User
from wabox.billing import ledger, subscriptions
from wabox.billing.subscriptions import Standing
from wabox.contacts import identities
from wabox.db import Rows
from wabox.times import read_or_none, stored

SOON = timedelta(days=7)
COMPLAINED_WITHIN = timedelta(days=30)
Only = Literal["", "ending", "unpaid", "complaints"]
ONLY: tuple[Only, ...] = get_args(Only)
# What of the accounts is wanted. unpaid: an invoice is due, a payment waits to be checked, or the plan is over.
_ONLY: dict[Only, str] = {
    "": "",
    "ending": """and (select max(expires_at) from subscriptions s
        where s.user_id = users.id and s.ended_at is null) between :now and :soon""",
    "unpaid": """and role <> 'owner' and closed_at is null and (
        exists (select 1 from invoices i where i.user_id = users.id and i.paid_at is null and i.void_at is null)
        or exists (select 1 from payments y where y.user_id = users.id and y.status = 'pending')
        or (select max(expires_at) from subscriptions s
            where s.user_id = users.id and s.ended_at is null) <= :now)""",
    "complaints": "and exists (select 1 from complaints c where c.user_id = users.id and c.at > :since)",
}


@dataclass(frozen=True, slots=True)
class Customer:
    """One account. name, phone: as its first linked phone tells them, "" before. credits: None = unlimited.

    seen_at: when somebody logged in was here last, or a key was used, None = never.
    """

    user: User
    name: str
    phone: str
    plan: Standing
    credits: int | None
    seen_at: datetime | None


def page(
    rows: Rows, q: str = "", *, only: Only = "", billing: bool, now: datetime, before: int | None, limit: int
) -> list[Customer]:
    """Accounts, newest first. q: a part of the address, of the phone's name or of its number.

    only: whose plan ends within a week, who has something to pay, whom somebody complained of in a month.
    before: the last id of the page above.
    """
    found = rows.all(
        f"""select {users.COLUMNS} from users where id < ifnull(:before, 9e18)
            and (:q = '' or instr(lower(email), lower(:q)) or exists (
              select 1 from devices d where d.user_id = users.id and d.removed_at is null
              and (instr(lower(d.pushname), lower(:q)) or (:digits <> '' and instr(d.phone, :digits)))))
            {_ONLY[only]}
            order by id desc limit :limit""",  # noqa: S608 - a constant
        q=q.strip(),
        digits=identities.digits_sought(q),
        now=stored(now),
        soon=stored(now + SOON),
        since=stored(now - COMPLAINED_WITHIN),
        before=before,
        limit=limit,
    )
    return [_customer(rows, users.user_of(row), billing=billing, now=now) for row in found]


def _customer(rows: Rows, user: User, *, billing: bool, now: datetime) -> Customer:
    phone = rows.one(
        """select phone, pushname from devices where user_id = :id and removed_at is null and phone is not null
           order by linked desc, id limit 1""",
        id=user.id,
    )
    seen = rows.value(
        """select max(at) from (select max(seen_at) as at from sessions where user_id = :id
             union all select max(last_used_at) from api_keys where user_id = :id)""",
        id=user.id,
    )
    return Customer(
        user,
        (phone["pushname"] or "") if phone else "",
        phone["phone"] if phone else "",
        subscriptions.standing(rows, user.id, enabled=billing, now=now),
        ledger.credits_left(rows, user.id),
        read_or_none(seen),
    )
