"""Subscriptions: which plan a user is on, from when to when, and what it allows.

Buying the same plan again continues where the present period ends; another plan begins at once and ends
the present one. The owner of the box, and everybody while billing is off, is on the plan "Owner".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wabox import times
from wabox.billing.plans import Plan
from wabox.config import Config
from wabox.db import Rows, Tx, reader

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a user may do. expires_at: None = never. plan_id None: Owner, or no plan yet (`none`).

    daily_cap: over all devices, 0 = none. daily_megabytes: of new files, 0 = any number. most_devices: None =
    the box's own limit.
    """

    name: str
    plan_id: int | None = None
    family: int | None = None
    expires_at: datetime | None = None
    daily_cap: int = 0
    most_devices: int | None = None
    trial: bool = False
    none: bool = False
    daily_megabytes: int = 0

    @property
    def paid_until(self) -> datetime | None:
        """Sending is paused from this moment on; None = never, long ago = no plan was ever bought."""
        return LONG_AGO if self.none else self.expires_at

    def paused(self, now: datetime) -> bool:
        """Whether sending is paused for want of a plan."""
        return self.paid_until is not None and now >= self.paid_until


OWNER = Standing("Owner")
NO_PLAN = Standing("No plan", most_devices=1, none=True)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One period on a plan. ended_at: when something else took its place."""

    id: int
    user_id: int
    plan_id: int
    starts_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_because: str | None


def standing(rows: Rows, user_id: int, *, enabled: bool, now: datetime) -> Standing:
    """The plan the user is on; one that has expired is still named, until another is bought.

    A clock set back before the first period takes nobody's plan away.
    """
    if not enabled or rows.value("select role from users where id = :id", id=user_id) == "owner":
        return OWNER
    row = rows.one(
        """select p.*, (select max(expires_at) from subscriptions
                        where user_id = :user_id and ended_at is null) as paid_until
           from subscriptions s join plans p on p.id = s.plan_id
           where s.user_id = :user_id and s.ended_at is null
           order by s.starts_at > :now, iif(s.starts_at <= :now, s.starts_at, null) desc, s.starts_at, s.id desc
           limit 1""",
        user_id=user_id,
        now=times.stored(now),
    )
    if row is None:
        return NO_PLAN
    return Standing(
        name=row["name"],
        plan_id=row["id"],
        family=row["family"],
        expires_at=times.read(row["paid_until"]),
        daily_cap=row["daily_cap"],
        daily_megabytes=row["daily_megabytes"],
        most_devices=row["max_wa_accounts"],
        trial=bool(row["trial"]),
    )


def standing_now(rows: Rows, user_id: int, *, now: datetime) -> Standing:
    """As `standing`, for who has no config at hand: the database knows whether billing is on."""
    enabled = rows.value("select 1 from box where key = 'billing'") is not None
    return standing(rows, user_id, enabled=enabled, now=now)


def most_devices(rows: Rows, user_id: int, *, config: Config, now: datetime) -> int:
    """How many devices the user may have."""
    allowed = standing(rows, user_id, enabled=config.billing.enabled, now=now).most_devices
    return config.devices.max if allowed is None else allowed


def begin(tx: Tx, user_id: int, plan: Plan, *, now: datetime) -> Subscription:
    """The user is on the plan: after the present period if it is of the same plan, else at once."""
    assert plan.terms.days is not None
    latest = last(tx, user_id)
    starts_at = now
    if latest is not None and latest.expires_at > now:
        if _family(tx, latest.plan_id) == plan.family:
            starts_at = latest.expires_at
        else:
            end(tx, user_id, because="another_plan", now=now)
    subscription_id = tx.insert(
        """insert into subscriptions (user_id, plan_id, starts_at, expires_at, created_at)
           values (:user_id, :plan_id, :starts_at, :expires_at, :now)""",
        user_id=user_id,
        plan_id=plan.id,
        starts_at=times.stored(starts_at),
        expires_at=times.stored(starts_at + timedelta(days=plan.terms.days)),
        now=times.stored(now),
    )
    settle(tx, now=now)
    return by_id(tx, subscription_id)


def end(tx: Tx, user_id: int, *, because: str, now: datetime) -> int:
    """Every period that has not passed is over now; returns how many."""
    ended = tx.run(
        """update subscriptions set ended_at = :now, ended_because = :because
           where user_id = :user_id and ended_at is null and expires_at > :now""",
        user_id=user_id,
        because=because,
        now=times.stored(now),
    )
    settle(tx, now=now)
    return ended


def by_id(rows: Rows, subscription_id: int) -> Subscription:
    """The period of this id, which exists."""
    row = rows.one("select * from subscriptions where id = :id", id=subscription_id)
    assert row is not None
    return subscription_of(row)


def last(rows: Rows, user_id: int) -> Subscription | None:
    """The period that ends last, unless something took its place."""
    row = rows.one(
        """select * from subscriptions where user_id = :user_id and ended_at is null
           order by expires_at desc, id desc limit 1""",
        user_id=user_id,
    )
    return None if row is None else subscription_of(row)


def history(rows: Rows, user_id: int) -> list[Subscription]:
    """Every period, newest first."""
    found = rows.all("select * from subscriptions where user_id = :user_id order by id desc", user_id=user_id)
    return [subscription_of(row) for row in found]


# -- unlimited credits -------------------------------------------------------------------------------

# Unlimited: the owner, and who is now in a period of a plan without a number of credits.
_UNLIMITED = """(users.role = 'owner' and users.unlimited = 1 or users.role = 'user' and exists (
    select 1 from subscriptions s join plans p on p.id = s.plan_id
    where s.user_id = users.id and s.ended_at is null and s.starts_at <= :now and s.expires_at > :now
    and p.credits is null))"""


def unsettled(rows: Rows, *, now: datetime) -> bool:
    """Whether a period without a number of credits has begun or ended since `settle`."""
    found = rows.value(f"select 1 from users where unlimited <> {_UNLIMITED} limit 1", now=times.stored(now))  # noqa: S608
    return found is not None


def settle(tx: Tx, *, now: datetime) -> int:
    """Credits are unlimited exactly for those whose period says so now; returns for how many that changed."""
    return tx.run(
        f"update users set unlimited = {_UNLIMITED} where unlimited <> {_UNLIMITED}",  # noqa: S608
        now=times.stored(now),
    )


def switch(tx: Tx, *, enabled: bool, now: datetime) -> None:
    """The database knows whether billing is on: asked at every start.

    On: whoever has no plan cannot send. Off: everybody is unlimited again; balances and plans are kept.
    """
    was = tx.value("select 1 from box where key = 'billing'") is not None
    if enabled and not was:
        tx.run("insert into box (key, value) values ('billing', :now)", now=times.stored(now))
    if was and not enabled:
        tx.run("delete from box where key = 'billing'")
        tx.run("update users set unlimited = 1")
    if enabled:
        settle(tx, now=now)


def _family(rows: Rows, plan_id: int) -> int:
    return int(rows.value("select family from plans where id = :id", id=plan_id))


# A row of the table.
subscription_of = reader(Subscription)
