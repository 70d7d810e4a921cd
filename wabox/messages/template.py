"""What each person reads: a parsed text draws its alternatives by a hash and fills in values.

Values go in last and are never parsed: a contact named `{a|b}` stays so. All of it is linear in the text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from wabox import languages
from wabox.errors import Invalid
from wabox.messages.spintax import VARIABLES, Group, Nodes, Variable, nodes

MAX_RENDERED = 4_096
MAX_CAPTION = 1_024  # of a text that goes with a file
MAX_RAW = 16_384

_Choose = Callable[[Group], int]
Misfit: TypeAlias = Literal["caption_too_long", "message_too_long", "message_empty"]


@dataclass(frozen=True, slots=True)
class Template:
    """A text that was understood. variables: the names it uses, VARIABLES first, then own ones as they come.

    variants: how many ways there are to draw its alternatives, equal texts counted apart.
    shortest: the least characters it can render to, whatever the values. caption: it goes with a file, so it may
    be empty and must be short.
    """

    text: str
    variables: tuple[str, ...]
    variants: int
    shortest: int
    nodes: Nodes
    caption: bool = False

    @property
    def own(self) -> tuple[str, ...]:
        """The names it uses besides VARIABLES."""
        return tuple(name for name in self.variables if name not in VARIABLES)

    @property
    def language(self) -> str:
        """The code of the language it is written in, for numbers and dates that are filled in."""
        return languages.of(self.text)

    @property
    def most(self) -> int:
        """The most characters that may go."""
        return MAX_CAPTION if self.caption else MAX_RENDERED

    def render(self, values: Mapping[str, str], *, seed: str) -> str:
        """The text one person reads; the same seed and values always give the same.

        values: by variable name; a missing or blank one gives the fallback, else nothing. Raises Invalid
        `message_too_long` or `message_empty` (blank is empty). Source: wabox/docs/contract.md#texts.
        """
        rendered = _rendered(self.nodes, values, _drawn_by(seed))
        if self.caption:
            return _as_caption(rendered)
        if len(rendered) > MAX_RENDERED:
            raise _too_long()
        if not rendered.strip():
            raise _empty()
        return rendered

    def as_caption(self) -> Template:
        """The text as it goes with a file. Raises Invalid `caption_too_long` where no variant is short enough."""
        if self.shortest > MAX_CAPTION:
            raise _caption_too_long()
        return replace(self, caption=True)

    def misfit(self, values: Mapping[str, str]) -> Misfit | None:
        """Why some way of drawing it would not go with these values, as `render` says it; None: all of them go."""
        if _most(self.nodes, lambda one: len(_value(one, values))) > self.most:
            return "caption_too_long" if self.caption else "message_too_long"
        return "message_empty" if not self.caption and _may_be_blank(self.nodes, values) else None

    def preview(self, count: int, values: Mapping[str, str] | None = None) -> list[str]:
        """Up to `count` different texts, spread over all variants; nothing is raised, long ones are cut."""
        found: dict[str, None] = {}
        for steps in (min(count, self.variants), min(8 * count, self.variants)):
            for step in range(steps):
                if len(found) < count:
                    chosen = _numbered(step * self.variants // steps)
                    found[_rendered(self.nodes, values or {}, chosen)[:MAX_RENDERED]] = None
        return list(found)

    def spelled_out(self, most: int = 64) -> list[str]:
        """What the text can say: up to `most` variants, and all it holds, so that no alternative is left out."""
        return [*self.preview(most), "\n".join(_literals(self.nodes))]

    def needed(self) -> tuple[str, ...]:
        """Those of its variables that stand somewhere without a fallback."""
        bare = set(_without_fallback(self.nodes))
        return tuple(name for name in self.variables if name in bare)

    def longest(self, lengths: Mapping[str, int]) -> int:
        """The most characters it can render to. lengths: of the longest value of each variable."""
        return _most(self.nodes, lambda one: max(lengths.get(one.name, 0), len(one.fallback)))


def parse(text: str, own: Collection[str] | None = ()) -> Template:
    """The text, understood. Raises Invalid `bad_template` naming the 1-based position of what is wrong.

    own: the names it may use besides VARIABLES, as its user's fields are called; None takes any that could be
    one, for a text that was understood before. Raises `message_empty` for a blank text, `message_too_long` over
    MAX_RAW characters or where not even the shortest variant fits. Details name the field `message`.
    Source: wabox/docs/contract.md#texts.
    """
    if len(text) > MAX_RAW:
        raise _invalid("message_too_long", f"The message is longer than {MAX_RAW:,} characters; shorten it.")
    if not text.strip():
        raise _empty()
    parsed = nodes(text, own)
    shortest = _shortest(parsed.nodes)
    if shortest > MAX_RENDERED:
        raise _too_long()
    first = [name for name in VARIABLES if name in parsed.variables]
    used = (*first, *(name for name in parsed.variables if name not in VARIABLES))
    return Template(text, used, parsed.variants, shortest, parsed.nodes)


def caption(text: str, own: Collection[str] | None = ()) -> Template:
    """As `parse`, for what goes with a file: it may be blank, and has at most MAX_CAPTION characters."""
    return parse(text, own).as_caption() if text.strip() else NOTHING


NOTHING = Template("", (), 1, 0, (), caption=True)


def _as_caption(rendered: str) -> str:
    if len(rendered) > MAX_CAPTION:
        raise _caption_too_long()
    return rendered if rendered.strip() else ""


def _caption_too_long() -> Invalid:
    return _invalid(
        "caption_too_long", f"With a file goes a text of up to {MAX_CAPTION:,} characters; shorten it."
    )


def _drawn_by(seed: str) -> _Choose:
    """Each group on its own, evenly, and the same on every attempt."""
    salt = seed.encode("utf-8", "surrogatepass")

    def choose(group: Group) -> int:
        drawn = hashlib.blake2b(b"%d:%b" % (group.index, salt), digest_size=8).digest()
        return int.from_bytes(drawn, "big") % len(group.alternatives)

    return choose


def _numbered(number: int) -> _Choose:
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


def _rendered(parsed: Nodes, values: Mapping[str, str], choose: _Choose) -> str:
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
            piece = node if isinstance(node, str) else _value(node, values)
            pieces.append(piece)
            room -= len(piece)
    return "".join(pieces)


def _value(variable: Variable, values: Mapping[str, str]) -> str:
    value = values.get(variable.name, "")
    return value if value.strip() else variable.fallback


def _literals(parsed: Nodes) -> Iterator[str]:
    """Every piece of plain text, whatever alternative it stands in."""
    for node in parsed:
        if isinstance(node, str):
            yield node
        elif isinstance(node, Variable):
            yield node.fallback
        else:
            for one in node.alternatives:
                yield from _literals(one)


def _without_fallback(parsed: Nodes) -> Iterator[str]:
    for node in parsed:
        if isinstance(node, Variable) and not node.fallback:
            yield node.name
        elif isinstance(node, Group):
            for one in node.alternatives:
                yield from _without_fallback(one)


def _shortest(parsed: Nodes) -> int:
    total = 0
    for node in parsed:
        if isinstance(node, str):
            total += len(node)
        elif isinstance(node, Variable):
            total += min(1, len(node.fallback))
        else:
            total += min(_shortest(one) for one in node.alternatives)
    return total


def _most(parsed: Nodes, length: Callable[[Variable], int]) -> int:
    """The most characters of what can be drawn. length: of what stands for a variable."""
    total = 0
    for node in parsed:
        if isinstance(node, str):
            total += len(node)
        elif isinstance(node, Variable):
            total += length(node)
        else:
            total += max(_most(one, length) for one in node.alternatives)
    return total


def _may_be_blank(parsed: Nodes, values: Mapping[str, str]) -> bool:
    for node in parsed:
        if isinstance(node, Group):
            if not any(_may_be_blank(one, values) for one in node.alternatives):
                return False
        elif (node if isinstance(node, str) else _value(node, values)).strip():
            return False
    return True


def _too_long() -> Invalid:
    return _invalid("message_too_long", f"The message is longer than {MAX_RENDERED:,} characters; shorten it.")


def _empty() -> Invalid:
    return _invalid("message_empty", "The message is empty; write something.")


def _invalid(code: str, sentence: str) -> Invalid:
    return Invalid(code, sentence, details={"message": sentence})
