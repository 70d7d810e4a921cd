"""Turns the shipped markdown into pieces of a page: no HTML or style of its own, no link to what is not there."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

TAKEN = ("main", "offline", "spoken")  # ids of the page around the text


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the second level. anchor: its id on the page."""

    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class Written:
    """A text as HTML that may be shown as it is, and its sections in order."""

    body: Markup
    sections: tuple[Section, ...]


@functools.cache
def written(name: str, readable: frozenset[str]) -> Written:
    """The text of wabox/docs with this name. readable: names of the texts it may lead to."""
    return render((resources.files("wabox") / "docs" / f"{name}.md").read_text(encoding="utf-8"), readable)


def render(text: str, readable: frozenset[str]) -> Written:
    """The markdown as HTML; a link to a text that is not readable here becomes its words."""
    parser = _parser()
    tokens = parser.parse(text)
    sections = []
    for token, title, anchor in headings(tokens):
        token.attrSet("id", anchor)
        if token.tag == "h2":
            sections.append(Section(anchor, title))
    for token in tokens:
        _tidy(token, readable)
    body = parser.renderer.render(tokens, parser.options, {})
    return Written(Markup(body), tuple(sections))  # the parser takes no HTML


def anchors(text: str) -> list[str]:
    """The ids of the markdown's headings, in order."""
    return [anchor for _, _, anchor in headings(_parser().parse(text))]


def headings(tokens: Sequence[Token]) -> Iterator[tuple[Token, str, str]]:
    """(its opening token, its words, its id) of each heading. Ids are made as GitHub makes them."""
    seen: dict[str, int] = dict.fromkeys(TAKEN, 1)
    for token, inline in zip(tokens, tokens[1:], strict=False):
        if token.type != "heading_open":
            continue
        title = "".join(piece.content for piece in inline.children or ())
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        times = seen.get(slug, 0)
        seen[slug] = times + 1
        yield token, title, f"{slug}-{times}" if times else slug


@functools.cache
def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    for kind, rule in {
        "table_open": _table,
        "table_close": _table_end,
        "fence": _code,
        "code_block": _code,
    }.items():
        made.add_render_rule(kind, rule)
    return made


def _tidy(token: Token, readable: frozenset[str]) -> None:
    """Without styles, and with links that lead somewhere."""
    token.attrs.pop("style", None)  # how a table's columns are set; the policy allows no inline style
    if token.children:
        token.children = list(_linked(token.children, readable))


def _linked(pieces: Sequence[Token], readable: frozenset[str]) -> Iterator[Token]:
    leads = True
    for piece in pieces:
        if piece.type == "link_open":
            address = _address(str(piece.attrGet("href") or ""), readable)
            leads = address is not None
            piece.attrSet("href", address or "")
        if leads or not piece.type.startswith("link_"):
            yield piece


def _address(href: str, readable: frozenset[str]) -> str | None:
    """Where a link leads on the box; None if nowhere."""
    if href.startswith(("#", "https://", "/")):
        return href
    found = re.fullmatch(r"(\w+)\.md(#[\w\-%]+)?", href)
    return f"/help/{found[1]}{found[2] or ''}" if found and found[1] in readable else None


def _table(_: RendererHTML, tokens: Sequence[Token], at: int, __: OptionsDict, ___: EnvType) -> str:
    """A table scrolls by itself, also by keyboard, and is named by its first line."""
    row = next(n for n in range(at, len(tokens)) if tokens[n].type == "tr_close")
    name = ", ".join(token.content for token in tokens[at:row] if token.type == "inline" and token.content)
    return f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(name)}"><table class="table">\n'


def _table_end(_: RendererHTML, __: Sequence[Token], ___: int, ____: OptionsDict, _____: EnvType) -> str:
    return "</table></div>\n"


def _code(_: RendererHTML, tokens: Sequence[Token], at: int, __: OptionsDict, ___: EnvType) -> str:
    return f'<pre class="payload"><code>{escape(tokens[at].content)}</code></pre>\n'
