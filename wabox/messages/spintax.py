r"""The language of a text: `{a|b}` draws one, `{name}` and `{name:friend}` are filled in, `\{` is a brace.

Braces with a `|` of their own are alternatives, nested up to eight deep; braces without one are a variable.
A backslash counts only before `{`, `}`, `|` and itself. Outside braces a `|` is a `|`. Besides VARIABLES a text
may use names that its writer has given to things of their own.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from math import prod
from typing import NoReturn

from wabox.errors import Invalid

VARIABLES = ("name", "custom", "phone")
OWN = re.compile(r"[a-z][a-z0-9_]{0,31}")  # a name somebody has given
MAX_DEPTH = 8
MOST_NAMED = 8
_MARK = re.compile(r"\\[{}|\\]|[{}|]|[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Variable:
    """A place for a value. fallback: what stands there without one."""

    name: str
    fallback: str


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives. index: numbers the groups of a text. each: the variants within each alternative."""

    index: int
    alternatives: tuple[Nodes, ...]
    each: tuple[int, ...]
    variants: int


Nodes = tuple[str | Variable | Group, ...]


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
            _refuse(position, "there is a character that no message can carry; delete it")

    def finish(self) -> Parsed:
        """Everything met, if no brace is open."""
        if len(self._open) > 1:
            _refuse(self._open[-1].position, "this { is never closed; add a } or write \\{ for a plain brace")
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
            _refuse(position, "this } closes nothing; delete it or write \\} for a plain brace")
        brace = self._open.pop()
        last = brace.take()
        outer = self._open[-1]
        if not brace.divided:
            outer.current.append(self._variable(last, brace.position))
            return
        alternatives = (*brace.closed, last)
        each = tuple(_variants(one) for one in alternatives)
        outer.current.append(Group(self._groups, alternatives, each, sum(each)))
        self._groups += 1

    def _variable(self, held: Nodes, position: int) -> Variable:
        if not held:
            _refuse(position, "{} is empty; put a variable in it, like {name}")
        name, colon, fallback = held[0].partition(":") if isinstance(held[0], str) else ("", "", "")
        if not self._knows(name):
            _refuse(
                position,
                f"this brace holds no known variable; use {', '.join(self._choices())} or {{one|another}}, "
                "or write \\{ for a plain brace",
            )
        if len(held) > 1:
            _refuse(position, "what stands after the colon must be plain text, without braces")
        self._variables[name] = None
        return Variable(name, fallback if colon else "")

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
