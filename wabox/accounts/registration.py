"""Knows how somebody becomes a user by themselves: pending until approved and confirmed, as the box asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.accounts import audit, links, mail_server, terms, users
from wabox.accounts.users import User
from wabox.config import Config
from wabox.db import Rows, Tx

VERIFY_LASTS = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a new account must have before it is active."""

    approval: bool
    verification: bool


def rule(rows: Rows, config: Config) -> Rule | None:
    """What this box asks; None: nobody may register. Without a mail server no address can be confirmed."""
    if config.registration == "off":
        return None
    verification = config.accounts.require_verified_email and mail_server.is_set(rows, config)
    return Rule(approval=config.registration == "approval", verification=verification)


def register(tx: Tx, *, email: str, password_hash: str, asked: Rule, ip: str | None, now: datetime) -> User | None:
    """The account exists, with the terms accepted; None: the address has one already, and nothing changed.

    The caller makes its primary device, and answers the same either way.
    """
    if users.by_email(tx, email) is not None:
        return None
    user = users.create(tx, email=email, password_hash=password_hash, now=now)
    tx.run("update users set state = 'pending' where id = :id", id=user.id)
    terms.accept(tx, user.id, ip=ip, now=now)
    details = {"name": user.email, "terms": terms.VERSION}
    audit.note(tx, user_id=user.id, action="account.registered", details=details, ip=ip, now=now)
    settle(tx, user.id, asked=asked)
    return users.by_id(tx, user.id)


def confirm(tx: Tx, token: str, *, asked: Rule, ip: str | None, now: datetime) -> bool:
    """The address behind this link is confirmed. False: the link is unknown, late or spent."""
    link = links.use(tx, token, "verify", now)
    if link is None or link.user_id is None:
        return False
    tx.run(
        "update users set verified_at = :now where id = :id and verified_at is null",
        now=times.stored(now),
        id=link.user_id,
    )
    audit.note(tx, user_id=link.user_id, action="account.verified", ip=ip, now=now)
    settle(tx, link.user_id, asked=asked)
    return True


def settle(tx: Tx, user_id: int, *, asked: Rule) -> bool:
    """A pending account that has all it must have is active. Returns whether this made it so."""
    return (
        tx.run(
            """update users set state = 'active' where id = :id and state = 'pending'
               and (approved_at is not null or not :approval)
               and (verified_at is not null or not :verification)""",
            id=user_id,
            approval=asked.approval,
            verification=asked.verification,
        )
        == 1
    )
