"""Knows an account's state and its moves.

pending -> active (approved, and its address confirmed where that is asked); active <-> suspended (may look,
not send); any -> locked (may not even log in) -> active, or pending if it was that. A closed one is locked for
good. The owner's account always stays active.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from wabox import times
from wabox.accounts import audit, browsers, keys, sessions, users
from wabox.accounts.registration import Rule
from wabox.accounts.users import State, User
from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound

Move = Literal["approve", "suspend", "resume", "lock", "unlock"]

MOVES: Mapping[Move, tuple[frozenset[State], State, str]] = {
    "approve": (frozenset({"pending"}), "active", "account.approved"),
    "suspend": (frozenset({"active"}), "suspended", "account.suspended"),
    "resume": (frozenset({"suspended"}), "active", "account.resumed"),
    "lock": (frozenset({"pending", "active", "suspended"}), "locked", "account.locked"),
    "unlock": (frozenset({"locked"}), "active", "account.unlocked"),
}
LONGEST_REASON = 300
NOTHING_MORE = Rule(approval=False, verification=False)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who moves an account. user_id None: the shell of the box."""

    user_id: int | None
    ip: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What made the account's state. reason: why it is suspended or locked, as it was given."""

    reason: str | None
    approved: bool
    confirmed: bool


def move(
    tx: Tx, user_id: int, what: Move, *, by: Actor, reason: str = "", asked: Rule = NOTHING_MORE, now: datetime
) -> User:
    """The account is in the move's state, and it is on record; a lock ends every log-in.

    asked: what the box asks of new accounts; one that is approved before its address is confirmed stays pending
    until it is. Raises NotFound; Invalid `owner_stays`, `wrong_state`, `reason_needed` (for suspend and lock).
    """
    user = users.by_id(tx, user_id)
    if user is None:
        raise NotFound("not_found", "There is no such account; take it from the list.")
    reason = in_one_line(reason)
    known = standing(tx, user_id)
    _check(user, what, reason, known)
    to, action = _lands(tx, user, what, known, asked), MOVES[what][2]
    tx.run(
        """update users set state = :to, state_reason = :reason,
           approved_at = coalesce(approved_at, :approved_at) where id = :id and state = :from""",
        **{"to": to, "reason": reason or None, "id": user_id, "from": user.state},
        approved_at=times.stored(now) if what == "approve" else None,
    )
    if to == "locked":
        sessions.end_all(tx, user_id)
        browsers.forget(tx, user_id)
    details = {"name": user.email, "was": user.state, **({"reason": reason} if reason else {})}
    audit.note(tx, user_id=by.user_id, action=action, subject=str(user_id), details=details, ip=by.ip, now=now)
    moved = users.by_id(tx, user_id)
    assert moved is not None
    return moved


def _check(user: User, what: Move, reason: str, known: Standing) -> None:
    """Raises Invalid for a move that is not to be."""
    if user.role == "owner":
        raise Invalid("owner_stays", "The owner's account stays as it is.")
    if what in ("suspend", "lock") and not reason:
        sentence = "Say why; the person and the record will show it."
        raise Invalid("reason_needed", sentence, details={"reason": sentence})
    if user.closed_at is not None:
        raise Invalid("account_closed", "This account is deleted and does not come back.")
    if user.state not in MOVES[what][0]:
        raise Invalid("wrong_state", f"The account is {user.state} now; load the page again.")
    if what == "approve" and known.approved:
        raise Invalid("wrong_state", "The account is approved; it waits until its address is confirmed.")


def _lands(rows: Rows, user: User, what: Move, known: Standing, asked: Rule) -> State:
    """The state the move leads to."""
    if what == "approve" and asked.verification and not known.confirmed:
        return "pending"
    if what == "unlock" and _was(rows, user.id) == "pending":
        return "pending"
    return MOVES[what][1]


def _was(rows: Rows, user_id: int) -> str | None:
    """The state from which the account was locked last; the record knows."""
    found: str | None = rows.value(
        """select json_extract(details, '$.was') from audit where action = 'account.locked' and subject = :subject
           order by id desc limit 1""",
        subject=str(user_id),
    )
    return found


def close(tx: Tx, user_id: int, *, by: Actor, reason: str = "", now: datetime) -> User:
    """The account is closed for good: nobody logs in, no key works, its address is free again.

    Only the account itself; `closing.close` ends what belongs to it. Again: as it was. Raises NotFound;
    Invalid `owner_stays`.
    """
    user = users.by_id(tx, user_id)
    if user is None:
        raise NotFound("not_found", "There is no such account; take it from the list.")
    if user.role == "owner":
        raise Invalid("owner_stays", "The owner's account stays as it is.")
    if user.closed_at is not None:
        return user
    reason = in_one_line(reason)
    tx.run(
        """update users set state = 'locked', state_reason = :reason, closed_at = :now, email = :name,
           password_hash = '', language = null, timezone = null, disclaimer_ip = null where id = :id""",
        id=user_id,
        reason=reason or None,
        name=f"deleted-{user_id}",
        now=times.stored(now),
    )
    sessions.end_all(tx, user_id)
    browsers.forget(tx, user_id)
    keys.revoke_all(tx, user_id, now=now)
    for table in ("links", "totp", "recovery_codes"):
        tx.run(f"delete from {table} where user_id = :user_id", user_id=user_id)  # noqa: S608
    details = {"name": user.email, **({"reason": reason} if reason else {})}
    audit.note(
        tx, user_id=by.user_id, action="account.closed", subject=str(user_id), details=details, ip=by.ip, now=now
    )
    closed = users.by_id(tx, user_id)
    assert closed is not None
    return closed


def to_approve(rows: Rows) -> int:
    """How many accounts wait for the owner's yes."""
    return int(
        rows.value(
            """select count(*) from users
               where state = 'pending' and approved_at is null and closed_at is null"""
        )
    )


def moves_from(user: User, known: Standing | None = None) -> tuple[Move, ...]:
    """What can be done with the account now. known: leaves out to approve once more."""
    if user.role == "owner" or user.closed_at is not None:
        return ()
    fit = [what for what, (froms, _, _) in MOVES.items() if user.state in froms]
    return tuple(what for what in fit if what != "approve" or known is None or not known.approved)


def in_one_line(reason: str) -> str:
    """A reason as it is kept, shortened if it is too long; "" where there is none."""
    return " ".join(reason.split())[:LONGEST_REASON]


def standing(rows: Rows, user_id: int) -> Standing:
    """What is known of how the account stands; nothing of one that is not there."""
    row = rows.one("select state_reason, approved_at, verified_at from users where id = :id", id=user_id)
    if row is None:
        return Standing(None, approved=False, confirmed=False)
    approved, confirmed = row["approved_at"] is not None, row["verified_at"] is not None
    return Standing(row["state_reason"], approved=approved, confirmed=confirmed)
