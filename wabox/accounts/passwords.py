"""Knows which passwords are good enough, and how they are kept: argon2id, one computation at a time.

Runs in worker threads: never on the loop, never inside a transaction.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from wabox.errors import Invalid

SHORTEST, LONGEST = 12, 256
LEAST_DIFFERENT = 5

# Floor of OWASP's ASVS 5.0.0, appendix C (argon2id t=2, m=19 MiB, p=1): a Raspberry Pi shall bear it.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)
_ONE_AT_A_TIME = threading.BoundedSemaphore(1)  # ten log-ins at once must not take ten times the memory

# A fixed hash of a text nobody knows, so that an unknown user costs the same time as a known one.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$b25seS1mb3ItdGltaW5nLQ$C3ybxVLSQ0ta7vWuIu0yYJ3W0n0m0oxKXyUG9p0kkHk"

_HERE = Path(__file__).parent
# Our own words, and leaked passwords: the 10,000 most common of at least 12 characters, and shorter ones.
_COMMON = frozenset(
    word for name in ("common", "leaked") for word in (_HERE / f"{name}_passwords.txt").read_text("utf-8").split()
)
_ROWS = (
    "qwertyuiopasdfghjklzxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "012345678901234567890",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
)
_LEET = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_LEET_TOO = {**_LEET, ord("1"): "i"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """ok: it was the password. rehash: it is kept under older parameters; keep hashed(password) instead."""

    ok: bool
    rehash: bool = False


def check(password: str, *, email: str = "", name: str = "") -> None:
    """Nothing happens if the password will do. Raises Invalid `weak_password`, saying what to do.

    email, name: what everybody would guess first; their parts do not count as a secret.
    """
    length = len(password)
    if length < SHORTEST:
        raise _weak(f"Use at least {SHORTEST} characters; a few words in a row are easy to remember.")
    if length > LONGEST:
        raise _weak(f"Use at most {LONGEST} characters.")
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in password):
        raise _weak("Leave out control characters; letters, digits, spaces and signs are fine.")
    if len(set(password)) < LEAST_DIFFERENT or _is_common(password, _parts(email) | _parts(name)):
        raise _weak(
            "This one is among the first that anybody would try. Put a few words together that nobody would "
            "expect."
        )


def hashed(password: str) -> str:
    """What is stored for this password. Takes a fraction of a second of one core."""
    with _ONE_AT_A_TIME:
        return _HASHER.hash(_bytes(password))


def verify(stored: str | None, password: str) -> Verdict:
    """Whether it is the password. stored None: nobody of that name; takes as long and is never ok."""
    text = _NOBODY if stored is None else stored
    with _ONE_AT_A_TIME:
        try:
            _HASHER.verify(text, _bytes(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return Verdict(ok=False)
    return Verdict(ok=stored is not None, rehash=_HASHER.check_needs_rehash(text))


def _weak(sentence: str) -> Invalid:
    return Invalid("weak_password", sentence, details={"password": sentence})


def _bytes(password: str) -> bytes:
    # NFC: two keyboards may write the same Bengali letter in two ways.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _parts(text: str) -> set[str]:
    whole = text.casefold()
    return {whole, *(one for one in re.split(r"[^\w]+|_", whole) if len(one) >= 3)} - {""}


def _is_common(password: str, known: set[str]) -> bool:
    """Whether it is a common password, a row of keys or a part of the user's own name, however decorated."""
    folded = password.casefold()
    if folded in known:
        return True
    trimmed = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded) or folded
    for text in (folded, trimmed, trimmed.translate(_LEET), trimmed.translate(_LEET_TOO)):
        plain = re.sub(r"[\W_]", "", text)
        unit = _unit(plain)
        if len(unit) < 4 and len(plain) < SHORTEST - 4:
            continue  # a letter or two among digits: random passwords look like that
        if (
            unit in known
            or _COMMON & {text, plain, unit}
            or any(unit in row or unit in row[::-1] for row in _ROWS)
        ):
            return True
    return False


def _unit(text: str) -> str:
    """What the text repeats, if it does nothing else; linear."""
    again = (text + text).find(text, 1)
    return text[:again] if 0 < again < len(text) else text
