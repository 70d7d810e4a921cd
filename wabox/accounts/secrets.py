"""Makes the secrets people carry, and the digests under which they are stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BODY = 43  # base62 digits of 32 bytes
CHECK = 6  # base62 digits of a CRC32


def token() -> str:
    """256 random bits for a cookie or a link."""
    return secrets.token_urlsafe(32)


def key(prefix: str) -> str:
    """An API key: prefix, 256 random bits in base62, and a checksum that tells a mistyped key offline."""
    body = _base62(int.from_bytes(secrets.token_bytes(32)), BODY)
    return prefix + body + checksum(body)


def checksum(body: str) -> str:
    """The six characters that end a key."""
    return _base62(zlib.crc32(body.encode("ascii")), CHECK)


def of_forms(token: str) -> str:
    """What the forms of this session carry: from it, or from the stored digest, nobody finds the token."""
    return hmac.new(token.encode("utf-8"), b"wabox forms", hashlib.sha256).hexdigest()


def digest(secret: str) -> str:
    """What is stored: SHA-256, enough for 256 random bits; a copy of the database opens nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    return digits
