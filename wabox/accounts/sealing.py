"""Keeps secrets at rest: AES-GCM under the box's own key, which lies beside the database, not in it."""

from __future__ import annotations

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE = 12
_MARK = "v1."


class SealBroken(Exception):
    """Not sealed with this key, or changed since: data/secret.key is not the one of this database."""


class Seal:
    """Closes and opens small texts. key: 32 random bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a seal's key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)

    def close(self, text: str, *, about: str = "") -> str:
        """The text sealed, different each time. about: what it is, as `webhook 3`; bound, not hidden."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode("utf-8"), about.encode("utf-8"))
        return _MARK + base64.b64encode(sealed).decode("ascii")

    def open(self, sealed: str, *, about: str = "") -> str:
        """The text again. Raises SealBroken."""
        if not sealed.startswith(_MARK):
            raise SealBroken("not a sealed text")
        try:
            raw = base64.b64decode(sealed[len(_MARK) :], validate=True)
            if base64.b64encode(raw).decode("ascii") != sealed[len(_MARK) :]:
                raise SealBroken("not as it was written")
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], about.encode("utf-8")).decode("utf-8")
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise SealBroken("the seal does not fit") from error
