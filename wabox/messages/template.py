"""A text for one person: what it may say, how long it may be, and who fills in its variables.

A variable that stands everywhere with a fallback, `{order:your order}`, may be left out. Of the others a contact
fills in some, the sender the rest by name: `variables: {order: "1001"}` with the message.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from wabox import languages
from wabox.errors import Invalid
from wabox.messages import meaning, spintax
from wabox.messages.nearest import nearest
from wabox.messages.spintax import MAX_RENDERED, OWN, VARIABLES, Nodes, nodes

MAX_CAPTION = 1_024  # of a text that goes with a file
MAX_RAW = 16_384
MOST_VARIABLES = 50
MOST_VALUE = 1_024
MOST_NAMED = 12

Misfit: TypeAlias = Literal["caption_too_long", "message_too_long", "message_empty"]
NAME_PATTERN = OWN.pattern
_PIECE = re.compile(rf"\\[{{}}|\\]|\{{({NAME_PATTERN})(?::((?:\\[{{}}|\\]|\\(?![{{}}|\\])|[^{{}}|\\])*))?\}}")
_UNFIT = re.compile("[\0\ud800-\udfff]")


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
        rendered = spintax.drawn(self.nodes, values, spintax.drawn_by(seed))
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
        if spintax.longest(self.nodes, lambda one: len(spintax.value(one, values))) > self.most:
            return "caption_too_long" if self.caption else "message_too_long"
        return "message_empty" if not self.caption and spintax.may_be_blank(self.nodes, values) else None

    def preview(self, count: int, values: Mapping[str, str] | None = None) -> list[str]:
        """Up to `count` different texts, spread over all variants; nothing is raised, long ones are cut."""
        found: dict[str, None] = {}
        for steps in (min(count, self.variants), min(8 * count, self.variants)):
            for step in range(steps):
                if len(found) < count:
                    chosen = spintax.numbered(step * self.variants // steps)
                    found[spintax.drawn(self.nodes, values or {}, chosen)[:MAX_RENDERED]] = None
        return list(found)

    def spelled_out(self, most: int = 64) -> list[str]:
        """What the text can say: up to `most` variants, and all it holds, so that no alternative is left out."""
        return [*self.preview(most), "\n".join(spintax.literals(self.nodes))]

    def hints(self, own: Collection[str]) -> list[str]:
        """What its writer may have meant otherwise, a sentence each. own: names of the user's fields."""
        return meaning.hints(self.nodes, own)

    def needed(self) -> tuple[str, ...]:
        """Those of its variables that stand somewhere without a fallback."""
        bare = set(spintax.without_fallback(self.nodes))
        return tuple(name for name in self.variables if name in bare)

    def longest(self, lengths: Mapping[str, int]) -> int:
        """The most characters it can render to. lengths: of the longest value of each variable."""
        return spintax.longest(self.nodes, lambda one: max(lengths.get(one.name, 0), len(one.fallback)))


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
    shortest = spintax.shortest(parsed.nodes)
    if shortest > MAX_RENDERED:
        raise _too_long()
    first = [name for name in VARIABLES if name in parsed.variables]
    used = (*first, *(name for name in parsed.variables if name not in VARIABLES))
    return Template(text, used, parsed.variants, shortest, parsed.nodes)


def written(text: str, own: Collection[str] | None, fields: Collection[str] | None = None) -> Template:
    """As `parse`, for what somebody writes now: a form beside a field's name, `{due|money}`, is refused too.

    fields: names of the user's fields, where `own` is None.
    """
    parsed = parse(text, own)
    if parsed.variants > 1:
        meaning.check(parsed.nodes, fields or own or ())
    return parsed


def plain(text: str) -> Template:
    """The text letter for letter, braces and backslashes too. Raises Invalid as `parse`."""
    if not text.strip():
        raise _empty()
    if len(text) > MAX_RENDERED:
        raise _too_long()
    return Template(text, (), 1, len(text), (text,))


def caption(text: str, own: Collection[str] | None = ()) -> Template:
    """As `parse`, for what goes with a file: it may be blank, and has at most MAX_CAPTION characters."""
    return parse(text, own).as_caption() if text.strip() else NOTHING


NOTHING = Template("", (), 1, 0, (), caption=True)


def checked_values(given: Mapping[str, str]) -> dict[str, str]:
    """The values, as they may be filled in. Raises Invalid `bad_variables`, naming each as `variables.order`.

    Names are a small letter, then up to 31 small letters, digits and `_`; values have up to 1,024 characters.
    """
    if len(given) > MOST_VARIABLES:
        raise _bad("bad_variables", {"variables": f"These are more than {MOST_VARIABLES} variables; send fewer."})
    wrong: dict[str, str] = {}
    for name, value in given.items():
        if not OWN.fullmatch(name):
            wrong[f"variables.{name[:64]}"] = (
                "A name is a small letter, then small letters, digits and _; up to 32."
            )
        elif len(value) > MOST_VALUE:
            wrong[f"variables.{name}"] = f"A value has at most {MOST_VALUE:,} characters."
        elif _UNFIT.search(value):
            wrong[f"variables.{name}"] = "A value may not hold NUL or half a character; send plain text."
    if wrong:
        raise _bad("bad_variables", wrong)
    return dict(given)


def parse_for(text: str, given: Container[str], known: Collection[str] = VARIABLES) -> Template:
    """The text, which may use any names. Raises Invalid as `parse` does, and `variables_missing`.

    given: names that the sender fills in. known: those that a contact fills in, with nothing if it must be.
    """
    parsed = parse(text, None)
    missing = [name for name in needed_of(parsed, known) if name not in given]
    if missing:
        raise _bad("variables_missing", {f"variables.{name}": _missing(name) for name in missing})
    return parsed


def needed_of(parsed: Template, known: Collection[str] = VARIABLES) -> list[str]:
    """The names that only the sender can fill in, and must."""
    return [name for name in parsed.needed() if name not in known]


def contacts_only(text: str, known: Collection[str] = VARIABLES) -> Template:
    """The text for many people, whom `known` alone fills it in for. Raises Invalid as `parse_for` does.

    What a fallback stands for is written in its place, so that the text names no other variables any more.
    """
    unfilled = needed_of(parse(text, None), known)
    if unfilled:
        said = ", ".join(f"{{{name}}}" for name in unfilled)
        sentence = f"Nobody fills in {said} here; write fallbacks, like {{{unfilled[0]}:your order}}."
        raise Invalid("variables_missing", sentence, details={"template_id": sentence})
    return parse(settled(text, known), known)


def by_hand(text: str, own: Collection[str]) -> Template:
    """The text that somebody wrote on a page, where nothing is filled in but what a contact has.

    own: names of the user's fields. Raises Invalid as `parse` does; for names that nobody fills in it says
    which those are, and which there are.
    """
    try:
        return written(text, own)
    except Invalid:
        left = [name for name in parse(text, None).own if name not in own]
        if not left:
            raise
    said = ", ".join(f"{{{name}}}" for name in left)
    meant = nearest(left[0], (*VARIABLES, *own)) if len(left) == 1 else None
    if meant is not None:
        raise _invalid("bad_template", f"Nobody fills in {said}; did you mean {{{meant}}}?")
    known = [f"{{{name}}}" for name in (*VARIABLES, *own)]
    there = ", ".join(known if len(known) <= MOST_NAMED else [*known[:MOST_NAMED], "…"])
    sentence = f"Write something in place of {said}; nobody fills that in. People have {there}."
    raise Invalid("variables_missing", sentence, details={"message": sentence})


def marked(text: str, known: Collection[str]) -> list[tuple[str, bool]]:
    """The text in pieces, with whether a piece is a name that no contact fills in; [] where there is none.

    known: names of the user's fields.
    """
    filled = {*VARIABLES, *known}
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _PIECE.finditer(text):
        if found[1] is not None and found[1] not in filled:
            pieces += [(text[end : found.start()], False), (found[0], True)]
            end = found.end()
    return [one for one in (*pieces, (text[end:], False)) if one[0]] if pieces else []


def settled(text: str, known: Collection[str] = VARIABLES) -> str:
    """The text for which nobody fills in more than `known`: of others the fallback stands, if they have one."""

    def piece(found: re.Match[str]) -> str:
        name, fallback = found[1], found[2]
        return found[0] if name is None or name in known or not fallback else fallback

    return _PIECE.sub(piece, text)


def renamed(text: str, was: str, name: str) -> str:
    """The text with a variable under another name; everything else stays letter for letter."""

    def piece(found: re.Match[str]) -> str:
        return "{" + name + found[0][1 + len(was) :] if found[1] == was else found[0]

    return _PIECE.sub(piece, text)


def _as_caption(rendered: str) -> str:
    if len(rendered) > MAX_CAPTION:
        raise _caption_too_long()
    return rendered if rendered.strip() else ""


def _caption_too_long() -> Invalid:
    return _invalid(
        "caption_too_long", f"With a file goes a text of up to {MAX_CAPTION:,} characters; shorten it."
    )


def _too_long() -> Invalid:
    return _invalid("message_too_long", f"The message is longer than {MAX_RENDERED:,} characters; shorten it.")


def _empty() -> Invalid:
    return _invalid("message_empty", "The message is empty; write something.")


def _invalid(code: str, sentence: str) -> Invalid:
    return Invalid(code, sentence, details={"message": sentence})


def _missing(name: str) -> str:
    return f"The text needs this; send variables with {name}, or write {{{name}:a fallback}} in the text."


def _bad(code: str, details: dict[str, str]) -> Invalid:
    first = next(iter(details.values()))
    named = ", ".join(details)
    sentence = f"{named}: {first}" if len(details) == 1 else f"Something is wrong with {named}; see details."
    return Invalid(code, sentence, details=details)
