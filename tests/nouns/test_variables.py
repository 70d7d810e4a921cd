"""What a sender fills in by name: which names and values there are, and what a text needs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import tries
from wabox.errors import Invalid
from wabox.messages import template


def test_values_are_filled_in_and_never_parsed() -> None:
    parsed = template.parse_for("{Hi|Hi} {name:friend}: {order}, {when:soon}", {"order": ""})
    filled = parsed.render({"name": "", "order": "{a|b} {phone} \\{"}, seed="1")
    assert filled == "Hi friend: {a|b} {phone} \\{, soon"
    assert parsed.variables == ("name", "order", "when")
    assert template.needed_of(parsed) == ["order"]


def test_a_variable_without_fallback_must_be_given_and_each_missing_one_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        template.parse_for("{order} {shop:us} {name} {a|{till}}", {"other": "1"})
    assert refused.value.code == "variables_missing"
    assert list(refused.value.details) == ["variables.order", "variables.till"]
    template.parse_for("{order} {a|{till}}", {"order": "", "till": "2"})
    with pytest.raises(Invalid, match="variables.order"):  # one place without a fallback is enough
        template.parse_for("{order:x} {order}", {})


@pytest.mark.parametrize("name", ["", "Order", "1st", "a b", "_x", "a" * 33, "অর্ডার", "order\n", "a-b"])
def test_what_is_no_name_is_refused_in_the_text_and_with_it(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        template.checked_values({"fine": "1", name: "x"})
    assert list(refused.value.details) == [f"variables.{name}"]
    with pytest.raises(Invalid, match="position 1"):
        template.parse_for("{" + name + "} x", {name: "x"})


def test_values_and_their_number_are_bounded() -> None:
    fine = {f"v{n}": "x" * template.MOST_VALUE for n in range(template.MOST_VARIABLES)}
    assert template.checked_values(fine) == fine
    with pytest.raises(Invalid) as refused:
        template.checked_values({"a": "x" * (template.MOST_VALUE + 1), "b": "\0", "c": "\ud800"})
    assert list(refused.value.details) == ["variables.a", "variables.b", "variables.c"]
    with pytest.raises(Invalid, match="more than 50"):
        template.checked_values({**fine, "more": "x"})


def test_where_only_contacts_fill_in_a_fallback_stands_in_its_place() -> None:
    text = r"{name:friend}, {Your|The} {order:box \{1\}} {x|{when:now}} \{order:no\}"
    assert template.settled(text) == r"{name:friend}, {Your|The} box \{1\} {x|now} \{order:no\}"
    assert template.contacts_only(text).variables == ("name",)
    with pytest.raises(Invalid, match=r"\{order\}, \{till\}"):
        template.contacts_only("{order} {till} {when:now}")


def test_what_is_left_to_write_is_named_to_who_writes_by_hand() -> None:
    assert template.by_hand("{name} {city:x}", ("city",)).own == ("city",)
    with pytest.raises(Invalid) as refused:
        template.by_hand("{name} {order} {city} {a|{till:1}}", ("city",))
    assert refused.value.details == {
        "message": "Write something in place of {order}, {till}; nobody fills that in. "
        "People have {name}, {custom}, {phone}, {city}."
    }
    with pytest.raises(Invalid, match="position 9"):  # what is wrong besides comes first
        template.by_hand("{order} {", ())


@settings(max_examples=tries(400))
@given(st.lists(st.sampled_from(["{order:", "{name:", "{", "}", "|", "\\", "x", "a", " ", "{o}", "{a|b}", "}"])))
def test_a_settled_text_reads_as_the_text_did(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        parsed = template.parse(text, None)
    except Invalid:
        return
    again = template.parse(template.settled(text), None)
    assert set(again.variables) <= set(parsed.variables)
    for seed in ("1", "2", "3"):
        assert _read(again, seed) == _read(parsed, seed)


def _read(parsed: template.Template, seed: str) -> str | None:
    try:
        return parsed.render({}, seed=seed)
    except Invalid:
        return None


def test_a_text_is_settled_in_linear_time() -> None:
    for text in ("{order:" + "\\" * 16_000, "{order:" * 2_000, "{order:" + "a" * 16_000, "{a" * 8_000):
        assert template.settled(text) == text
