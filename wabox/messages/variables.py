"""What a sender fills in by name: `{order}` in a text, `variables: {order: "1001"}` with the message; pure.

A variable that stands everywhere with a fallback, `{order:your order}`, may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Mapping

from wabox.errors import Invalid
from wabox.messages import template
from wabox.messages.spintax import OWN, VARIABLES
from wabox.messages.template import Template

MOST = 50
MOST_VALUE = 1_024
MOST_NAMED = 12
NAME_PATTERN = OWN.pattern

_PIECE = re.compile(rf"\\[{{}}|\\]|\{{({NAME_PATTERN})(?::((?:\\[{{}}|\\]|\\(?![{{}}|\\])|[^{{}}|\\])*))?\}}")
_UNFIT = re.compile("[\0\ud800-\udfff]")


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """The values, as they may be filled in. Raises Invalid `bad_variables`, naming each as `variables.order`.

    Names are a small letter, then up to 31 small letters, digits and `_`; values have up to 1,024 characters.
    """
    if len(given) > MOST:
        raise _bad("bad_variables", {"variables": f"These are more than {MOST} variables; send fewer."})
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


def parse(text: str, given: Container[str], known: Collection[str] = VARIABLES) -> Template:
    """The text, which may use any names. Raises Invalid as template.parse does, and `variables_missing`.

    given: names that the sender fills in. known: those that a contact fills in, with nothing if it must be.
    """
    parsed = template.parse(text, None)
    missing = [name for name in needed(parsed, known) if name not in given]
    if missing:
        raise _bad("variables_missing", {f"variables.{name}": _missing(name) for name in missing})
    return parsed


def needed(parsed: Template, known: Collection[str] = VARIABLES) -> list[str]:
    """The names that only the sender can fill in, and must."""
    return [name for name in parsed.needed() if name not in known]


def contacts_only(text: str, known: Collection[str] = VARIABLES) -> Template:
    """The text for many people, whom `known` alone fills it in for. Raises Invalid as `parse` does.

    What a fallback stands for is written in its place, so that the text names no other variables any more.
    """
    unfilled = needed(template.parse(text, None), known)
    if unfilled:
        said = ", ".join(f"{{{name}}}" for name in unfilled)
        sentence = f"Nobody fills in {said} here; write fallbacks, like {{{unfilled[0]}:your order}}."
        raise Invalid("variables_missing", sentence, details={"template_id": sentence})
    return template.parse(settled(text, known), known)


def by_hand(text: str, own: Collection[str]) -> Template:
    """The text that somebody wrote on a page, where nothing is filled in but what a contact has.

    own: names of the user's fields. Raises Invalid as template.parse does; for names that nobody fills in it says
    which those are, and which there are.
    """
    try:
        return template.parse(text, own)
    except Invalid:
        left = [name for name in template.parse(text, None).own if name not in own]
    said = ", ".join(f"{{{name}}}" for name in left)
    known = [f"{{{name}}}" for name in (*VARIABLES, *own)]
    there = ", ".join(known if len(known) <= MOST_NAMED else [*known[:MOST_NAMED], "…"])
    sentence = f"Write something in place of {said}; nobody fills that in. People have {there}."
    raise Invalid("variables_missing", sentence, details={"message": sentence})


def settled(text: str, known: Collection[str] = VARIABLES) -> str:
    """The text for which nobody fills in more than `known`: of others the fallback stands, if they have one."""

    def piece(found: re.Match[str]) -> str:
        name, fallback = found[1], found[2]
        return found[0] if name is None or name in known or not fallback else fallback

    return _PIECE.sub(piece, text)


def _missing(name: str) -> str:
    return f"The text needs this; send variables with {name}, or write {{{name}:a fallback}} in the text."


def _bad(code: str, details: dict[str, str]) -> Invalid:
    first = next(iter(details.values()))
    named = ", ".join(details)
    sentence = f"{named}: {first}" if len(details) == 1 else f"Something is wrong with {named}; see details."
    return Invalid(code, sentence, details=details)
