"""Who must not be written to: kept as a keyed hash of the number, so that it outlives the contact.

`phone_hash(digits)` is a function of every connection to the database, so that queries can ask.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from wabox import times
from wabox.db import Rows, Tx

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
    """Nothing more goes to this phone from this user. False if that was so already."""
    changed = tx.run(
        """insert or ignore into suppressions (user_id, phone_hash, source, word, campaign_id, by, at)
           values (:user_id, phone_hash(:phone), :source, :word, :campaign_id, :by, :now)""",
        user_id=user_id,
        phone=phone,
        source=source,
        word=word,
        campaign_id=campaign_id,
        by=by,
        now=times.stored(now),
    )
    if changed:
        _log(tx, user_id, phone, "out", source=source, word=word, by=by, now=now)
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
    """This person may be written to again. False if nothing stood against it."""
    changed = tx.run(
        "delete from suppressions where user_id = :user_id and phone_hash = phone_hash(:phone)",
        user_id=user_id,
        phone=phone,
    )
    if changed:
        _log(tx, user_id, phone, "in", source=source, word=word, by=by, now=now)
    return bool(changed)


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
