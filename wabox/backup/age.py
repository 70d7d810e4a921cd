"""Seals a stream in the age format, and opens it: by a passphrase, or for recipients; never whole in memory.

The format is C2SP's (https://c2sp.org/age, seen 2026-11), so that `age -d` opens what is sealed here. The one
library for Python seals by a passphrase only what it holds in memory, twice; a Pi has not the room for a shop's
files. What is here is the format alone; the ciphers are cryptography's, the key from a passphrase hashlib's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"age-encryption.org/v1"
CHUNK, TAG = 64 * 1024, 16
WORK = 17  # 2^17 rounds: 128 MB for less than a second, once a file
MOST_WORK = 20
MOST_HEAD = 16 * 1024
_SECRET = "AGE-SECRET-KEY-1"
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


class Damaged(Exception):
    """The file is not what was sealed. The text says where."""


class WrongKey(Exception):
    """The passphrase, or the identity, is not one that this file was sealed for."""


class Writable(Protocol):
    """What may be written to."""

    def write(self, piece: bytes, /) -> object:
        """The piece is in it."""
        ...


class Readable(Protocol):
    """What may be read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Lock:
    """For whom a file is sealed: one passphrase, or recipients, as `recipient` and `recipient_of` give them."""

    passphrase: str | None = None
    recipients: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """What opens a file."""

    passphrase: str | None = None
    identity: X25519PrivateKey | None = None

    @classmethod
    def of(cls, text: str) -> Key:
        """What somebody typed: an identity as `age-keygen` writes it, else a passphrase.

        Raises ValueError for an identity with a letter that is wrong.
        """
        found = text.strip()
        return cls(identity=identity_of(found)) if found.upper().startswith(_SECRET) else cls(passphrase=text)


@dataclass(slots=True)
class Sealing:
    """A file that is being sealed. close() ends it; until then nobody can open it."""

    file: Writable
    lock: Lock
    _cipher: ChaCha20Poly1305 = field(init=False)
    _held: bytearray = field(default_factory=bytearray)
    _count: int = 0

    def __post_init__(self) -> None:
        """The head is written."""
        file_key, nonce = secrets.token_bytes(16), secrets.token_bytes(16)
        head = b"".join((VERSION, b"\n", *_stanzas(self.lock, file_key), b"---"))
        self.file.write(head + b" " + _text(_mac(file_key, head)) + b"\n" + nonce)
        self._cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))

    def write(self, piece: bytes) -> None:
        """It is sealed and written, but for the last chunk."""
        self._held += piece
        while len(self._held) > CHUNK:
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def close(self) -> None:
        """The last chunk is written, as the last."""
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self.file.write(self._cipher.encrypt(_nonce(self._count, last=last), chunk, None))
        self._count += 1


class Opening:
    """A sealed file as what was sealed. Every byte that it gives is as it was written."""

    def __init__(self, file: IO[bytes], key: Key) -> None:
        """Raises Damaged, WrongKey."""
        self._file = file
        file_key = _file_key(file, key)
        nonce = file.read(16)
        if len(nonce) < 16:
            raise Damaged("in its head")
        self._cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
        self._next = file.read(CHUNK + TAG)
        self._held = b""
        self._count = 0
        self._over = False

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end. Raises Damaged."""
        while not self._held and not self._over:
            self._held = self._opened()
        given, self._held = self._held[:size], self._held[size:]
        return given

    def _opened(self) -> bytes:
        chunk, self._next = self._next, self._file.read(CHUNK + TAG)
        last = not self._next
        place = self._count * CHUNK
        try:
            text = self._cipher.decrypt(_nonce(self._count, last=last), chunk, None)
        except InvalidTag:
            raise Damaged(f"at byte {place:,} of what it holds, or it is cut off there") from None
        if last and not text and self._count:
            raise Damaged("at its end")
        self._count += 1
        self._over = last
        return text


def is_sealed(file: IO[bytes]) -> bool:
    """Whether a file begins as a sealed one. It is read from its start again after."""
    start = file.read(len(VERSION))
    file.seek(0)
    return start == VERSION


def identity() -> X25519PrivateKey:
    """A new key of which nobody knows, for as long as it is held."""
    return X25519PrivateKey.generate()


def recipient_of(key: X25519PrivateKey) -> bytes:
    """Whom to seal for, so that this key opens it."""
    return key.public_key().public_bytes_raw()


def recipient(text: str) -> bytes:
    """The key in a recipient as `age-keygen` writes it, `age1…`. Raises ValueError if it is none."""
    return _bech32(text, "age", "recipient")


def identity_of(text: str) -> X25519PrivateKey:
    """The identity that `age-keygen` writes, `AGE-SECRET-KEY-1…`. Raises ValueError if it is none."""
    return X25519PrivateKey.from_private_bytes(_bech32(text, _SECRET[:-1].lower(), "identity"))


def _bech32(text: str, wanted: str, what: str) -> bytes:
    """The 32 bytes of a key that is written in bech32 (BIP 173)."""
    low = text.strip().lower()
    prefix, _, rest = low.rpartition("1")
    if prefix != wanted or any(one not in _ALPHABET for one in rest):
        raise ValueError(f"{'an' if what == 'identity' else 'a'} {what} of age begins with {wanted}1")
    values = [_ALPHABET.index(one) for one in rest]
    expanded = [ord(one) >> 5 for one in prefix] + [0] + [ord(one) & 31 for one in prefix]
    if _polymod(expanded + values) != 1:
        raise ValueError(f"a letter of the {what} is wrong")
    bits = "".join(f"{one:05b}" for one in values[:-6])
    whole = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))
    if len(whole) != 32:
        raise ValueError(f"the {what} has a wrong length")
    return whole


def _polymod(values: Sequence[int]) -> int:
    """The checksum of bech32 (BIP 173)."""
    found = 1
    for value in values:
        top = found >> 25
        found = (found & 0x1FFFFFF) << 5 ^ value
        for bit, part in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            found ^= part if top >> bit & 1 else 0
    return found


def _stanzas(lock: Lock, file_key: bytes) -> list[bytes]:
    if lock.passphrase is not None:
        salt = secrets.token_bytes(16)
        wrapped = _wrapped(_stretched(lock.passphrase, salt, WORK), file_key)
        return [b"-> scrypt " + _text(salt) + b" %d\n" % WORK + _text(wrapped) + b"\n"]
    if not lock.recipients:
        raise ValueError("nobody to seal for")
    found = []
    for one in lock.recipients:
        own = X25519PrivateKey.generate()
        share = own.public_key().public_bytes_raw()
        shared = own.exchange(X25519PublicKey.from_public_bytes(one))
        wrapped = _wrapped(_derived(shared, share + one, VERSION + b"/X25519"), file_key)
        found.append(b"-> X25519 " + _text(share) + b"\n" + _text(wrapped) + b"\n")
    return found


def _file_key(file: IO[bytes], key: Key) -> bytes:
    """The head is read and true. The file stands behind it."""
    lines: list[bytes] = []
    length = 0
    while not lines or not lines[-1].startswith(b"---"):
        line = file.readline(MOST_HEAD)
        length += len(line)
        if not line.endswith(b"\n") or length > MOST_HEAD:
            raise Damaged("in its head")
        lines.append(line[:-1])
    if lines[0] != VERSION:
        raise Damaged("in its head")
    found = _unwrapped(lines[1:-1], key)
    head = b"\n".join((*lines[:-1], b"---"))
    if lines[-1] != b"--- " + _text(_mac(found, head)):
        raise Damaged("in its head")
    return found


def _unwrapped(lines: list[bytes], key: Key) -> bytes:
    if len(lines) % 2:
        raise Damaged("in its head")
    for stanza, body in zip(lines[::2], lines[1::2], strict=True):
        words = stanza.split(b" ")
        if words[:2] == [b"->", b"scrypt"] and len(words) == 4 and key.passphrase is not None:
            work = int(words[3]) if words[3].isdigit() and len(words[3]) < 3 else 0
            if not 1 <= work <= MOST_WORK:
                raise Damaged("in its head")
            wrap = _stretched(key.passphrase, _bytes(words[2]), work)
        elif words[:2] == [b"->", b"X25519"] and len(words) == 3 and key.identity is not None:
            share = _bytes(words[2])
            if len(share) != 32:
                raise Damaged("in its head")
            shared = key.identity.exchange(X25519PublicKey.from_public_bytes(share))
            wrap = _derived(shared, share + recipient_of(key.identity), VERSION + b"/X25519")
        else:
            continue
        try:
            return ChaCha20Poly1305(wrap).decrypt(bytes(12), _bytes(body), None)
        except InvalidTag:
            continue
    raise WrongKey


def _stretched(passphrase: str, salt: bytes, work: int) -> bytes:
    n = 1 << work
    return hashlib.scrypt(
        passphrase.encode(), salt=VERSION + b"/scrypt" + salt, n=n, r=8, p=1, maxmem=129 * 8 * n + 2**20, dklen=32
    )


def _wrapped(wrap: bytes, file_key: bytes) -> bytes:
    return ChaCha20Poly1305(wrap).encrypt(bytes(12), file_key, None)


def _derived(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt or None, info=info).derive(secret)


def _mac(file_key: bytes, head: bytes) -> bytes:
    return hmac.digest(_derived(file_key, b"", b"header"), head, "sha256")


def _nonce(count: int, *, last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([last])


def _text(raw: bytes) -> bytes:
    return base64.b64encode(raw).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    """Raises Damaged unless it is the one way to write these bytes."""
    try:
        raw = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise Damaged("in its head") from None
    if _text(raw) != text:
        raise Damaged("in its head")
    return raw
