"""No value whatever crashes the reading of faults and phones."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wabox.errors import Invalid
from wabox.sandbox.faults import Faults, changed, clean_phone

names = st.sampled_from(Faults.__struct_fields__)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(names, values, max_size=3))
def test_no_value_of_a_fault_crashes(wanted: dict[str, Any]) -> None:
    try:
        changed(Faults(), wanted).shown()
    except Invalid as refusal:
        assert set(refusal.details) <= set(wanted)


@given(values)
def test_phone_is_clean_digits_or_refused(value: Any) -> None:
    try:
        phone = clean_phone(value)
    except Invalid:
        return
    assert phone.isascii()
    assert phone.isdigit()
    assert 7 <= len(phone) <= 15
