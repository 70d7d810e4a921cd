"""Knows API keys: shown once, stored as a digest, dead at once when rotated."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.accounts import secrets
from wabox.accounts.users import COLUMNS, User, user_of
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid, NotFound

PREFIX = "wbx_"
LENGTH = len(PREFIX) + secrets.BODY + secrets.CHECK
SHOWN = 12  # characters of a key that may be seen later
MAIN = "main"
SCOPES = ("send", "read", "contacts", "campaigns", "devices", "admin")
EVERYTHING = ("all",)
USED_EVERY = timedelta(minutes=1)
ASKED_AGAIN = timedelta(minutes=10)  # so long a dead key may ask once more for the one that replaced it
MOST = 50  # live keys of one user
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; `key` is in nobody's hands but the caller's."""

    key: str
    key_id: int
    prefix: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be shown: never whole."""

    key_id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    last_used_ip: str | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who presented a live key. The user's state is the caller's to judge."""

    user: User
    key_id: int
    scopes: tuple[str, ...]
    last_used_at: datetime | None

    def may(self, scope: str) -> bool:
        """Whether the key covers this scope."""
        return "all" in self.scopes or scope in self.scopes

    def use_is_due(self, now: datetime) -> bool:
        """Whether `used` should be written again; it is kept to once a minute."""
        return self.last_used_at is None or abs(now - self.last_used_at) >= USED_EVERY


VOUCHED = "vouched"  # where the process itself leaves a caller for a request of its own; no header gets there


def vouched(user: User, now: datetime) -> Caller:
    """Somebody whose session stands for a key that may do everything; it has no row, and counts by itself."""
    return Caller(user, -user.id, EVERYTHING, now)


def issue(
    tx: Tx, user_id: int, *, name: str = MAIN, scopes: tuple[str, ...] = EVERYTHING, now: datetime
) -> IssuedKey:
    """A new live key of this name exists.

    Raises Invalid `bad_name`, `bad_scope`, `key_exists`, `too_many_keys`.
    """
    if scopes != EVERYTHING and (not scopes or not set(scopes) <= set(SCOPES)):
        sentence = f"Choose from {', '.join(SCOPES)}."
        raise Invalid("bad_scope", sentence, details={"scopes": sentence})
    name = _name_of(name)
    live = of_user(tx, user_id)
    if any(one.name == name for one in live):
        sentence = "There is a key of this name already; revoke it first, or choose another name."
        raise Invalid("key_exists", sentence, details={"name": sentence})
    if len(live) >= MOST:
        raise Invalid("too_many_keys", f"There are {MOST} keys already; revoke one that nobody uses.")
    key = secrets.key(PREFIX)
    key_id = tx.insert(
        """insert into api_keys (user_id, name, prefix, key_hash, scopes, created_at)
           values (:user_id, :name, :prefix, :key_hash, :scopes, :now)""",
        user_id=user_id,
        name=name,
        prefix=key[:SHOWN],
        key_hash=secrets.digest(key),
        scopes=json.dumps(scopes),
        now=times.stored(now),
    )
    return IssuedKey(key=key, key_id=key_id, prefix=key[:SHOWN], name=name, scopes=scopes, created_at=now)


def rotate(tx: Tx, user_id: int, *, name: str = MAIN, under: str | None = None, now: datetime) -> IssuedKey:
    """A new key of this name works and the old one is dead, both from this commit on.

    Keeps the old key's scopes; without an old key a new one is issued. under: the Idempotency-Key with which the
    old key may ask again, for a while, should the answer be lost (`find_rotated`).
    """
    old = _live(tx, user_id, name)
    if old is None:
        return issue(tx, user_id, name=name, now=now)
    revoke(tx, user_id, old.key_id, now=now)
    made = issue(tx, user_id, name=name, scopes=old.scopes, now=now)
    if under is not None:
        tx.run(
            "update api_keys set rotated_under = :under where id = :id",
            under=secrets.digest(under),
            id=made.key_id,
        )
    return made


def named(tx: Tx, user_id: int, *, name: str, scopes: Iterable[str], now: datetime) -> IssuedKey:
    """A key beside the main one, for one use only. Raises Invalid as `issue` does.

    scopes: in any order and number; they are kept once each, in the order of SCOPES.
    """
    wanted = set(scopes)
    unknown = sorted(wanted - set(SCOPES))
    kept = tuple(one for one in SCOPES if one in wanted)
    return issue(tx, user_id, name=name, scopes=(*kept, *unknown), now=now)


def withdraw(tx: Tx, user_id: int, key_id: int, *, now: datetime) -> Key:
    """The named key is dead; returns what it was. Raises NotFound; Invalid `main_stays` for the main key."""
    found = next((one for one in of_user(tx, user_id) if one.key_id == key_id), None)
    if found is not None and found.name == MAIN:
        raise Invalid("main_stays", "The main key cannot be revoked; make a new one, and the old one is dead.")
    revoke(tx, user_id, key_id, now=now)
    assert found is not None
    return found


def revoke(tx: Tx, user_id: int, key_id: int, *, now: datetime) -> None:
    """The key is dead. Raises NotFound if it is not a live key of this user."""
    changed = tx.run(
        """update api_keys set revoked_at = :now
           where id = :key_id and user_id = :user_id and revoked_at is null""",
        key_id=key_id,
        user_id=user_id,
        now=times.stored(now),
    )
    if not changed:
        raise NotFound("not_found", "There is no such key; look at the list of your keys.")


def revoke_all(tx: Tx, user_id: int, *, now: datetime) -> int:
    """Every key of the user is dead; returns how many were not."""
    return tx.run(
        "update api_keys set revoked_at = :now where user_id = :user_id and revoked_at is null",
        user_id=user_id,
        now=times.stored(now),
    )


def find_rotated(rows: Rows, presented: str | bytes, under: str, now: datetime) -> Caller | None:
    """Who held this key until it was rotated under this Idempotency-Key, and has not got the new one.

    Only for ten minutes, while the new key has never been used and nothing else has replaced it.
    """
    key = _plain(presented)
    if key is None or not under:
        return None
    row = rows.one(
        f"""select old.id as key_id, old.scopes, old.last_used_at, {COLUMNS}
            from api_keys old join users on users.id = old.user_id
            join api_keys made on made.user_id = old.user_id and made.name = old.name
            where old.key_hash = :key_hash and old.revoked_at > :oldest
              and made.rotated_under = :under and made.revoked_at is null and made.last_used_at is null""",  # noqa: S608
        key_hash=secrets.digest(key),
        under=secrets.digest(under),
        oldest=times.stored(now - ASKED_AGAIN),
    )
    return None if row is None else _caller(row)


def find(rows: Rows, presented: str | bytes, now: datetime) -> Caller | None:
    """Who holds this key; None for anything that is not a live key, whatever it is."""
    key = _plain(presented)
    if key is None:
        return None
    row = rows.one(
        f"""select api_keys.id as key_id, api_keys.scopes, api_keys.last_used_at, {COLUMNS}
            from api_keys join users on users.id = api_keys.user_id
            where api_keys.key_hash = :key_hash
              and (api_keys.revoked_at is null)""",  # noqa: S608
        key_hash=secrets.digest(key),
        now=times.stored(now),
    )
    return None if row is None else _caller(row)


_caller = reader(Caller, user=user_of, scopes=lambda row: tuple(json.loads(row["scopes"])))


def used(tx: Tx, key_id: int, *, ip: str | None, now: datetime) -> bool:
    """When and from where the key was last used is known, to the minute. False: known already."""
    return (
        tx.run(
            """update api_keys set last_used_at = :now, last_used_ip = :ip where id = :key_id
               and (last_used_at is null or last_used_at <= :due or last_used_at > :now)""",
            key_id=key_id,
            ip=ip,
            now=times.stored(now),
            due=times.stored(now - USED_EVERY),
        )
        == 1
    )


def of_user(rows: Rows, user_id: int) -> list[Key]:
    """The user's live keys, oldest first."""
    return [
        _key_of(row)
        for row in rows.all(
            """select id, name, prefix, scopes, created_at, last_used_at, last_used_ip from api_keys
               where user_id = :user_id and revoked_at is null order by id""",
            user_id=user_id,
        )
    ]


def _name_of(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        sentence = f"Give the key a name of up to {LONGEST_NAME} characters, like till or web shop."
        raise Invalid("bad_name", sentence, details={"name": sentence})
    return name


def _live(rows: Rows, user_id: int, name: str) -> Key | None:
    return next((one for one in of_user(rows, user_id) if one.name == name), None)


_key_of = reader(Key, key_id="id", scopes=lambda row: tuple(json.loads(row["scopes"])))


def _plain(presented: str | bytes) -> str | None:
    """The key as text if it has a key's form: cheap, before anything is hashed or asked."""
    if len(presented) != LENGTH:
        return None
    try:
        key = presented.decode("ascii") if isinstance(presented, bytes) else presented
    except UnicodeDecodeError:
        return None
    body, check = key[len(PREFIX) : -secrets.CHECK], key[-secrets.CHECK :]
    if not (key.startswith(PREFIX) and body.isascii() and secrets.checksum(body) == check):
        return None
    return key
