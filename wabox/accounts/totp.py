"""Knows second factors: a secret shared with an app on a phone, and recovery codes for the day it is lost.

States: none -> started (a secret is shown, nothing asks for it yet) -> on -> none. A code counts once: the
time step of the last one is kept, and only later steps are taken.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets as random
from dataclasses import dataclass
from datetime import datetime

import pyotp

from wabox import times
from wabox.accounts import secrets
from wabox.accounts.sealing import Seal, SealBroken
from wabox.db import Rows, Tx
from wabox.errors import Invalid

ISSUER = "wabox"
STEP_SECONDS = 30
DRIFT = 1  # steps a phone's clock may be off, either way
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10  # 80 bits: a digest of it cannot be searched
_RECOVERY_LENGTH = 16

WRONG_CODE = "This code is wrong or was used before. Wait for the next one, then type that."


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the user's second factor stands. codes_left: unused recovery codes."""

    on: bool
    since: datetime | None
    codes_left: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What the phone's app is given. uri: as its QR code; secret: the same for typing."""

    uri: str
    secret: str


def standing(rows: Rows, user_id: int) -> Standing:
    """Whether a code is asked for at log-in."""
    since = times.read_or_none(
        rows.value("select confirmed_at from totp where user_id = :user_id", user_id=user_id)
    )
    left = rows.value(
        "select count(*) from recovery_codes where user_id = :user_id and used_at is null", user_id=user_id
    )
    return Standing(on=since is not None, since=since, codes_left=int(left))


def start(tx: Tx, user_id: int, *, seal: Seal, now: datetime) -> None:
    """A new secret waits to be confirmed; a factor that is on stays as it is."""
    tx.run(
        """insert into totp (user_id, secret, started_at) values (:user_id, :secret, :now)
           on conflict (user_id) do update set secret = :secret, started_at = :now where confirmed_at is null""",
        user_id=user_id,
        secret=seal.close(pyotp.random_base32(), about=_about(user_id)),
        now=times.stored(now),
    )


def offer(rows: Rows, user_id: int, email: str, *, seal: Seal) -> Offer | None:
    """The secret that waits to be confirmed; None: there is none, or it is on already and never shown again."""
    row = rows.one("select secret, confirmed_at from totp where user_id = :user_id", user_id=user_id)
    if row is None or row["confirmed_at"] is not None:
        return None
    try:
        secret = seal.open(row["secret"], about=_about(user_id))
    except SealBroken:
        return None
    return Offer(pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER), secret)


def confirm(tx: Tx, user_id: int, code: str, *, seal: Seal, now: datetime) -> list[str]:
    """The factor is on; returns the recovery codes, which are shown this once. Raises Invalid `wrong_code`."""
    row = tx.one("select secret, confirmed_at from totp where user_id = :user_id", user_id=user_id)
    step = None
    if row is not None and row["confirmed_at"] is None:
        step = _step_of(row["secret"], user_id, code, seal=seal, now=now)
    if step is None:
        raise Invalid("wrong_code", WRONG_CODE, details={"code": WRONG_CODE})
    tx.run(
        "update totp set confirmed_at = :now, last_step = :step where user_id = :user_id and confirmed_at is null",
        now=times.stored(now),
        step=step,
        user_id=user_id,
    )
    return renew_codes(tx, user_id)


def renew_codes(tx: Tx, user_id: int) -> list[str]:
    """Ten new recovery codes; the old ones are dead."""
    tx.run("delete from recovery_codes where user_id = :user_id", user_id=user_id)
    made = [_recovery_code() for _ in range(RECOVERY_CODES)]
    rows = [(user_id, secrets.digest(_folded(code))) for code in made]
    tx.many("insert into recovery_codes (user_id, code_hash) values (?, ?)", [*rows])
    return made


def spend(tx: Tx, user_id: int, code: str, *, seal: Seal, now: datetime) -> bool:
    """Whether this code lets the user in, once: the app's of this moment, or a recovery code."""
    folded = _folded(code)
    if len(folded) == _RECOVERY_LENGTH:
        return (
            tx.run(
                """update recovery_codes set used_at = :now
                   where user_id = :user_id and code_hash = :code_hash and used_at is null""",
                now=times.stored(now),
                user_id=user_id,
                code_hash=secrets.digest(folded),
            )
            == 1
        )
    row = tx.one("select secret from totp where user_id = :user_id and confirmed_at is not null", user_id=user_id)
    step = None if row is None else _step_of(row["secret"], user_id, folded, seal=seal, now=now)
    if step is None:
        return False
    # two log-ins with one code: the second finds the step taken
    return (
        tx.run(
            "update totp set last_step = :step where user_id = :user_id and last_step < :step",
            step=step,
            user_id=user_id,
        )
        == 1
    )


def remove(tx: Tx, user_id: int) -> bool:
    """No code is asked for any more, and none is kept. False: there was nothing."""
    tx.run("delete from recovery_codes where user_id = :user_id", user_id=user_id)
    return tx.run("delete from totp where user_id = :user_id", user_id=user_id) == 1


def _step_of(sealed: str, user_id: int, code: str, *, seal: Seal, now: datetime) -> int | None:
    """The time step whose code this is, at most DRIFT away from now."""
    folded = _folded(code)
    if not re.fullmatch("[0-9]{6}", folded):
        return None
    try:
        clock = pyotp.TOTP(seal.open(sealed, about=_about(user_id)))
    except SealBroken:
        return None
    present = int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(clock.generate_otp(step), folded):
            found = step
    return found


def _folded(code: str) -> str:
    """The code without spaces and dashes, digits as ASCII, letters large."""
    plain = re.sub(r"[\s-]", "", code[:64]).upper()
    return "".join(str(int(one)) if one.isdecimal() else one for one in plain)


def _recovery_code() -> str:
    text = base64.b32encode(random.token_bytes(_RECOVERY_BYTES)).decode("ascii")
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _about(user_id: int) -> str:
    return f"totp {user_id}"
