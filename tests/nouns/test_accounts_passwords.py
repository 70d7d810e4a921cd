from __future__ import annotations

import secrets
import threading
from pathlib import Path

import argon2
import pytest
from argon2 import Parameters, extract_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import tries
from wabox.accounts import passwords
from wabox.errors import Invalid

GOOD = "seven lamps under the jackfruit"


@pytest.mark.parametrize(
    "password",
    ["", "short", "elevenchars", "x" * 257, "Password1234", "P@ssw0rd!!!!", "passwordpassword", "qwertyuiop12",
     "1q2w3e4r5t6y7u", "123456789012", "987654321098", "aaaaaaaaaaaaaaa", "abababababab", "abcabcabcabc",
     "ILoveYou12345", "bismillah786!", "!!!whatsapp2025", "asdfghjkl;'12", "letmeinletmein", "a\0bcdefghijklm",
     "abcdefgh\ud800ijklmnop", "...............", "abcdefghijklmnop", "wabox-wabox-wabox", "sonar-bangla"],
)  # fmt: skip
def test_weak_password_is_refused_with_what_to_do(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        passwords.check(password)
    assert refusal.value.code == "weak_password"
    assert refusal.value.details["password"] == refusal.value.sentence


@pytest.mark.parametrize(
    "password",
    [GOOD, "7$k2!9@x4#q8", "correct horse battery staple", "পাঁচটি নীল নৌকা ঘাটে", "x" * 250 + "abcdef",
     "a-long-demo-password-1", "tk9 tk8 tk7 tk6"],
)  # fmt: skip
def test_a_password_of_ones_own_is_taken(password: str) -> None:
    passwords.check(password)


def leaked() -> list[str]:
    """The leaked passwords that wabox knows and that are long enough to be chosen, most common first."""
    text = Path(passwords.__file__).with_name("leaked_passwords.txt").read_text(encoding="utf-8")
    return [one for one in text.split() if len(one) >= passwords.SHORTEST]


def test_none_of_the_most_common_passwords_that_are_long_enough_is_taken() -> None:
    known = leaked()
    assert len(set(known)) >= 3_000
    assert {"123qweasdzxc", "unbelievable", "finalfantasy"} <= set(known[:100])
    taken = [one for one in known if is_taken(one) or is_taken(one.upper())]
    assert taken == []


def is_taken(password: str) -> bool:
    try:
        passwords.check(password)
    except Invalid as refusal:
        return refusal.code != "weak_password"
    return True


@pytest.mark.parametrize(
    "password",
    ["Unbelievable1!", "unb3l13vable", "Un-be-liev-able", "superman2025!!", "...Dragon1234567",
     "liverpool-liverpool", "b4seball!!!!", "MOTHERFUCKER99"],
)  # fmt: skip
def test_a_common_password_is_none_the_better_for_what_is_hung_on_it(password: str) -> None:
    assert not is_taken(password)


def test_the_list_comes_with_its_licence() -> None:
    terms = Path(passwords.__file__).with_name("leaked_passwords.LICENSE").read_text(encoding="utf-8")
    assert "MIT License" in terms and "SecLists" in terms and "Copyright (c)" in terms


def test_random_passwords_are_never_called_weak() -> None:
    for _ in range(500):
        passwords.check(secrets.token_hex(8))
        passwords.check(secrets.token_urlsafe(12))


def test_ones_own_address_is_no_secret() -> None:
    for password in ("asha.kitchen@example.com", "ashaasha1234", "kitchen2025!!"):
        with pytest.raises(Invalid):
            passwords.check(password, email="asha.kitchen@example.com", name="Asha")


@given(st.text(max_size=300), st.text(max_size=40))
@settings(max_examples=tries(300))
def test_no_text_breaks_the_check(password: str, email: str) -> None:
    try:
        passwords.check(password, email=email)
    except Invalid as refusal:
        assert refusal.code == "weak_password"


def test_right_password_opens_and_wrong_does_not() -> None:
    stored = passwords.hashed(GOOD)
    assert passwords.verify(stored, GOOD) == passwords.Verdict(ok=True)
    assert not passwords.verify(stored, GOOD + "x").ok
    assert GOOD not in stored


def test_kept_with_the_floor_of_argon2id() -> None:
    kept: Parameters = extract_parameters(passwords.hashed(GOOD))
    assert kept.type is argon2.Type.ID
    assert (kept.time_cost, kept.memory_cost, kept.parallelism) == (2, 19_456, 1)


def test_unknown_user_costs_the_same_computation() -> None:
    assert extract_parameters(passwords._NOBODY) == extract_parameters(passwords.hashed(GOOD))
    assert passwords.verify(None, GOOD) == passwords.Verdict(ok=False)
    assert not passwords.verify("not a hash", GOOD).ok


def test_older_parameters_ask_for_a_new_hash() -> None:
    older = argon2.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(GOOD)
    assert passwords.verify(older, GOOD) == passwords.Verdict(ok=True, rehash=True)


def test_two_ways_to_write_one_letter_are_one_password() -> None:
    stored = passwords.hashed("caf\u00e9 under the old banyan")
    assert passwords.verify(stored, "cafe\u0301 under the old banyan").ok


def test_endless_or_broken_text_is_only_wrong() -> None:
    stored = passwords.hashed(GOOD)
    assert not passwords.verify(stored, "x" * 1_000_000).ok
    assert not passwords.verify(stored, "\ud800").ok


def test_one_computation_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    hash_one = passwords._HASHER.hash

    class Counting:
        def hash(self, password: bytes) -> str:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                return hash_one(password)
            finally:
                running -= 1

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    threads = [threading.Thread(target=passwords.hashed, args=(GOOD,)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == 1
