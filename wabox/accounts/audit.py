"""Knows who did what and when; the table refuses changes and deletions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from wabox import times
from wabox.db import Rows, Tx, reader

MOST = 200
# What others do to an account: the subject is the account, or the details name it.
TO_ACCOUNTS = (
    "account.made",
    "account.link_made",
    "account.approved",
    "account.suspended",
    "account.resumed",
    "account.locked",
    "account.unlocked",
    "complaint.recorded",
)
TO_THEIRS = ("payment.approved", "payment.rejected", "review.passed", "review.refused")
_SELECT = """select audit.id, audit.user_id, users.email, audit.action, audit.subject, audit.details,
    audit.ip, audit.at
    from audit left join users on users.id = audit.user_id"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. user_id None: by the shell of the box or by wabox itself."""

    id: int
    user_id: int | None
    email: str | None
    action: str
    subject: str | None
    details: dict[str, object]
    ip: str | None
    at: datetime


def note(
    tx: Tx,
    *,
    user_id: int | None,
    action: str,
    subject: str | None = None,
    details: Mapping[str, object] | None = None,
    ip: str | None = None,
    now: datetime,
) -> int:
    """It is on record, in the same transaction as the thing itself.

    action: `<noun>.<verb>`, as `key.rotated`. subject: an id or a label, never a secret. details: plain JSON.
    """
    return tx.insert(
        """insert into audit (user_id, action, subject, details, ip, at)
           values (:user_id, :action, :subject, :details, :ip, :now)""",
        user_id=user_id,
        action=action,
        subject=subject,
        details=json.dumps(dict(details or {})),
        ip=ip,
        now=times.stored(now),
    )


def page(rows: Rows, *, user_id: int | None = None, before: int | None = None, limit: int = 50) -> list[Entry]:
    """Entries, newest first. user_id: only this user's. before: the last id of the page above."""
    found = rows.all(
        f"""{_SELECT} where (:user_id is null or audit.user_id = :user_id)
            and audit.id < ifnull(:before, 9e18) order by audit.id desc limit :limit""",
        user_id=user_id,
        before=before,
        limit=max(1, min(limit, MOST)),
    )
    return [_entry_of(row) for row in found]


def about(rows: Rows, user_id: int, *, limit: int = 50) -> list[Entry]:
    """What the user did and what was done to their account, newest first.

    Who did the latter, and from where, is not the user's business: user_id, email and ip are None.
    """
    found = rows.all(
        f"""{_SELECT} where audit.id in (
              select id from audit where user_id = :user_id
              union select id from audit
                where action in (select value from json_each(:accounts)) and subject = :subject
              union select id from audit where action in (select value from json_each(:theirs))
                and json_extract(details, '$.user_id') = :user_id)
            order by audit.id desc limit :limit""",  # noqa: S608
        user_id=user_id,
        subject=str(user_id),
        accounts=json.dumps(TO_ACCOUNTS),
        theirs=json.dumps(TO_THEIRS),
        limit=max(1, min(limit, MOST)),
    )
    entries = [_entry_of(row) for row in found]
    return [one if one.user_id == user_id else replace(one, user_id=None, email=None, ip=None) for one in entries]


def search(rows: Rows, q: str = "", *, before: int | None = None, limit: int = 50) -> list[Entry]:
    """Everybody's entries, newest first: q in the action, the address, the thing, the details or the IP."""
    found = rows.all(
        f"""{_SELECT} where audit.id < ifnull(:before, 9e18) and (:q = '' or instr(lower(
              audit.action || ' ' || coalesce(users.email, 'wabox') || ' ' || coalesce(audit.subject, '') || ' ' ||
              audit.details || ' ' || coalesce(audit.ip, '')), lower(:q)))
            order by audit.id desc limit :limit""",
        q=q.strip(),
        before=before,
        limit=max(1, min(limit, MOST)),
    )
    return [_entry_of(row) for row in found]


_entry_of = reader(Entry, details=lambda row: json.loads(row["details"]))
