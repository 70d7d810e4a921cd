"""Knows who was complained about: by a reply that says SPAM, or by the owner, who was told of it elsewhere.

The person who complained is kept as a keyed hash with the last digits of their number, as in the list of
those who opted out. So many people within thirty days lock the account until the owner has looked at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox import times
from wabox.accounts import audit, states, users
from wabox.accounts.states import Actor
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid

Source = Literal["reply", "owner"]
COUNTED_FOR = timedelta(days=30)
LONGEST_NOTE = 300
TAIL = 4


@dataclass(frozen=True, slots=True)
class Complaint:
    """tail: the last digits of the number, "" once the person is erased. by: an address, None for a reply."""

    id: int
    user_id: int
    email: str
    tail: str
    source: Source
    note: str | None
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Writer:
    """An account that wrote to a number lately. count: messages that went."""

    user_id: int
    email: str
    count: int
    last_at: datetime


def record(
    tx: Tx,
    user_id: int,
    phone: str,
    *,
    source: Source,
    by: Actor,
    note: str = "",
    lock_after: int = 0,
    now: datetime,
) -> int | None:
    """Somebody complained about this account; returns the complaint's id, None if this is known of them already.

    lock_after: lock it when so many people did within thirty days, 0 = never. Raises Invalid `bad_note`.
    """
    said = " ".join(note.split())
    if len(said) > LONGEST_NOTE or not (said.isprintable() or not said):
        sentence = f"Write up to {LONGEST_NOTE} characters."
        raise Invalid("bad_note", sentence, details={"note": sentence})
    since = times.stored(now - COUNTED_FOR)
    known = tx.value(
        """select 1 from complaints where user_id = :user_id and phone_hash = phone_hash(:phone)
           and source = :source and at > :since""",
        user_id=user_id,
        phone=phone,
        source=source,
        since=since,
    )
    if known is not None:
        return None
    complaint_id = tx.insert(
        """insert into complaints (user_id, phone_hash, tail, source, note, noted_by, at)
           values (:user_id, phone_hash(:phone), :tail, :source, :note, :by, :now)""",
        user_id=user_id,
        phone=phone,
        tail=_tail(phone),
        source=source,
        note=said or None,
        by=by.user_id,
        now=times.stored(now),
    )
    audit.note(
        tx,
        user_id=by.user_id,
        action="complaint.recorded",
        subject=str(user_id),
        details={"name": _name(tx, user_id), "source": source, "tail": _tail(phone)},
        ip=by.ip,
        now=now,
    )
    _lock(tx, user_id, lock_after, now)
    return complaint_id


def page(rows: Rows, *, before: int | None = None, limit: int = 50) -> list[Complaint]:
    """All of the box, newest first. before: the last id of the page above."""
    found = rows.all(
        """select c.id, c.user_id, u.email, c.tail, c.source, c.note, b.email as by, c.at from complaints c
           join users u on u.id = c.user_id left join users b on b.id = c.noted_by
           where c.id < ifnull(:before, 9e18) order by c.id desc limit :limit""",
        before=before,
        limit=limit,
    )
    return [_complaint(row) for row in found]


def people(rows: Rows, user_id: int, *, since: datetime) -> int:
    """How many different people complained about the account since then."""
    found = rows.value(
        "select count(distinct phone_hash) from complaints where user_id = :user_id and at > :since",
        user_id=user_id,
        since=times.stored(since),
    )
    return int(found)


def wrote_to(rows: Rows, phone: str, *, since: datetime) -> list[Writer]:
    """The accounts from which messages went to this number since then, the latest first. phone: digits."""
    found = rows.all(
        """select u.id, u.email, count(*) as n, max(m.spent_at) as last_at
           from users u join messages m on m.user_id = u.id and m.phone = :phone
           where m.spent_at > :since and m.is_system = 0 group by u.id order by last_at desc""",
        phone=phone,
        since=times.stored(since),
    )
    return [Writer(row["id"], row["email"], row["n"], times.read(row["last_at"])) for row in found]


def erase(tx: Tx, user_id: int, phone: str) -> None:
    """The digits of a person who is erased go; that somebody complained stays."""
    tx.run(
        """update complaints set tail = '', note = null
           where user_id = :user_id and phone_hash = phone_hash(:phone)""",
        user_id=user_id,
        phone=phone,
    )


def join(tx: Tx, user_id: int, hidden: str, phone: str) -> None:
    """What somebody with a hidden number complained of, the person with this number complained of."""
    tx.run(
        """update complaints set phone_hash = phone_hash(:phone), tail = iif(tail = '', '', :tail)
           where user_id = :user_id and phone_hash = phone_hash(:hidden)""",
        user_id=user_id,
        hidden=hidden,
        phone=phone,
        tail=phone[-TAIL:],
    )


def _lock(tx: Tx, user_id: int, after: int, now: datetime) -> None:
    """Only a customer's account, and one that is not locked yet."""
    user = users.by_id(tx, user_id)
    if not after or user is None or user.role == "owner" or user.state == "locked":
        return
    unlocked = tx.value(
        """select max(at) from audit where action = 'account.unlocked' and subject = :id""", id=str(user_id)
    )
    since = max(times.stored(now - COUNTED_FOR), unlocked or "")
    found = people(tx, user_id, since=times.read(since))
    if found >= after:
        reason = f"{found} people complained about its messages within 30 days."
        states.move(tx, user_id, "lock", by=Actor(None, None), reason=reason, now=now)


def _tail(address: str) -> str:
    """The last digits of a number; a hidden one has none."""
    return "" if "@" in address else address[-TAIL:]


def _name(rows: Rows, user_id: int) -> str:
    user = users.by_id(rows, user_id)
    return "" if user is None else user.email


_complaint = reader(Complaint)
