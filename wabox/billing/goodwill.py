"""What the owner does for a customer by hand: credits, a longer plan or another one, with a reason on record."""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox import times
from wabox.accounts import audit, states, users
from wabox.accounts.states import Actor
from wabox.accounts.users import User
from wabox.billing import ledger, plans, subscriptions
from wabox.billing.subscriptions import Subscription
from wabox.db import Tx
from wabox.errors import Invalid, NotFound
from wabox.languages import later

MOST_CREDITS = 1_000_000
MOST_DAYS = 366


def give(tx: Tx, user_id: int, amount: int, *, by: Actor, reason: str, now: datetime) -> int:
    """The customer has so many credits more. Returns the balance.

    Raises NotFound; Invalid `bad_amount`, `reason_needed`, and `unlimited` for whom credits do not limit.
    """
    user, reason = _customer(tx, user_id), _reason(reason)
    if not 1 <= amount <= MOST_CREDITS:
        raise _wrong("bad_amount", "credits", later("Give 1 to 1,000,000 credits."))
    if ledger.credits_left(tx, user_id) is None:
        raise _wrong(
            "unlimited", "credits", later("This account has unlimited credits; there is nothing to give.")
        )
    left = ledger.grant(tx, user_id, amount, note=reason, by=_name(tx, by), now=now)
    _note(tx, user, "credits.given", by, now, reason=reason, credits=amount)
    return left


def extend(tx: Tx, user_id: int, days: int, *, by: Actor, reason: str, now: datetime) -> Subscription:
    """The customer's plan ends so many days later; one that is over goes on from now.

    Raises NotFound; Invalid `bad_days`, `reason_needed`, `no_plan`.
    """
    user, reason = _customer(tx, user_id), _reason(reason)
    if not 1 <= days <= MOST_DAYS:
        raise _wrong("bad_days", "days", later("Extend by 1 to 366 days."))
    latest = subscriptions.last(tx, user_id)
    if latest is None:
        raise _wrong("no_plan", "days", later("This account has no plan yet; choose one for it instead."))
    until = max(latest.expires_at, now) + timedelta(days=days)
    tx.run(
        "update subscriptions set expires_at = :until where id = :id and ended_at is null",
        until=times.stored(until),
        id=latest.id,
    )
    subscriptions.settle(tx, now=now)
    _note(tx, user, "plan.extended", by, now, reason=reason, days=days)
    return subscriptions.by_id(tx, latest.id)


def change(tx: Tx, user_id: int, plan_id: int, *, by: Actor, reason: str, now: datetime) -> Subscription:
    """The customer is on this plan, as if it had been bought: its days, and its credits if they are counted.

    Raises NotFound; Invalid `reason_needed`, `no_days` for credits alone.
    """
    user, reason = _customer(tx, user_id), _reason(reason)
    plan = plans.by_id(tx, plan_id)
    if plan.terms.days is None:
        raise _wrong("no_days", "plan_id", later("These are credits alone; give credits instead."))
    period = subscriptions.begin(tx, user_id, plan, now=now)
    if plan.terms.credits is not None:
        ledger.grant(tx, user_id, plan.terms.credits, note=plan.terms.name, by=_name(tx, by), now=now)
        subscriptions.settle(tx, now=now)
    _note(tx, user, "plan.given", by, now, reason=reason, plan=plan.terms.name)
    return period


def _customer(tx: Tx, user_id: int) -> User:
    user = users.by_id(tx, user_id)
    if user is None or user.role == "owner" or user.closed_at is not None:
        raise NotFound("not_found", "There is no such customer; take one from the list.")
    return user


def _reason(text: str) -> str:
    reason = states.in_one_line(text)
    if not reason:
        raise _wrong("reason_needed", "reason", later("Say why; it stands in the record."))
    return reason


def _name(tx: Tx, by: Actor) -> str:
    who = users.by_id(tx, by.user_id) if by.user_id is not None else None
    return who.email if who is not None else ""


def _note(tx: Tx, user: User, action: str, by: Actor, now: datetime, **details: object) -> None:
    told = {"name": user.email, **details}
    audit.note(tx, user_id=by.user_id, action=action, subject=str(user.id), details=told, ip=by.ip, now=now)


def _wrong(code: str, field: str, sentence: str) -> Invalid:
    return Invalid(code, sentence, details={field: sentence})
