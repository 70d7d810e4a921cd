"""Judges a text by rules, in time linear in the text; the one place that knows RE2. Pure.

Words are looked for in the words of a text, patterns in the text itself; both folded alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import re2

from wabox.content import builtin, folding
from wabox.errors import Invalid

Action = Literal["refuse", "hold"]
Kind = Literal["word", "pattern", "builtin"]

LONGEST = 200
MOST_STEPS = 5_000  # of one pattern, as RE2 counts its program
MOST_STEPS_IN_ALL = 30_000
MEMORY = 64 << 20


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is applied. key: names it for good. text: the words, the pattern or a built-in's name."""

    key: str
    kind: Kind
    text: str
    action: Action
    reason: str


class Matcher:
    """Rules, made ready. Used by all threads at once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._words = _Set([one for one in rules if one.kind == "word"], literal=True)
        self._patterns = _Set([one for one in rules if one.kind == "pattern"])
        self._houses = [(one, _HOUSE[one.text]) for one in rules if one.kind == "builtin"]

    def judge(self, text: str) -> tuple[Rule, ...]:
        """Every rule that the text meets, those that refuse first."""
        folded = folding.fold(text)
        met = [*self._words.met(folded.words), *self._patterns.met(folded.plain)]
        met += [rule for rule, house in self._houses if house.met(folded)]
        return tuple(sorted(met, key=lambda rule: rule.action != "refuse"))


def check(kind: str, text: str) -> int:
    """How many steps this rule's text costs. Raises Invalid `bad_rule`, which says what to change."""
    if not 0 < len(text) <= LONGEST or not text.isprintable():
        raise _bad(f"Write a word or a pattern of 1 to {LONGEST} characters, on one line.")
    if kind == "word":
        if not folding.phrase(text).strip():
            raise _bad("There is no word in it; write one, or choose pattern.")
        return 0
    try:
        made = re2.compile(folding.pattern(text), _options())
    except re2.error:
        raise _bad("This pattern is not understood. Look-around and back-references do not work.") from None
    if made.search("") is not None:
        raise _bad("This pattern fits every text, even an empty one; make it say more.")
    steps = int(made.programsize)
    if steps > MOST_STEPS:
        raise _bad("This pattern is too costly; shorten its repetitions, or write several rules.")
    return steps


def check_all(rules: Iterable[Rule]) -> None:
    """Raises Invalid `bad_rule` if they cost too much together."""
    listed = list(rules)
    if sum(check("pattern", one.text) for one in listed if one.kind == "pattern") > MOST_STEPS_IN_ALL:
        raise _bad("All patterns together are too costly; delete or shorten some first.")
    try:
        Matcher(listed)
    except re2.error:
        raise _bad("All rules together are too costly; delete or shorten some first.") from None


class _Set:
    """Many rules, looked for in one pass."""

    def __init__(self, rules: Sequence[Rule], *, literal: bool = False) -> None:
        self._rules = rules
        self._set: Any = re2.Set.SearchSet(_options(literal=literal))
        for one in rules:
            self._set.Add(folding.phrase(one.text) if literal else folding.pattern(one.text))
        self._set.Compile()

    def met(self, text: str) -> list[Rule]:
        if not self._rules:
            return []
        return [self._rules[number] for number in self._set.Match(text) or ()]


class _House:
    """A built-in rule, made ready."""

    def __init__(self, rule: builtin.Builtin) -> None:
        self._rule = rule
        self._patterns = [re2.compile(one, _options()) for one in rule.patterns]

    def met(self, folded: folding.Folded) -> bool:
        if self._rule.name == "runs":
            return _longest_run(folded.plain) >= builtin.RUN
        text = folded.plain if self._rule.view == "plain" else _without_honest(folded.sentences)
        return any(one.search(text) is not None for one in self._patterns)


def _without_honest(sentences: str) -> str:
    for one in _HONEST:
        sentences = one.sub(" ", sentences)
    return sentences


def _longest_run(text: str) -> int:
    """How often one letter or digit comes in a row at most; dashes and dots are lines drawn by people."""
    longest = run = 0
    before = ""
    for character in text:
        run = run + 1 if character == before and character.isalnum() else 1
        before = character
        longest = max(longest, run)
    return longest


def _options(*, literal: bool = False) -> Any:
    made = re2.Options()
    made.literal = literal
    made.case_sensitive = False
    made.log_errors = False
    made.max_mem = MEMORY
    return made


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_rule", sentence, details={"text": sentence})


_HONEST = [re2.compile(one, _options()) for one in builtin.HONEST]
_HOUSE = {one.name: _House(one) for one in builtin.BUILTINS}
