"""Knows who is logged in: a random token in the browser, its digest in the database.

The token of the page's forms is derived from the browser's, so that it is stored nowhere either.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.accounts import secrets
from wabox.accounts.users import COLUMNS, User, user_of
from wabox.db import Rows, Tx, reader

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=5)
LONGEST_TOKEN = 100


@dataclass(frozen=True, slots=True)
class Started:
    """A new session. token: for the cookie; csrf: for the page's forms. Neither is stored."""

    token: str
    csrf: str

    @property
    def token_hash(self) -> str:
        """What is stored of the token."""
        return secrets.digest(self.token)


@dataclass(frozen=True, slots=True)
class Session:
    """A live session and whose it is."""

    user: User
    token_hash: str
    csrf: str
    created_at: datetime
    seen_at: datetime

    def touch_is_due(self, now: datetime) -> bool:
        """Whether `touch` should be written: at most each five minutes."""
        return abs(now - self.seen_at) >= TOUCH_EVERY

    def csrf_matches(self, presented: str) -> bool:
        """Whether a form or a header carries this session's token; compared in constant time."""
        return hmac.compare_digest(presented.encode("utf-8", "surrogatepass"), self.csrf.encode())


@dataclass(frozen=True, slots=True)
class Visit:
    """A session as its owner may see it in a list."""

    token_hash: str
    ip: str | None
    agent: str | None
    created_at: datetime
    seen_at: datetime


def start(tx: Tx, user_id: int, *, ip: str | None, agent: str | None, now: datetime) -> Started:
    """The user is logged in with a new token, whatever the browser held before."""
    token = secrets.token()
    started = Started(token=token, csrf=secrets.of_forms(token))
    tx.run(
        """insert into sessions (token_hash, user_id, csrf, ip, agent, created_at, seen_at)
           values (:token_hash, :user_id, '', :ip, :agent, :now, :now)""",
        token_hash=secrets.digest(token),
        user_id=user_id,
        ip=ip,
        agent=_short(agent),
        now=times.stored(now),
    )
    return started


def find(rows: Rows, token: str, now: datetime) -> Session | None:
    """The live session of this token; None when unknown, idle for 12 h, 7 days old, or its user is locked."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    row = rows.one(
        f"""select sessions.token_hash, sessions.created_at as started_at, sessions.seen_at, {COLUMNS}
            from sessions join users on users.id = sessions.user_id
            where sessions.token_hash = :token_hash and sessions.seen_at > :idle
              and sessions.created_at > :oldest and users.state != 'locked'""",  # noqa: S608
        token_hash=secrets.digest(token),
        idle=times.stored(now - IDLE),
        oldest=times.stored(now - LONGEST),
    )
    if row is None:
        return None
    return Session(
        user=user_of(row),
        token_hash=row["token_hash"],
        csrf=secrets.of_forms(token),
        created_at=times.read(row["started_at"]),
        seen_at=times.read(row["seen_at"]),
    )


def renew(
    tx: Tx, user_id: int, token_hash: str, *, ip: str | None, agent: str | None, now: datetime
) -> Started | None:
    """Whoever held this session has shown anew who they are: it goes on under a new token, every other is over.

    None: it has ended meanwhile, as by a reset of the password.
    """
    if not end_one(tx, user_id, token_hash):
        return None
    end_all(tx, user_id)
    return start(tx, user_id, ip=ip, agent=agent, now=now)


def touch(tx: Tx, token_hash: str, now: datetime) -> bool:
    """The session was seen now. Ask Session.touch_is_due first. False: it has ended meanwhile."""
    return (
        tx.run(
            "update sessions set seen_at = :now where token_hash = :token_hash",
            now=times.stored(now),
            token_hash=token_hash,
        )
        == 1
    )


def end(tx: Tx, token: str) -> bool:
    """The token opens nothing any more. False: it did not before."""
    return tx.run("delete from sessions where token_hash = :token_hash", token_hash=secrets.digest(token)) == 1


def end_one(tx: Tx, user_id: int, token_hash: str) -> bool:
    """This session of the user is over, as chosen from `of_user`. False: it is not the user's, or was over."""
    return (
        tx.run(
            "delete from sessions where token_hash = :token_hash and user_id = :user_id",
            token_hash=token_hash,
            user_id=user_id,
        )
        == 1
    )


def end_all(tx: Tx, user_id: int, *, but: str | None = None) -> int:
    """All sessions of the user are over, but the one with this token hash; returns how many."""
    return tx.run(
        "delete from sessions where user_id = :user_id and token_hash is not :but", user_id=user_id, but=but
    )


def sweep(tx: Tx, now: datetime) -> int:
    """Sessions nobody can use any more are gone; returns how many. For the daily housekeeping."""
    return tx.run(
        "delete from sessions where seen_at <= :idle or created_at <= :oldest",
        idle=times.stored(now - IDLE),
        oldest=times.stored(now - LONGEST),
    )


def of_user(rows: Rows, user_id: int) -> list[Visit]:
    """The user's sessions, last seen first."""
    return [
        _visit(row)
        for row in rows.all(
            """select token_hash, ip, agent, created_at, seen_at from sessions
               where user_id = :user_id order by seen_at desc""",
            user_id=user_id,
        )
    ]


_visit = reader(Visit)


def _short(agent: str | None) -> str | None:
    if agent is None:
        return None
    return agent.encode("utf-8", "replace").decode("utf-8").replace("\0", "")[:300]
