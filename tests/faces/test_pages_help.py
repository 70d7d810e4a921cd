"""The texts that come with wabox, on the box: who reads which, and what of markdown a page may hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, tags, words
from tests.some import some
from wabox.accounts import users
from wabox.dashboard.docs import help as help_pages
from wabox.dashboard.docs import manual

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

DOCS = Path(__file__).parents[2] / "wabox" / "docs"
FOR_BUILDERS = {"asvs", "design", "recipes"}
EVERYBODYS = [text.name for text in help_pages.TEXTS if not text.owner]
OWNERS = [text.name for text in help_pages.TEXTS if text.owner]


def test_every_text_that_is_not_for_builders_is_on_the_box() -> None:
    assert {text.name for text in help_pages.TEXTS} == {path.stem for path in DOCS.glob("*.md")} - FOR_BUILDERS


def test_the_owner_reads_them_all(asha: Tab) -> None:
    listed = asha.get("/help").text
    for text in some(help_pages.TEXTS):
        answer = asha.get(f"/help/{text.name}")
        assert answer.status_code == 200
        title = (DOCS / f"{text.name}.md").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        assert title in words(answer.text)
        assert (f'href="/help/{text.name}"' in listed) is not text.shared


def test_others_read_what_is_for_everybody(bilal: Tab, chen: Tab) -> None:
    for tab in (bilal, chen):
        listed = tab.get("/help").text
        for name in some(EVERYBODYS):
            assert tab.get(f"/help/{name}").status_code == 200
            assert f'href="/help/{name}"' in listed
    for name in some(OWNERS):
        assert bilal.get(f"/help/{name}").status_code == 404
        assert chen.get(f"/help/{name}").headers["location"] == f"/login?next=/help/{name}"


@pytest.mark.parametrize(
    "name", ["nothing", "asvs", "design", "recipes", "..%2Ffaults", "faults.md", "WHATSAPP", "%00"]
)
def test_there_is_no_other_text(asha: Tab, name: str) -> None:
    assert asha.get(f"/help/{name}").status_code == 404


def test_every_link_of_a_text_leads_somewhere_on_the_box(asha: Tab, bilal: Tab) -> None:
    for tab, names in ((asha, [*EVERYBODYS, *OWNERS]), (bilal, EVERYBODYS)):
        for name in some(names):
            answer = tab.get(f"/help/{name}")
            page = answer.text
            ids = [attrs["id"] or "" for _, attrs in tags(page) if attrs.get("id")]
            assert len(ids) == len(set(ids)), name
            lost = []
            article = page.partition("<article")[2].partition("</article>")[0]
            for href in re.findall(r'<a href="([^"]*)"', article):
                path, _, anchor = href.partition("#")
                if href.startswith("https://"):
                    continue
                seen = tab.get(path) if path else None
                if (seen and seen.status_code != 200) or (
                    anchor and f'id="{anchor}"' not in (seen or answer).text
                ):
                    lost.append((name, href))
            assert lost == []


def test_a_bengali_reader_is_told_that_the_text_is_english(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(users.set_language, shop.asha.id, "bn")
    page = asha.get("/help/people").text
    assert "এই লেখাটি ইংরেজিতে।" in words(page)
    assert '<article class="card manual" lang="en">' in page


def test_markdown_brings_no_html_style_picture_or_strange_link() -> None:
    body = manual.render(
        "# One\n\n<script>alert(1)</script> <b onclick=x>b</b>\n\n<iframe src=x></iframe>\n\n"
        "![p](https://elsewhere.example/p.png) [j](javascript:alert(1)) [d](data:text/html,x) [f](faults.md) "
        "[o](owner.md#wrong-passwords) [r](../../README.md) [h](http://plain.example)\n\n"
        '| A | B |\n|--:|:-:|\n| 1 | `<i>"2"</i>` |\n\n    <pre>\n\n```php"onload=x\n$a = "<b>";\n```\n',
        frozenset({"owner"}),
    ).body
    for bad in ("<script", "<b ", "<iframe", "<img", "<i>", "style=", "onload", "faults", "README"):
        assert bad not in body, bad
    assert re.findall(r"<a ([^>]*)>", body) == [
        'href="https://elsewhere.example/p.png"',
        'href="/help/owner#wrong-passwords"',
    ]
    assert '<div class="scroll" role="group" tabindex="0" aria-label="A, B"><table class="table">' in body


def test_headings_have_ids_of_their_own() -> None:
    assert manual.anchors("# Main\n\n## `POST /send`: 202\n\n## Same\n\n### Same\n\n## A text_1, b-c\n") == [
        "main-1",
        "post-send-202",
        "same",
        "same-1",
        "a-text_1-b-c",
    ]
