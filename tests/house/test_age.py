"""What is sealed here opens with age and rage, and the other way round; nothing that was touched opens at all."""

from __future__ import annotations

import io
from functools import cache

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import tries
from tests.some import some
from wabox.backup import age
from wabox.backup.age import CHUNK, Damaged, Key, Lock, WrongKey

SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK)


def text(size: int) -> bytes:
    return bytes(n * 7 % 251 for n in range(size))


def sealed(content: bytes, lock: Lock, *, piece: int = 10_000) -> bytes:
    file = io.BytesIO()
    sealing = age.Sealing(file, lock)
    for at in range(0, len(content), piece):
        sealing.write(content[at : at + piece])
    sealing.close()
    return file.getvalue()


def opened(raw: bytes, key: Key, *, piece: int = 10_000) -> bytes:
    opening = age.Opening(io.BytesIO(raw), key)
    found = bytearray()
    while given := opening.read(piece):
        found += given
    return bytes(found)


@cache
def someone() -> tuple[Lock, Key]:
    own = age.identity()
    return Lock(recipients=(age.recipient_of(own),)), Key(identity=own)


@pytest.mark.parametrize("size", SIZES)
def test_rage_opens_what_is_sealed_here_for_a_recipient(size: int) -> None:
    theirs, own = pyrage.x25519.Identity.generate(), age.identity()
    lock = Lock(recipients=(age.recipient(str(theirs.to_public())), age.recipient_of(own)))
    raw = sealed(text(size), lock)
    assert pyrage.decrypt(raw, [theirs]) == text(size)
    assert opened(raw, Key(identity=own)) == text(size)


@pytest.mark.heavy("a key is stretched from a passphrase, four times")
def test_rage_opens_what_is_sealed_by_a_passphrase_and_the_other_way_round() -> None:
    raw = sealed(text(CHUNK + 5), Lock(passphrase="সাতটি প্রদীপ"))
    assert pyrage.passphrase.decrypt(raw, "সাতটি প্রদীপ") == text(CHUNK + 5)
    with pytest.raises(WrongKey):
        opened(raw, Key(passphrase="সাতটি প্রদীপ "))
    theirs = pyrage.passphrase.encrypt(text(CHUNK * 2), "seven lamps")
    assert opened(theirs, Key(passphrase="seven lamps")) == text(CHUNK * 2)


@settings(max_examples=tries(100))
@given(st.binary(max_size=300), st.integers(1, 400))
def test_any_bytes_in_any_pieces_come_back(content: bytes, piece: int) -> None:
    lock, key = someone()
    assert opened(sealed(content, lock, piece=piece), key, piece=piece) == content


def test_every_flipped_bit_and_every_cut_is_refused() -> None:
    lock, key = someone()
    raw = sealed(text(CHUNK + 900), lock)
    step = max(len(raw) // 400, 1)
    places = [*range(260), *range(260, len(raw), step), len(raw) - 1]
    for at in some(places):
        broken = bytearray(raw)
        broken[at] ^= 1 << at % 8
        with pytest.raises((Damaged, WrongKey)):
            opened(bytes(broken), key)
    for at in some([*range(0, 260, 7), *range(260, len(raw), step * 3), CHUNK + age.TAG + 232]):
        with pytest.raises((Damaged, WrongKey)):
            opened(raw[:at], key)
    for more in (b"x", raw):
        with pytest.raises(Damaged):
            opened(raw + more, key)


def test_chunks_cannot_change_places() -> None:
    lock, key = someone()
    raw = sealed(text(CHUNK * 3), lock)
    length = CHUNK + age.TAG
    head = len(raw) - 3 * length
    swapped = raw[:head] + raw[head + length : head + 2 * length] + raw[head : head + length] + raw[-length:]
    with pytest.raises(Damaged):
        opened(swapped, key)


@pytest.mark.parametrize("wrong", ["", "age1", "age1qqqq", "AGE-SECRET-KEY-1QQQ", "not a key"])
def test_a_recipient_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="recipient"):
        age.recipient(wrong)


def test_one_wrong_letter_of_a_recipient_is_noticed() -> None:
    good = str(pyrage.x25519.Identity.generate().to_public())
    other = "q" if good[20] != "q" else "p"
    with pytest.raises(ValueError, match="letter"):
        age.recipient(good[:20] + other + good[21:])
