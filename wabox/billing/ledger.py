"""Credits: an append-only ledger, whose sum is the balance, always. One credit is one message.

An unlimited account has no rows. Taken in the transaction that queues, given back in the one that
cancels, skips or fails; the database allows one `take` and one `return` a message. A campaign reserves
its credits at launch, and each message takes from that reserve when its row is made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.db import Rows, Tx, reader
from wabox.errors import InsufficientCredits, Invalid


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger. amount: positive comes in, negative goes out."""

    id: int
    kind: str
    amount: int
    message_id: int | None
    campaign_id: int | None
    note: str | None
    by: str | None
    at: datetime


def credits_left(rows: Rows, user_id: int) -> int | None:
    """The balance; None = unlimited."""
    row = rows.one("select unlimited, credits from users where id = :id", id=user_id)
    return None if row is None or row["unlimited"] else int(row["credits"])


def balance(rows: Rows, user_id: int) -> int:
    """The sum of the ledger, which the stored balance must equal; wabox doctor compares them."""
    return int(rows.value("select coalesce(sum(amount), 0) from ledger where user_id = :id", id=user_id))


def grant(
    tx: Tx, user_id: int, amount: int, *, note: str, by: str, now: datetime, payment_id: int | None = None
) -> int:
    """Credits come in; the account is limited from now on. Returns the balance.

    payment_id: what was paid for them; the database allows one grant a payment.
    """
    if not 1 <= amount <= 1_000_000_000:
        raise Invalid("bad_amount", "Grant between 1 and 1,000,000,000 credits.")
    tx.run("update users set unlimited = 0 where id = :id", id=user_id)
    _write(tx, user_id, "grant", amount, note=note, by=by, now=now, payment_id=payment_id)
    return int(tx.value("select credits from users where id = :id", id=user_id))


def require(rows: Rows, user_id: int, amount: int) -> None:
    """Raises InsufficientCredits `insufficient_credits` if the balance does not cover this many."""
    left = credits_left(rows, user_id)
    if left is not None:
        _require(left, amount)


def take_away(tx: Tx, user_id: int, most: int, *, note: str, by: str | None, now: datetime) -> int:
    """Up to so many unused credits go, as a correction with its reason. Returns how many."""
    left = int(tx.value("select credits from users where id = :id", id=user_id))
    taken = max(0, min(left, most))
    if taken:
        _write(tx, user_id, "adjust", -taken, note=note, by=by, now=now)
    return taken


def take(tx: Tx, user_id: int, message_id: int, *, now: datetime) -> None:
    """One credit for this message. Raises InsufficientCredits `insufficient_credits`."""
    left = credits_left(tx, user_id)
    if left is None:
        return
    _require(left, 1)
    _write(tx, user_id, "take", -1, message_id=message_id, now=now)


def give_back(tx: Tx, user_id: int, message_id: int, *, now: datetime) -> int:
    """The message's credit comes back, if one was taken and none was given back. Returns 1 or 0."""
    kinds = {
        row["kind"]
        for row in tx.all("select kind from ledger where message_id = :message_id", message_id=message_id)
    }
    if kinds != {"take"}:
        return 0
    _write(tx, user_id, "return", 1, message_id=message_id, now=now)
    return 1


def give_back_many(tx: Tx, user_id: int, message_ids: Sequence[int], *, now: datetime) -> int:
    """As `give_back` for many messages of one user; returns how many credits came back."""
    returned = tx.run(
        """insert into ledger (user_id, kind, amount, message_id, at)
           select :user_id, 'return', 1, value, :at from json_each(:ids)
           where exists (select 1 from ledger l where l.message_id = value and l.kind = 'take')
           and not exists (select 1 from ledger l where l.message_id = value and l.kind = 'return')""",
        user_id=user_id,
        ids=json.dumps(list(message_ids)),
        at=times.stored(now),
    )
    tx.run("update users set credits = credits + :n where id = :id", n=returned, id=user_id)
    return returned


def reserve(tx: Tx, user_id: int, campaign_id: int, amount: int, *, now: datetime) -> int:
    """Credits for a whole campaign. Returns how many (0 on an unlimited account).

    Raises InsufficientCredits `insufficient_credits`.
    """
    left = credits_left(tx, user_id)
    if left is None or amount == 0:
        return 0
    _require(left, amount)
    _write(tx, user_id, "reserve", -amount, campaign_id=campaign_id, now=now)
    return amount


def release(tx: Tx, user_id: int, campaign_id: int, amount: int, *, now: datetime) -> None:
    """A part of the reserve that will not be needed comes back."""
    if amount > 0:
        _write(tx, user_id, "release", amount, campaign_id=campaign_id, now=now)


def take_reserved(tx: Tx, user_id: int, campaign_id: int, message_ids: Sequence[int], *, now: datetime) -> None:
    """These messages take their credits from the campaign's reserve; the balance stays as it is."""
    if not message_ids:
        return
    release(tx, user_id, campaign_id, len(message_ids), now=now)
    at = times.stored(now)
    tx.many(
        "insert into ledger (user_id, kind, amount, message_id, at) values (?, 'take', -1, ?, ?)",
        [(user_id, message_id, at) for message_id in message_ids],
    )
    tx.run("update users set credits = credits - :n where id = :id", n=len(message_ids), id=user_id)


def page(rows: Rows, user_id: int, *, before: int | None = None, most: int = 50) -> list[Entry]:
    """The ledger, newest first."""
    return [
        _entry(row)
        for row in rows.all(
            """select * from ledger where user_id = :user_id and id < ifnull(:before, 9e18)
               order by id desc limit :most""",
            user_id=user_id,
            before=before,
            most=most,
        )
    ]


def _require(left: int, amount: int) -> None:
    if left < amount:
        raise InsufficientCredits(
            "insufficient_credits", f"This needs {amount:,} credits and you have {left:,}; buy credits first."
        )


def _write(
    tx: Tx,
    user_id: int,
    kind: str,
    amount: int,
    *,
    now: datetime,
    message_id: int | None = None,
    campaign_id: int | None = None,
    note: str | None = None,
    by: str | None = None,
    payment_id: int | None = None,
) -> None:
    tx.run(
        """insert into ledger (user_id, kind, amount, message_id, campaign_id, payment_id, note, by, at)
           values (:user_id, :kind, :amount, :message_id, :campaign_id, :payment_id, :note, :by, :at)""",
        user_id=user_id,
        kind=kind,
        amount=amount,
        message_id=message_id,
        campaign_id=campaign_id,
        payment_id=payment_id,
        note=note,
        by=by,
        at=times.stored(now),
    )
    tx.run("update users set credits = credits + :amount where id = :id", amount=amount, id=user_id)


_entry = reader(Entry)
