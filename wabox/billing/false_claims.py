"""Counts the claims of payment that an admin called false; every third locks the account for review."""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.accounts import states, users
from wabox.db import Tx

LOCKS_AT = 3


def count(tx: Tx, user_id: int, payment_id: int, *, ip: str | None, now: datetime) -> None:
    """This claim is counted once; every third locks its user until somebody has looked at it."""
    counted = tx.run(
        """insert or ignore into false_claims (user_id, payment_id, kind, at)
           values (:user_id, :payment_id, 'rejected', :now)""",
        user_id=user_id,
        payment_id=payment_id,
        now=times.stored(now),
    )
    total = tx.value("select count(*) from false_claims where user_id = :user_id", user_id=user_id)
    if not counted or total % LOCKS_AT:
        return
    user = users.by_id(tx, user_id)
    if user is not None and user.role == "user" and user.state != "locked":
        reason = f"{total} claims of payment were false."
        states.move(tx, user_id, "lock", by=states.Actor(None, ip), reason=reason, now=now)


def forgive(tx: Tx, payment_id: int) -> None:
    """The claim was true after all."""
    tx.run("delete from false_claims where payment_id = :id and kind = 'rejected'", id=payment_id)
