"""Who must not be written to: kept as keyed hashes of all their ids, so that it outlives contact and person.

`phone_hash(address)` is a function of every connection to the database, so that queries can ask. A contact's row
knows it too, so that lists can go by it; what decides is here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from wabox import times
from wabox.contacts import identities
from wabox.db import Row, Rows, Tx


@dataclass(frozen=True, slots=True)
class Change:
    """That a person opted out or in. change: out or in. source: word, owner, api or import. by: who did it."""

    change: str
    source: str
    word: str | None
    by: str | None
    at: datetime


def changes(rows: Rows, user_id: int, phone: str, *, most: int = 20) -> list[Change]:
    """When this person opted out and in, the latest first. phone: digits."""
    return [
        Change(row["change"], row["source"], row["word"], row["by"], times.read(row["at"]))
        for row in rows.all(
            """select change, source, word, by, at from suppression_log
               where user_id = :user_id and phone_hash = phone_hash(:phone) order by id desc limit :most""",
            user_id=user_id,
            phone=phone,
            most=most,
        )
    ]


Source = Literal["word", "owner", "api", "import"]

CLAUSE = """exists (select 1 from suppressions s
    where s.user_id = m.user_id and s.phone_hash = phone_hash(m.phone))"""


def hasher(key: bytes) -> Callable[[str], str]:
    """The function `phone_hash`: 128 bits in hex, useless without the box's key."""
    derived = hashlib.sha256(b"wabox suppression\0" + key).digest()
    return lambda phone: hmac.new(derived, phone.encode(), "sha256").hexdigest()[:32]


def is_out(rows: Rows, user_id: int, phone: str) -> bool:
    """Whether this person asked this user not to write."""
    found = rows.value(
        "select 1 from suppressions where user_id = :user_id and phone_hash = phone_hash(:phone)",
        user_id=user_id,
        phone=phone,
    )
    return found is not None


def opt_out(
    tx: Tx,
    user_id: int,
    phone: str,
    *,
    source: Source,
    now: datetime,
    word: str | None = None,
    by: str | None = None,
    campaign_id: int | None = None,
) -> bool:
    """Nothing more goes to this person from this user, by whatever id. False if that was so already.

    phone: the address, digits or a hidden id; all other ids of the person go along.
    """
    changed = 0
    for one in identities.every(tx, user_id, phone):
        newly = tx.run(
            """insert or ignore into suppressions (user_id, phone_hash, source, word, campaign_id, by, at)
               values (:user_id, phone_hash(:one), :source, :word, :campaign_id, :by, :now)""",
            user_id=user_id,
            one=one,
            source=source,
            word=word,
            campaign_id=campaign_id,
            by=by,
            now=times.stored(now),
        )
        if newly:
            _log(tx, user_id, one, "out", source=source, word=word, by=by, now=now)
            _mark(tx, user_id, one, is_out=True, now=now)
        changed += newly
    return bool(changed)


def opt_in(
    tx: Tx,
    user_id: int,
    phone: str,
    *,
    source: Source,
    now: datetime,
    word: str | None = None,
    by: str | None = None,
) -> bool:
    """This person may be written to again, by whatever id. False if nothing stood against it."""
    changed = 0
    for one in identities.every(tx, user_id, phone):
        freed = tx.run(
            "delete from suppressions where user_id = :user_id and phone_hash = phone_hash(:one)",
            user_id=user_id,
            one=one,
        )
        if freed:
            _log(tx, user_id, one, "in", source=source, word=word, by=by, now=now)
            _mark(tx, user_id, one, is_out=False, now=now)
        changed += freed
    return bool(changed)


def even_out(tx: Tx, user_id: int, phone: str, *, now: datetime) -> Source | None:
    """Where one of the person's ids opted out, all are out. By what, if the address itself was not; else None.

    phone: the address.
    """
    was_out, ids = is_out(tx, user_id, phone), identities.every(tx, user_id, phone)
    row = next((found for one in ids if (found := _row(tx, user_id, one)) is not None), None)
    if row is None:
        return None
    source = cast(Source, row["source"])
    opt_out(tx, user_id, phone, source=source, word=row["word"], by=row["by"], now=now)
    return None if was_out else source


def settle(tx: Tx) -> int:
    """Every contact's row knows whether its person opted out. Returns how many did not: all, after an upgrade."""
    return tx.run(
        """update contacts set is_out = exists (select 1 from suppressions s
             where s.user_id = contacts.user_id and s.phone_hash = phone_hash(contacts.phone))
           where is_out is null"""
    )


def _mark(tx: Tx, user_id: int, phone: str, *, is_out: bool, now: datetime) -> None:
    tx.run(
        """update contacts set is_out = :is_out, updated_at = :now where user_id = :user_id and phone = :phone""",
        is_out=int(is_out),
        now=times.stored(now),
        user_id=user_id,
        phone=phone,
    )


def _row(rows: Rows, user_id: int, one: str) -> Row | None:
    return rows.one(
        "select source, word, by from suppressions where user_id = :user_id and phone_hash = phone_hash(:one)",
        user_id=user_id,
        one=one,
    )


def _log(
    tx: Tx,
    user_id: int,
    phone: str,
    change: str,
    *,
    source: Source,
    word: str | None,
    by: str | None,
    now: datetime,
) -> None:
    tx.run(
        """insert into suppression_log (user_id, phone_hash, change, source, word, by, at)
           values (:user_id, phone_hash(:phone), :change, :source, :word, :by, :now)""",
        user_id=user_id,
        phone=phone,
        change=change,
        source=source,
        word=word,
        by=by,
        now=times.stored(now),
    )
