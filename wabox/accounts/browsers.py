"""Knows the browsers, and the networks, from which somebody has logged in before; a token proves it.

It opens nothing: who has it still needs the password, but has tries of their own (throttle.py). A log-in gives the
browser a new token, so that a copy of the old one is worth nothing from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.accounts import secrets
from wabox.accounts.throttle import network
from wabox.db import Rows, Tx

LASTS = timedelta(days=365)
MOST = 10  # of one account; the longest unused is forgotten first
LONGEST_TOKEN = 100


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of who knocks at an account. browser: the digest of its token, None for a stranger's."""

    browser: str | None = None
    network: bool = False


NOBODY = Known()


def remember(tx: Tx, user_id: int, *, held: str, ip: str, now: datetime) -> str:
    """The browser has logged in as this user; returns its new token, for the cookie.

    held: the token it came with. Other accounts that knew it by that know it by the new one.
    """
    token = secrets.token()
    if held:
        tx.run(
            "update known_browsers set token_hash = :new where token_hash = :old",
            new=secrets.digest(token),
            old=secrets.digest(held),
        )
    tx.run(
        """insert into known_browsers (token_hash, user_id, ip, made_at, seen_at)
           values (:token_hash, :user_id, :ip, :now, :now)
           on conflict (token_hash, user_id) do update set ip = :ip, seen_at = :now""",
        token_hash=secrets.digest(token),
        user_id=user_id,
        ip=ip,
        now=times.stored(now),
    )
    tx.run(
        """delete from known_browsers where user_id = :user_id and token_hash not in (select token_hash
             from known_browsers where user_id = :user_id order by seen_at desc, made_at desc limit :most)""",
        user_id=user_id,
        most=MOST,
    )
    return token


def known(rows: Rows, user_id: int, *, held: str, ip: str, now: datetime) -> Known:
    """Whether this browser, or its network, has logged in as this user before."""
    found = rows.all(
        "select token_hash, ip from known_browsers where user_id = :user_id and seen_at > :oldest",
        user_id=user_id,
        oldest=times.stored(now - LASTS),
    )
    token_hash = secrets.digest(held) if held and len(held) <= LONGEST_TOKEN else None
    networks = {network(row["ip"]) for row in found if row["ip"]}
    browser = token_hash if token_hash in {row["token_hash"] for row in found} else None
    return Known(browser=browser, network=network(ip) in networks)


def forget(tx: Tx, user_id: int, *, but: str = "") -> int:
    """No browser is known to the account, but the one with this token; returns how many are not any more."""
    return tx.run(
        "delete from known_browsers where user_id = :user_id and token_hash <> :but",
        user_id=user_id,
        but=secrets.digest(but),
    )


def sweep(tx: Tx, now: datetime) -> int:
    """Browsers that were not seen for a year are forgotten; returns how many. For the daily housekeeping."""
    return tx.run("delete from known_browsers where seen_at <= :oldest", oldest=times.stored(now - LASTS))
