"""Knows one-time links: the first set-up of a box, a forgotten password, an e-mail address to confirm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox import times
from wabox.accounts import secrets
from wabox.db import Rows, Tx

Purpose = Literal["setup", "reset", "verify"]
SETUP_LASTS = timedelta(hours=24)
LONGEST_TOKEN = 100


@dataclass(frozen=True, slots=True)
class Link:
    """A link somebody holds. user_id: whose; None for `setup`, as nobody is there yet."""

    purpose: Purpose
    user_id: int | None
    expires_at: datetime


def make(tx: Tx, purpose: Purpose, user_id: int | None, ttl: timedelta, now: datetime) -> str:
    """A new token that works once within ttl; older ones of that purpose and user are dead."""
    token = secrets.token()
    tx.run(
        """update links set used_at = :now
           where purpose = :purpose and user_id is :user_id and used_at is null""",
        purpose=purpose,
        user_id=user_id,
        now=times.stored(now),
    )
    tx.run(
        """insert into links (token_hash, user_id, purpose, created_at, expires_at)
           values (:token_hash, :user_id, :purpose, :now, :expires_at)""",
        token_hash=secrets.digest(token),
        user_id=user_id,
        purpose=purpose,
        now=times.stored(now),
        expires_at=times.stored(now + ttl),
    )
    return token


def find(rows: Rows, token: str, purpose: Purpose, now: datetime) -> Link | None:
    """The live link of this token, unused: for showing the form behind it."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    row = rows.one(
        """select user_id, expires_at from links where token_hash = :token_hash and purpose = :purpose
           and used_at is null and expires_at > :now""",
        token_hash=secrets.digest(token),
        purpose=purpose,
        now=times.stored(now),
    )
    if row is None:
        return None
    return Link(purpose=purpose, user_id=row["user_id"], expires_at=times.read(row["expires_at"]))


def use(tx: Tx, token: str, purpose: Purpose, now: datetime) -> Link | None:
    """The link is spent, and this call is the one that spent it; None: unknown, late or spent before."""
    link = find(tx, token, purpose, now)
    if link is None:
        return None
    spent = tx.run(
        "update links set used_at = :now where token_hash = :token_hash and used_at is null",
        token_hash=secrets.digest(token),
        now=times.stored(now),
    )
    return link if spent else None


def sweep(tx: Tx, now: datetime) -> int:
    """Links that ended over a month ago are gone; returns how many. For the daily housekeeping."""
    return tx.run("delete from links where expires_at <= :old", old=times.stored(now - timedelta(days=30)))
