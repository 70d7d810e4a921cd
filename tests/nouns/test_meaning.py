from __future__ import annotations

import pytest

from wabox.errors import Invalid
from wabox.languages.catalogues import say
from wabox.messages.template import by_hand, parse, written

FIELDS = ("city", "due", "due2")


@pytest.mark.parametrize(
    "form",
    [
        "money",
        "Money",
        "taka",
        "টাকা",
        "number",
        "money:2",
        'format("0.00")',
        "date",
        "#,##0.00",
        "0.00",
        "%.2f",
        "upper",
    ],
)
@pytest.mark.parametrize("text", ["Pay {due|FORM} now", "{a|b {due | FORM}}", "{due|FORM|taka}"])
def test_a_form_beside_a_field_is_refused_and_says_what_to_write(text: str, form: str) -> None:
    text = text.replace("FORM", form)
    for read in (written, by_hand):
        with pytest.raises(Invalid) as refused:
            read(text, FIELDS)
        said = refused.value.details["message"]
        assert refused.value.code == "bad_template" and "Did you mean {due}?" in said
        assert f"At position {text.index('{due') + 1}: " in said
    assert parse(text, FIELDS).variants > 1, "what is stored already stays as it is"


@pytest.mark.parametrize(
    "text",
    [
        "{money|due}",
        "{cash|money}",
        "{name|title}",
        "call my {phone|number}",
        "{due|Hi {name}}",
        "{due|}",
        "{day|date}",
        "",
    ],
)
def test_what_may_be_meant_as_it_is_goes(text: str) -> None:
    assert written(text + "!", FIELDS).text == text + "!"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Hi {name|friend}", "write {name}, or {name:friend} with a word"),
        ("You owe {due|0}", "write {due}, or {due:0} with a word"),
        ("{a|in {city|Dhaka}}", "{city:Dhaka}"),
        ("{due:money}", "Who has nothing in {due} reads “money”"),
        ("{due:0} {city:your town} {Hi|Hello} {money|due}", None),
    ],
)
def test_what_may_be_meant_otherwise_is_a_hint(text: str, hint: str | None) -> None:
    found = written(text, FIELDS).hints(FIELDS)
    assert (hint is None) == (found == []) and (hint or "") in "".join(found)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{Name}", "{name}?"),
        ("{ city }", "{city}?"),
        ("{citty}", "{city}?"),
        ("{DUE:0}", "{due}?"),
        ("{{due}}", "one brace is enough; write {due}"),
        ("{xyzzy}", "this brace holds no known variable; use {name}"),
    ],
)
def test_a_name_that_is_nearly_one_is_named(text: str, meant: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text, FIELDS)
    assert meant in refused.value.sentence


@pytest.mark.parametrize("text", ["{due2|money}", "{{due2}}", "{Due2}", "{ | {due2|taka}}"])
def test_in_bengali_too_and_what_is_to_be_copied_keeps_its_letters(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        written(text, FIELDS)
    said = say("bn", refused.value.sentence)
    assert "{due2}" in said and "নম্বর অক্ষরে" in said and "Fields" not in said


def test_a_hostile_text_is_hinted_in_linear_time() -> None:
    text = "{due|" * 8 + "x" + "}" * 8 + "{name|x}" * 1_500
    assert len(written(text, FIELDS).hints(FIELDS)) <= 5
