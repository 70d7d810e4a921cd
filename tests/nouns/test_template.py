from __future__ import annotations

import itertools
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import tries
from wabox.errors import Invalid
from wabox.messages.spintax import MAX_RENDERED
from wabox.messages.template import MAX_RAW, parse

ASHA = {"name": "Asha", "custom": "VIP", "phone": "8801711000001"}


def one(text: str, seed: str = "7", **values: str) -> str:
    return parse(text).render(values, seed=seed)


def every(text: str, **values: str) -> set[str]:
    template = parse(text)
    return {template.render(values, seed=str(seed)) for seed in range(60 * len(text))}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Hello", "Hello"),
        ("Hi {name}, {custom} {phone}", "Hi Asha, VIP 8801711000001"),
        ("Hi {name:friend}", "Hi Asha"),
        ("{name:a:b}", "Asha"),
        ("a|b", "a|b"),
        (r"\{name\}", "{name}"),
        (r"\\{name}", "\\Asha"),
        (r"C:\dir\n", r"C:\dir\n"),
        ("end\\", "end\\"),
        (r"a \| b", "a | b"),
        (r"{\||\|}", "|"),
        ("{same|same}", "same"),
        ("{{name}|{name}}", "Asha"),
        ("{Hi {name}|Hi {name:you}}", "Hi Asha"),
        (" spaces stay ", " spaces stay "),
    ],
)
def test_a_text_renders_as_its_rules_say(text: str, rendered: str) -> None:
    assert parse(text).render(ASHA, seed="1") == rendered


@pytest.mark.parametrize("blank", [{}, {"name": ""}, {"name": " \u00a0"}])
def test_a_missing_or_blank_value_gives_the_fallback_or_nothing(blank: dict[str, str]) -> None:
    assert one("Hi {name:dear friend}!", **blank) == "Hi dear friend!"
    assert one("Hi {name}!", **blank) == "Hi !"
    assert one("Hi {name:}!", **blank) == "Hi !"
    assert one(r"Hi {name:\{you\}}!", **blank) == "Hi {you}!"


def test_alternatives_nest_and_may_be_empty() -> None:
    assert every("{a|}x") == {"ax", "x"}
    assert every("{a|{b|c{d|}}}") == {"a", "b", "cd", "c"}
    assert every("{Hi|Hey} {name|you}", name="Asha") == {"Hi name", "Hi you", "Hey name", "Hey you"}
    assert every("{|}!") == {"!"}


def test_a_contacts_name_is_never_parsed() -> None:
    assert one("Hi {name}", name=r"{a|b} {phone} \{x\}") == r"Hi {a|b} {phone} \{x\}"
    assert one("{Hi {name}|Hi {name}}", name="}|{") == "Hi }|{"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("Hello {name", 7),
        ("{a|{b|c}", 1),
        ("{a|{b", 4),
        ("a } b", 3),
        ("{a|b}}", 6),
        ("{}", 1),
        ("x {} y", 3),
        ("Hi {Name}", 4),
        ("Hi { name }", 4),
        ("Hi {surname}", 4),
        ("Hi {surname:you}", 4),
        ("{a|{b}}", 4),
        ("{Hi {name}}", 1),
        ("{{name}}", 1),
        ("{name:{phone}}", 1),
        ("{name:{a|b}}", 1),
        ("{name{a|b}}", 1),
        (r"{name\}", 1),
        (r"\\}", 3),
        ("ok\0", 3),
        ("ok \ud83d", 4),
        ("হ্যালো {নাম}", 8),
        ("😀{", 2),
        ("{|" * 8 + "{a|b}" + "}" * 8, 17),
        ("{" * 10, 10),
    ],
)
def test_what_is_wrong_is_named_with_its_position(text: str, position: int) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert refused.value.code == "bad_template"
    assert refused.value.sentence.startswith(f"At position {position}: ")
    assert refused.value.details == {"message": refused.value.sentence}


def test_own_names_are_variables_with_a_fallback() -> None:
    template = parse("{Hi|Hey} {name}, {city:your town} {due:0}", own=("city", "due", "size"))
    assert template.variables == ("name", "city", "due") and template.own == ("city", "due")
    assert template.render({"city": "{a|b}", "due": " "}, seed="1").endswith(" , {a|b} 0")
    assert template.longest({"city": 20}) == len("Hey , ") + 20 + len(" 0")


def test_an_unknown_name_is_named_with_those_there_are() -> None:
    with pytest.raises(Invalid) as refused:
        parse("Hi {ctiy:there}", own=("city", "due"))
    assert refused.value.sentence.startswith("At position 4: ") and "{city}, {due}" in refused.value.sentence
    with pytest.raises(Invalid) as refused:
        parse("Hi {ctiy}", own=[f"field_{number}" for number in range(50)])
    assert "{field_0}" in refused.value.sentence and "…" in refused.value.sentence
    assert len(refused.value.sentence) < 400


def test_a_text_that_was_understood_before_may_use_any_name_that_could_be_one() -> None:
    assert parse("Hi {city:you}", own=None).render({}, seed="1") == "Hi you"
    for text in ("{City}", "{}", "{1st}", "{" + "a" * 33 + "}", "{city }"):
        with pytest.raises(Invalid):
            parse(text, own=None)


def test_a_text_knows_the_language_it_is_written_in() -> None:
    assert (parse("Hi {name}").language, parse("প্রিয় {name}").language) == ("en", "bn")


def test_eight_deep_is_allowed_with_a_variable_inside() -> None:
    deep = "{x|" * 7 + "{x|{name}}" + "}" * 7
    assert parse(deep).variants == 9
    assert set(parse(deep).preview(9, ASHA)) == {"x", "Asha"}


@pytest.mark.parametrize("text", ["", "  \n\u00a0", "{name}", "{ | }", "{name: }"])
def test_a_blank_message_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text).render({}, seed="1")
    assert refused.value.code == "message_empty"


def test_the_longest_message_passes_and_one_more_character_does_not() -> None:
    assert len(one("x" * MAX_RENDERED)) == MAX_RENDERED
    assert len(one("x" * (MAX_RENDERED - 4) + "{name}", name="Asha")) == MAX_RENDERED
    for text, values in (("x" * (MAX_RENDERED + 1), {}), ("x" * (MAX_RENDERED - 3) + "{name}", ASHA)):
        with pytest.raises(Invalid) as refused:
            parse(text).render(values, seed="1")
        assert refused.value.code == "message_too_long"


def test_a_text_over_the_raw_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(Invalid) as refused:
        parse("{" * (MAX_RAW + 1))
    assert refused.value.code == "message_too_long"


def test_long_alternatives_are_fine_while_what_is_drawn_fits() -> None:
    template = parse("{" + "a" * 4_000 + "|" + "b" * 4_000 + "|" + "c" * 4_000 + "}")
    assert len(template.render({}, seed="1")) == 4_000
    assert (template.shortest, template.longest({})) == (4_000, 4_000)


def test_a_template_knows_its_variables_and_its_lengths() -> None:
    template = parse("Hi {name:you}, {a|bcd {phone}} {name}")
    assert template.variables == ("name", "phone")
    assert template.shortest == len("Hi y, a ")
    assert template.longest({"name": 10, "phone": 13}) == len("Hi , bcd  ") + 10 + 13 + 10
    assert parse("{a|b{c|d}}{x|y}").variants == 6


def test_the_same_seed_draws_the_same_text_again() -> None:
    text = " ".join(["{a|b|c}"] * 40)
    assert one(text, seed="4:11") == one(parse(text).text, seed="4:11")
    assert one(text, seed="4:11") != one(text, seed="4:12")


def test_drawing_is_even_and_each_group_draws_on_its_own() -> None:
    template = parse("{a|b|c}{x|y|z}")
    drawn = Counter(template.render({}, seed=f"3:{contact}") for contact in range(9_000))
    assert len(drawn) == 9
    assert sum((count - 1_000) ** 2 / 1_000 for count in drawn.values()) < 26.1  # chi-squared, 8 df, 0.1 %


def test_a_preview_shows_every_variant_once_when_there_are_few() -> None:
    template = parse("{Hi|Hey|{Dear|My dear}} {name:friend}{!|}")
    starts, ends = ("Hi", "Hey", "Dear", "My dear"), ("!", "")
    expected = {f"{start} friend{end}" for start, end in itertools.product(starts, ends)}
    assert set(template.preview(20)) == expected
    assert len(template.preview(20)) == template.variants == 8
    assert len(template.preview(3, ASHA)) == len(set(template.preview(3, ASHA))) == 3
    assert template.preview(0) == []


def test_a_preview_of_more_variants_than_atoms_is_quick() -> None:
    template = parse("{a|b}" * 3_000)
    assert len(template.preview(5)) == 5


HOSTILE = [
    "{" * MAX_RAW,
    "}" * MAX_RAW,
    "|" * MAX_RAW,
    "\\" * MAX_RAW,
    "{|" * (MAX_RAW // 2),
    "{a|b}" * (MAX_RAW // 5),
    "{name}" * (MAX_RAW // 6),
    "{||||}" * (MAX_RAW // 6),
    "{" + "|" * (MAX_RAW - 2) + "}",
    "{{{{{{{{a|b}|c}|d}|e}|f}|g}|h}|i}" * (MAX_RAW // 34),
    "\\{" * (MAX_RAW // 2),
    "{name:" * (MAX_RAW // 6),
    "x" + "{{{{{{{{|}|}|}|}|}|}|}|}" * (MAX_RAW // 25),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    try:
        template = parse(text)
        template.preview(3)
        template.render({"name": "{a|b}" * 800}, seed="1")
    except Invalid:
        pass
    assert time.process_time() - began < 1


# A tree that writes its own source and knows everything it may render to, apart from the parser.
PLAIN = st.text(st.sampled_from("ab {}|\\:,না😀\n"), max_size=4)


def escaped(text: str) -> str:
    return "".join("\\" + c if c in "{}|\\" else c for c in text)


Tree = tuple[str, frozenset[str]]


def literal(text: str) -> Tree:
    return escaped(text), frozenset({text})


def variable(name: str, fallback: str | None) -> Tree:
    value = ASHA[name] if name != "custom" else (fallback or "")
    source = name if fallback is None else f"{name}:{escaped(fallback)}"
    return "{" + source + "}", frozenset({value})


def together(parts: list[Tree]) -> Tree:
    texts = frozenset("".join(choice) for choice in itertools.product(*(texts for _, texts in parts)))
    return "".join(source for source, _ in parts), texts


def group(alternatives: list[Tree]) -> Tree:
    texts = frozenset(itertools.chain.from_iterable(texts for _, texts in alternatives))
    return "{" + "|".join(source for source, _ in alternatives) + "}", texts


LEAVES = st.one_of(
    PLAIN.map(literal),
    st.builds(variable, st.sampled_from(["name", "phone", "custom"]), st.one_of(st.none(), PLAIN)),
)
SEQUENCES = st.recursive(
    st.lists(LEAVES, max_size=2).map(together),
    lambda inner: st.lists(st.lists(inner, min_size=2, max_size=3).map(group), max_size=2).map(together),
    max_leaves=6,
)


@pytest.mark.heavy("draws hundreds of texts in texts")
@settings(max_examples=tries(2_000), deadline=None)
@given(SEQUENCES, st.text(max_size=3))
def test_every_rendering_is_one_the_text_allows(tree: Tree, seed: str) -> None:
    source, texts = tree
    values = {"name": ASHA["name"], "phone": ASHA["phone"]}
    try:
        template = parse(source)
        rendered = template.render(values, seed=seed)
    except Invalid as refused:
        assert refused.code == "message_empty"
        assert not source.strip() or any(not text.strip() for text in texts)
        return
    assert rendered in texts
    assert rendered == template.render(values, seed=seed)
    if template.variants <= 50:
        assert set(template.preview(50, values)) == texts


@settings(max_examples=tries(2_000), deadline=None)
@given(st.text(st.sampled_from("{}|\\:namephone x\0\ud800😀"), max_size=40), st.text(max_size=20))
def test_any_text_renders_or_is_refused_with_a_sentence(text: str, name: str) -> None:
    try:
        rendered = parse(text).render({"name": name}, seed="5")
    except Invalid as refused:
        assert refused.code in {"bad_template", "message_empty", "message_too_long"}
        assert refused.sentence.endswith(".")
        assert "message" in refused.details
    else:
        assert 1 <= len(rendered) <= MAX_RENDERED


@given(st.sampled_from(["{name}", "{a|{name}}", "{name:you}{custom}", "{ |{custom}}", "Hi {name}"]), st.data())
def test_values_are_a_misfit_exactly_where_some_variant_does_not_render(text: str, data: st.DataObject) -> None:
    parsed = parse(text)
    lengths = st.sampled_from([0, 1, MAX_RENDERED - 3, MAX_RENDERED - 2, MAX_RENDERED])
    values = {name: "x" * data.draw(lengths) for name in ("name", "custom")}

    def fails(seed: int) -> str | None:
        try:
            parsed.render(values, seed=str(seed))
        except Invalid as wrong:
            return wrong.code
        return None

    seen = {fails(seed) for seed in range(12)}
    assert seen == {None} if parsed.misfit(values) is None else parsed.misfit(values) in seen
