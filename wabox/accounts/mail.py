"""Knows the mails the box owes: queued -> sent | failed (given up) | skipped (there is no mail server).

A mail may hold a link that opens an account, so its text is sealed, and gone once the mail is done with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox import times
from wabox.accounts.sealing import Seal, SealBroken
from wabox.accounts.users import email_of
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid

Status = Literal["queued", "sent", "failed", "skipped"]

GAPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
TRIED_FOR = timedelta(days=2)
KEPT = timedelta(days=90)
LONGEST_SUBJECT, LONGEST_BODY = 200, 50_000
MOST = 200
NO_SERVER = "There is no mail server; set one under Settings, E-mail."
_ABOUT = "mail"
_LINK = re.compile(r"\S*://\S*|\S*/(?:reset|verify|setup)/\S*")  # a server may quote the mail that it refuses
_COLUMNS = "id, user_id, recipient, subject, status, attempts, due_at, last_error, created_at, done_at"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the log shows it: without its text. times are aware UTC."""

    id: int
    user_id: int | None
    recipient: str
    subject: str
    status: Status
    attempts: int
    due_at: datetime | None
    last_error: str | None
    created_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Letter:
    """What is handed to the mail server."""

    id: int
    recipient: str
    subject: str
    body: str
    created_at: datetime


def owe(tx: Tx, *, to: str, subject: str, body: str, user_id: int | None = None, seal: Seal, now: datetime) -> int:
    """The mail will go as soon as the server takes it; returns its id. In the transaction of what it tells.

    Raises Invalid `bad_email`, `bad_mail`: a line break in a subject would be a header of its own.
    """
    if not subject.strip() or len(subject) > LONGEST_SUBJECT or not subject.isprintable():
        raise Invalid("bad_mail", f"A mail's subject is one line of up to {LONGEST_SUBJECT} characters.")
    if not body.strip() or len(body) > LONGEST_BODY or "\0" in body:
        raise Invalid("bad_mail", f"A mail's text has up to {LONGEST_BODY} characters.")
    return tx.insert(
        """insert into mails (user_id, recipient, subject, body, due_at, created_at)
           values (:user_id, :recipient, :subject, :body, :now, :now)""",
        user_id=user_id,
        recipient=email_of(to),
        subject=subject.strip(),
        body=seal.close(body, about=_ABOUT),
        now=times.stored(now),
    )


def due(rows: Rows, now: datetime, *, most: int = 20) -> list[int]:
    """Mails to hand over now, the longest due first."""
    found = rows.all(
        """select id from mails where status = 'queued' and due_at <= :now order by due_at, id limit :most""",
        now=times.stored(now),
        most=most,
    )
    return [row["id"] for row in found]


def letter(rows: Rows, mail_id: int, *, seal: Seal) -> Letter | None:
    """The mail with its text; None: it is done with, or sealed with another box's key."""
    row = rows.one(
        "select recipient, subject, body, created_at from mails where id = :id and status = 'queued'", id=mail_id
    )
    if row is None:
        return None
    try:
        body = seal.open(row["body"], about=_ABOUT)
    except SealBroken:
        return None
    return Letter(mail_id, row["recipient"], row["subject"], body, times.read(row["created_at"]))


def sent(tx: Tx, mail_id: int, *, now: datetime) -> bool:
    """The server took it; its text is forgotten."""
    return _done(tx, mail_id, "sent", None, now)


def failed(tx: Tx, mail_id: int, error: str, *, final: bool, now: datetime) -> bool:
    """It is tried again later, or given up: when the server said never, or after two days."""
    row = tx.one("select attempts, created_at from mails where id = :id and status = 'queued'", id=mail_id)
    if row is None:
        return False
    error = _LINK.sub("(a link)", error)
    due_at = now + GAPS[min(row["attempts"], len(GAPS) - 1)]
    if final or due_at > times.read(row["created_at"]) + TRIED_FOR:
        return _done(tx, mail_id, "failed", error, now)
    return (
        tx.run(
            """update mails set attempts = attempts + 1, due_at = :due_at, last_error = :error
               where id = :id and status = 'queued'""",
            due_at=times.stored(due_at),
            error=error[:300],
            id=mail_id,
        )
        == 1
    )


def skip(tx: Tx, *, now: datetime) -> int:
    """What waits is skipped, as there is no server; returns how many."""
    return tx.run(
        """update mails set status = 'skipped', body = null, due_at = null, done_at = :now, last_error = :error
           where status = 'queued'""",
        now=times.stored(now),
        error=NO_SERVER,
    )


def page(rows: Rows, *, before: int | None = None, limit: int = 50) -> list[Mail]:
    """All mails of the box, newest first. before: the last id of the page above."""
    found = rows.all(
        f"select {_COLUMNS} from mails where id < ifnull(:before, 9e18) order by id desc limit :limit",  # noqa: S608
        before=before,
        limit=max(1, min(limit, MOST)),
    )
    return [_mail_of(row) for row in found]


def of_user(rows: Rows, user_id: int, mail_id: int) -> Mail | None:
    """This mail, if it is the user's and still kept."""
    row = rows.one(
        f"select {_COLUMNS} from mails where id = :id and user_id = :user_id",  # noqa: S608
        id=mail_id,
        user_id=user_id,
    )
    return None if row is None else _mail_of(row)


def unsent(rows: Rows, *, since: datetime) -> int:
    """How many mails did not go since then: given up or skipped."""
    found: int = rows.value(
        "select count(*) from mails where status in ('failed', 'skipped') and created_at >= :since",
        since=times.stored(since),
    )
    return found


def stuck(rows: Rows) -> int:
    """How many mails were tried in vain and will be tried again."""
    found: int = rows.value("select count(*) from mails where status = 'queued' and attempts > 0")
    return found


def _done(tx: Tx, mail_id: int, status: Status, error: str | None, now: datetime) -> bool:
    return (
        tx.run(
            """update mails set status = :status, attempts = attempts + 1, body = null, due_at = null,
               done_at = :now, last_error = :error where id = :id and status = 'queued'""",
            status=status,
            now=times.stored(now),
            error=None if error is None else error[:300],
            id=mail_id,
        )
        == 1
    )


_mail_of = reader(Mail)
