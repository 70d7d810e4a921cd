"""Knows the accounts of a box as who sells sees them: who, with which number, on which plan and when last here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox.accounts import users
from wabox.accounts.users import User
from wabox.billing import ledger, subscriptions
from wabox.billing.subscriptions import Standing
from wabox.contacts import identities
from wabox.db import Rows
from wabox.times import read_or_none, stored

SOON = timedelta(days=7)


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
    rows: Rows, q: str = "", *, ending: bool = False, billing: bool, now: datetime, before: int | None, limit: int
) -> list[Customer]:
    """Accounts, newest first. q: a part of the address, of the phone's name or of its number.

    ending: only those whose plan ends within a week. before: the last id of the page above.
    """
    found = rows.all(
        f"""select {users.COLUMNS} from users where id < ifnull(:before, 9e18)
            and (:q = '' or instr(lower(email), lower(:q)) or exists (
              select 1 from devices d where d.user_id = users.id and d.removed_at is null
              and (instr(lower(d.pushname), lower(:q)) or (:digits <> '' and instr(d.phone, :digits)))))
            and (not :ending or (select max(expires_at) from subscriptions s
              where s.user_id = users.id and s.ended_at is null) between :now and :soon)
            order by id desc limit :limit""",  # noqa: S608 - a constant
        q=q.strip(),
        digits=identities.digits_sought(q),
        ending=ending,
        now=stored(now),
        soon=stored(now + SOON),
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
