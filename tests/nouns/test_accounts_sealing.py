from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wabox.accounts.sealing import Seal, SealBroken

SEAL = Seal(b"k" * 32)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.text("abc 3", max_size=9))
def test_what_was_closed_opens(text: str, about: str) -> None:
    sealed = SEAL.close(text, about=about)
    assert SEAL.open(sealed, about=about) == text
    assert sealed != SEAL.close(text, about=about)


def test_secret_is_not_readable_in_what_is_stored() -> None:
    assert "whsec" not in SEAL.close("whsec_abc")


def test_other_key_other_purpose_and_changed_text_do_not_open() -> None:
    sealed = SEAL.close("secret", about="webhook 3")
    with pytest.raises(SealBroken):
        Seal(b"j" * 32).open(sealed, about="webhook 3")
    with pytest.raises(SealBroken):
        SEAL.open(sealed, about="webhook 4")
    for at in range(len(sealed)):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(SealBroken):
            SEAL.open(changed, about="webhook 3")


@given(st.text(max_size=100))
def test_garbage_is_only_broken(text: str) -> None:
    for sealed in (text, "v1." + text):
        with pytest.raises(SealBroken):
            SEAL.open(sealed)


def test_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(b"short")
