"""What a writer probably meant by alternatives that name a field: `{due|money}`, `{name|friend}`; pure.

`{a|b}` draws one of two words, so a field's name beside another word never shows what is in the field. With the
name of a form beside a field of the user's own it cannot be meant, and is refused; else it may be, and is a hint.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from wabox.errors import Invalid
from wabox.messages.spintax import VARIABLES, Group, Nodes, Variable

MOST_HINTS = 5
LONGEST_SAID = 40
# How templates of other programs name a form, and how a shop would.
_FORM = re.compile(
    r"(?:money|currency|taka|tk|bdt|amount|number|num|int|integer|float|decimals?|thousands|comma|digits|plain|round|"
    r"date|day|day_and_month|time|datetime|format|text|string|upper(?:case)?|lower(?:case)?|title(?:case)?|"
    r"capital(?:ize|ise)|capitalized|trim|strip|safe|default|fallback|"
    r"টাকা|তারিখ|সংখ্যা|৳|\$)(?:[\s:(.=].*)?|#[#,]*0(?:\.0+)?|0\.0+|%[-0-9.,]*[dfs]",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Mixed:
    """Alternatives of which the first is a name. others: what stands beside it."""

    name: str
    others: tuple[str, ...]
    position: int

    @property
    def written(self) -> str:
        """As it stands in the text, shortened."""
        inside = "|".join((self.name, *self.others))
        return "{" + (inside if len(inside) <= LONGEST_SAID else inside[:LONGEST_SAID] + "…") + "}"


def check(nodes: Nodes, own: Collection[str]) -> None:
    """Nothing happens unless a form stands beside such a name. Raises Invalid `bad_template`: what to write.

    own: names of the user's fields, and of what the sender fills in.
    """
    for one in _mixed(nodes, own):
        if all(_FORM.fullmatch(other) for other in one.others):
            raise _wrong(one)


def hints(nodes: Nodes, own: Collection[str]) -> list[str]:
    """What may be meant otherwise, a sentence each; the first few."""
    known = (*VARIABLES, *own)
    found = [_of_mixed(one) for one in _mixed(nodes, known)]
    found += [_of_fallback(one) for one in _variables(nodes) if _FORM.fullmatch(one.fallback.strip())]
    return list(dict.fromkeys(found))[:MOST_HINTS]


def _mixed(nodes: Nodes, known: Collection[str]) -> Iterator[_Mixed]:
    for node in nodes:
        if not isinstance(node, Group):
            continue
        words = [one[0] if len(one) == 1 and isinstance(one[0], str) else "" for one in node.alternatives]
        if words[0].strip() in known and all(word.strip() for word in words):
            name, *others = (word.strip() for word in words)
            yield _Mixed(name, tuple(others), node.position)
        for one in node.alternatives:
            yield from _mixed(one, known)


def _variables(nodes: Nodes) -> Iterator[Variable]:
    for node in nodes:
        if isinstance(node, Variable):
            yield node
        elif isinstance(node, Group):
            for one in node.alternatives:
                yield from _variables(one)


def _wrong(one: _Mixed) -> Invalid:
    sentence = (
        f"At position {one.position}: {one.written} draws one of these words. Did you mean {{{one.name}}}? How "
        "its value reads, as money or as a date, is set once at the field, under Contacts, Fields."
    )
    return Invalid("bad_template", sentence, details={"message": sentence})


def _of_mixed(one: _Mixed) -> str:
    return (
        f"{one.written} draws one of these words. If you want what a contact has, write {{{one.name}}}, or "
        f"{{{one.name}:{one.others[0][:LONGEST_SAID]}}} with a word for who has nothing."
    )


def _of_fallback(one: Variable) -> str:
    return (
        f"Who has nothing in {{{one.name}}} reads “{one.fallback.strip()[:LONGEST_SAID]}”. How the value reads, "
        "as money or as a date, is set once at the field, under Contacts, Fields."
    )
