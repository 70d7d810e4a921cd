r"""The language of a text: `{a|b}` draws one, `{name}` and `{name:friend}` are filled in, `\{` is a brace.

Braces with a `|` of their own are alternatives, nested up to eight deep; braces without one are a variable.
A backslash counts only before `{`, `}`, `|` and itself. Outside braces a `|` is a `|`. Besides VARIABLES a text
may use names that its writer has given to things of their own.
Alternatives are drawn by a hash. Values go in last and are never parsed: a contact named `{a|b}` stays so. All of
it is linear in the text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import NoReturn

from wabox.errors import Invalid
from wabox.languages import later
from wabox.messages.nearest import nearest

VARIABLES = ("name", "custom", "phone")
OWN = re.compile(r"[a-z][a-z0-9_]{0,31}")  # a name somebody has given
MAX_DEPTH = 8
MAX_RENDERED = 4_096  # characters that one person reads
MOST_NAMED = 8
_MARK = re.compile(r"\\[{}|\\]|[{}|]|[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Variable:
    """A place for a value. fallback: what stands there without one."""

    name: str
    fallback: str


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives. index: numbers the groups of a text. each: the variants within each alternative.

    position: of its brace, 1-based.
    """

    index: int
    alternatives: tuple[Nodes, ...]
    each: tuple[int, ...]
    variants: int
    position: int


Nodes = tuple[str | Variable | Group, ...]
Choose = Callable[[Group], int]  # which of its alternatives


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text as nodes, how many ways there are to draw it, and the variables it uses, as they come."""

    nodes: Nodes
    variants: int
    variables: tuple[str, ...]


def nodes(text: str, own: Collection[str] | None = ()) -> Parsed:
    """The text as nodes, in one pass without recursion. Raises Invalid `bad_template` with the position.

    own: the names it may use besides VARIABLES; None takes any that could be one.
    """
    parser = _Parser(own)
    done = 0
    for mark in _MARK.finditer(text):
        parser.add(text[done : mark.start()])
        parser.meet(mark.group(), mark.start() + 1)
        done = mark.end()
    parser.add(text[done:])
    return parser.finish()


def drawn_by(seed: str) -> Choose:
    """Each group on its own, evenly, and the same on every attempt."""
    salt = seed.encode("utf-8", "surrogatepass")

    def choose(group: Group) -> int:
        drawn = hashlib.blake2b(b"%d:%b" % (group.index, salt), digest_size=8).digest()
        return int.from_bytes(drawn, "big") % len(group.alternatives)

    return choose


def numbered(number: int) -> Choose:
    """The variant of this number: every number below `variants` is another way to draw."""
    left = number

    def choose(group: Group) -> int:
        nonlocal left
        left, inside = divmod(left, group.variants)
        chosen = 0
        while inside >= group.each[chosen]:
            inside -= group.each[chosen]
            chosen += 1
        left = left * group.each[chosen] + inside
        return chosen

    return choose


def drawn(parsed: Nodes, values: Mapping[str, str], choose: Choose) -> str:
    """The drawn text; given up soon after it is over the limit, so that values cannot make it huge."""
    pieces: list[str] = []
    room = MAX_RENDERED
    waiting = [iter(parsed)]
    while waiting and room >= 0:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
        elif isinstance(node, Group):
            waiting.append(iter(node.alternatives[choose(node)]))
        else:
            piece = node if isinstance(node, str) else value(node, values)
            pieces.append(piece)
            room -= len(piece)
    return "".join(pieces)


def value(variable: Variable, values: Mapping[str, str]) -> str:
    """What stands for the variable; its fallback for a blank value, and for none."""
    found = values.get(variable.name, "")
    return found if found.strip() else variable.fallback


def literals(parsed: Nodes) -> Iterator[str]:
    """Every piece of plain text, whatever alternative it stands in."""
    for node in parsed:
        if isinstance(node, str):
            yield node
        elif isinstance(node, Variable):
            yield node.fallback
        else:
            for one in node.alternatives:
                yield from literals(one)


def without_fallback(parsed: Nodes) -> Iterator[str]:
    """Names of variables, as they stand somewhere without a fallback."""
    for node in parsed:
        if isinstance(node, Variable) and not node.fallback:
            yield node.name
        elif isinstance(node, Group):
            for one in node.alternatives:
                yield from without_fallback(one)


def shortest(parsed: Nodes) -> int:
    """The least characters of what can be drawn, whatever the values."""
    total = 0
    for node in parsed:
        if isinstance(node, str):
            total += len(node)
        elif isinstance(node, Variable):
            total += min(1, len(node.fallback))
        else:
            total += min(shortest(one) for one in node.alternatives)
    return total


def longest(parsed: Nodes, length: Callable[[Variable], int]) -> int:
    """The most characters of what can be drawn. length: of what stands for a variable."""
    total = 0
    for node in parsed:
        if isinstance(node, str):
            total += len(node)
        elif isinstance(node, Variable):
            total += length(node)
        else:
            total += max(longest(one, length) for one in node.alternatives)
    return total


def may_be_blank(parsed: Nodes, values: Mapping[str, str]) -> bool:
    """Whether some way of drawing it shows nothing with these values."""
    for node in parsed:
        if isinstance(node, Group):
            if not any(may_be_blank(one, values) for one in node.alternatives):
                return False
        elif (node if isinstance(node, str) else value(node, values)).strip():
            return False
    return True


@dataclass(slots=True)
class _Brace:
    """An open brace and what it holds so far. position: 1-based, 0 for the text itself."""

    position: int
    current: list[str | Variable | Group] = field(default_factory=list)
    literal: list[str] = field(default_factory=list)
    closed: list[Nodes] = field(default_factory=list)
    divided: bool = False

    def take(self) -> Nodes:
        """What stood since the last `|`; the next alternative starts."""
        self.settle()
        taken = tuple(self.current)
        self.current = []
        return taken

    def settle(self) -> None:
        """The literal pieces met so far are one node."""
        joined = "".join(self.literal)
        self.literal = []
        if joined:
            self.current.append(joined)


class _Parser:
    """The braces open at this point of the text, outermost first."""

    def __init__(self, own: Collection[str] | None) -> None:
        self._own = own
        self._open = [_Brace(0)]
        self._groups = 0
        self._variables: dict[str, None] = {}

    def add(self, literal: str) -> None:
        """Plain text comes next."""
        if literal:
            self._open[-1].literal.append(literal)

    def meet(self, mark: str, position: int) -> None:
        """An escape, a brace, a bar or a forbidden character comes next."""
        if len(mark) == 2:
            self.add(mark[1])
        elif mark == "{":
            self._start(position)
        elif mark == "|":
            self._divide()
        elif mark == "}":
            self._end(position)
        else:
            _refuse(position, later("there is a character that no message can carry; delete it"))

    def finish(self) -> Parsed:
        """Everything met, if no brace is open."""
        if len(self._open) > 1:
            _refuse(
                self._open[-1].position, later("this { is never closed; add a } or write \\{ for a plain brace")
            )
        found = self._open[0].take()
        return Parsed(found, _variants(found), tuple(self._variables))

    def _start(self, position: int) -> None:
        if len(self._open) > MAX_DEPTH + 1:
            _too_deep(position)
        self._open[-1].settle()
        self._open.append(_Brace(position))

    def _divide(self) -> None:
        brace = self._open[-1]
        if brace.position == 0:
            self.add("|")
            return
        if len(self._open) > MAX_DEPTH + 1:
            _too_deep(brace.position)
        brace.divided = True
        brace.closed.append(brace.take())

    def _end(self, position: int) -> None:
        if len(self._open) == 1:
            _refuse(position, later("this } closes nothing; delete it or write \\} for a plain brace"))
        brace = self._open.pop()
        last = brace.take()
        outer = self._open[-1]
        if not brace.divided:
            outer.current.append(self._variable(last, brace.position))
            return
        alternatives = (*brace.closed, last)
        each = tuple(_variants(one) for one in alternatives)
        outer.current.append(Group(self._groups, alternatives, each, sum(each), brace.position))
        self._groups += 1

    def _variable(self, held: Nodes, position: int) -> Variable:
        if not held:
            _refuse(position, later("{} is empty; put a variable in it, like {name}"))
        name, colon, fallback = held[0].partition(":") if isinstance(held[0], str) else ("", "", "")
        if not self._knows(name):
            self._refuse_unknown(held, position)
        if len(held) > 1:
            _refuse(position, later("what stands after the colon must be plain text, without braces"))
        self._variables[name] = None
        return Variable(name, fallback if colon else "")

    def _refuse_unknown(self, held: Nodes, position: int) -> NoReturn:
        inner = held[0]
        if isinstance(inner, Variable) and len(held) == 1:
            _refuse(position, f"one brace is enough; write {{{inner.name}}}")
        meant = nearest(inner, (*VARIABLES, *(self._own or ()))) if isinstance(inner, str) else None
        _refuse(
            position,
            f"this brace holds no known variable; {f'did you mean {{{meant}}}? Else ' if meant else ''}"
            f"use {', '.join(self._choices())} or {{one|another}}, or write \\{{ for a plain brace",
        )

    def _knows(self, name: str) -> bool:
        if name in VARIABLES:
            return True
        return OWN.fullmatch(name) is not None if self._own is None else name in self._own

    def _choices(self) -> list[str]:
        own = sorted(self._own or ())
        more = ["…"] if len(own) > MOST_NAMED else []
        return [f"{{{name}}}" for name in (*VARIABLES, *own[:MOST_NAMED])] + more


def _variants(held: Nodes) -> int:
    return prod(node.variants for node in held if isinstance(node, Group))


def _too_deep(position: int) -> NoReturn:
    _refuse(position, f"braces are nested more than {MAX_DEPTH} deep; write it with fewer")


def _refuse(position: int, why: str) -> NoReturn:
    sentence = f"At position {position}: {why}."
    raise Invalid("bad_template", sentence, details={"message": sentence})
