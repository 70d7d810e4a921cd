"""What templates may not contain, that every text has its Bengali, and that the reference knows every route."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.faces import texts
from tests.faces.scene import Scene
from tests.faces.tab import Tab, tags, words
from tests.some import some
from wabox import reference
from wabox.dashboard.voice import Voice
from wabox.reference import samples

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

TEMPLATES = sorted((texts.HOME / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(texts.HOME / "templates")))
def test_a_template_has_no_inline_script_style_or_handler(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "<style" not in text
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert "hx-on" not in text and "javascript:" not in text
    assert not re.search(r"\|\s*safe\b", text)
    assert not re.search(r"https?://(?!shop\.example\.com)", text)


def test_enter_in_a_field_never_presses_the_button_that_goes_elsewhere() -> None:
    forms = [one for path in TEMPLATES for one in re.findall(r"<form\b.*?</form>", path.read_text("utf-8"), re.S)]
    buttons = r"""<button\b(?![^>]*\btype="button")[^>]*>|<input\b[^>]*\btype="submit"[^>]*>"""
    first = [re.findall(buttons, one)[:1] for one in forms if "formaction" in one]
    assert len(first) >= 3
    assert [one for one in first if not one or "formaction" in one[0]] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(texts.HOME / "templates")))
def test_only_written_texts_go_through_gettext_which_trusts_them(path: Path) -> None:
    """What `_()` returns is not escaped any more; what comes from elsewhere goes through voice.say()."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(?<![a-z])(?:_|n?gettext)\((?![\"'])", text)


def test_the_script_and_the_style_ask_nobody_else() -> None:
    for name in ("app.js", "app.css", "icons.svg", "mark.svg"):
        text = (texts.HOME / "static" / name).read_text(encoding="utf-8")
        assert "https:" not in text
        assert "eval(" not in text and "innerHTML" not in text


def test_htmx_is_the_published_file() -> None:
    vendor = texts.HOME / "static" / "vendor"
    told = (vendor / "VERSION").read_text(encoding="utf-8")
    assert hashlib.sha256((vendor / "htmx.min.js").read_bytes()).hexdigest() in told
    assert (vendor / "htmx.LICENSE").is_file()


def test_every_icon_a_page_uses_is_in_the_file(scene: Scene, asha: Tab) -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (texts.HOME / "static" / "icons.svg").read_text()))
    for path in (
        "/",
        "/whatsapp",
        "/messages",
        "/webhooks",
        "/settings",
        "/docs",
        "/help",
        "/help/people",
        f"/messages/{scene.ids['unknown']}",
    ):
        for attrs in some(attrs for tag, attrs in tags(asha.get(path).text) if tag == "use"):
            assert (attrs["href"] or "").split("#")[1] in drawn


def test_words_that_shops_did_not_understand_are_gone() -> None:
    gone = {
        "The campaign stands. This page follows it.",
        "What was told",
        "Days it takes",
        "Keys with a name",
        "Mend them in the downloaded file, then import that file.",
        "Erase",
        "Unsure of a week's",
    }
    assert gone & texts.every() == set()


@pytest.mark.parametrize("language", texts.OTHERS)
def test_every_text_is_translated(language: str) -> None:
    assert len(texts.in_templates()) > 500 and len(texts.in_modules()) > 500 and len(texts.of_nouns()) > 50
    assert texts.untranslated(texts.every(), language) == []


def test_a_bengali_page_is_bengali(asha: Tab) -> None:
    asha.post("/settings/locale", {"language": "bn"})
    page = words(asha.get("/").text)
    for text in ("যুক্ত ও প্রস্তুত", "অপেক্ষায়", "আগামীকাল দুপুর ৩:০০ পর্যন্ত", "মেসেজ পাঠান", "এই নম্বর WhatsApp-এ নেই।"):
        assert text in page
    for path in (
        "/whatsapp",
        "/messages",
        "/messages/3",
        "/webhooks",
        "/settings",
        "/docs",
        "/help",
        "/help/people",
    ):
        assert asha.get(path).status_code == 200


def test_moments_are_short_and_in_the_readers_zone() -> None:
    now = datetime(2026, 3, 13, 6, 0, tzinfo=UTC)
    english = Voice("en", ZoneInfo("Asia/Dhaka"), now)
    assert english.when(now) == "12:00"
    assert english.when(datetime(2026, 3, 14, 2, 0, tzinfo=UTC)) == "tomorrow 08:00"
    assert english.when(datetime(2026, 3, 12, 2, 0, tzinfo=UTC)) == "yesterday 08:00"
    assert english.when(datetime(2026, 4, 2, 2, 0, tzinfo=UTC)) == "2 Apr, 08:00"
    assert english.when(datetime(2025, 4, 2, 2, 0, tzinfo=UTC)) == "2 Apr 2025, 08:00"
    bengali = Voice("bn", ZoneInfo("Asia/Dhaka"), now)
    assert bengali.when(datetime(2026, 3, 14, 2, 0, tzinfo=UTC)) == "আগামীকাল সকাল ৮:০০"
    hours = {0: "রাত ১২", 3: "রাত ৩", 4: "ভোর ৪", 12: "দুপুর ১২", 16: "বিকাল ৪", 18: "সন্ধ্যা ৬", 20: "রাত ৮"}
    for hour, said in some(hours.items()):
        assert bengali.clock(datetime(2026, 3, 13, hour, 42, tzinfo=ZoneInfo("Asia/Dhaka"))) == f"{said}:৪২"
    assert english.full(now) == "Friday 13 March 2026, 12:00:00 (Asia/Dhaka)"
    assert bengali.full(now).endswith("দুপুর ১২:০০:০০ (Asia/Dhaka)")
    assert bengali.num(12345) == "১২,৩৪৫"


def test_the_reference_knows_every_route_of_the_api(asha: Tab) -> None:
    document = asha.get("/api/v1/openapi.json").json()
    served = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in document["paths"].items()
        if path.startswith("/api/v1/")
        for method in methods
        if method in ("get", "post", "put", "patch", "delete")
    }
    told = {(route.method, route.path) for chapter in reference.CHAPTERS for route in chapter.routes}
    same = {(method, re.sub(r"\{[^}]+\}", "{}", path)) for method, path in served}
    assert same == {(method, re.sub(r"\{[^}]+\}", "{}", path)) for method, path in told}


def test_the_reference_shows_a_bare_status_and_fields_as_the_api_serves_them(asha: Tab) -> None:
    document = asha.get("/api/v1/openapi.json").json()
    for chapter in some(reference.CHAPTERS):
        for route in some(chapter.routes):
            found = next(
                methods[route.method.lower()]
                for path, methods in document["paths"].items()
                if re.sub(r"\{[^}]+\}", "{}", path) == re.sub(r"\{[^}]+\}", "{}", "/api/v1" + route.path)
            )
            assert str(route.status) in found["responses"], route.path


def test_examples_can_be_copied() -> None:
    for chapter in some(reference.CHAPTERS):
        for route in some(chapter.routes):
            curl = route.sample("curl", "http://box/api/v1")
            assert curl.count("'") % 2 == 0
            assert f"http://box/api/v1{route.filled}" in curl
            assert "{" not in route.filled
            body = re.search(r"-d '(.*)'$", curl, re.DOTALL)
            assert (None if body is None else json.loads(body.group(1))) == route.body


def test_samples_name_the_request_in_every_language() -> None:
    for route in some(one for chapter in reference.CHAPTERS for one in chapter.routes):
        for language in some(samples.LANGUAGES):
            sample = route.sample(language, "http://box/api/v1")
            assert f"http://box/api/v1{route.filled}" in sample
            assert sample.count(samples.KEY) == 1
            assert route.method in sample or (language, route.method) in {("curl", "GET"), ("php", "GET")}
        compile(route.sample("python", "http://box"), route.path, "exec")


def test_the_reference_is_found_by_a_word(asha: Tab) -> None:
    page = words(asha.get("/docs?q=reactions").text)
    assert "/inbox/{message_id}/reactions" in page and "/webhooks/test" not in page
    assert "bad_phone" in words(asha.get("/docs?q=bad_phone").text)
    assert "Nothing found" in words(asha.get("/docs?q=xyzzy").text)
    assert "requests.request" in asha.get("/docs/messages?in=python").text
    assert "requests.request" not in asha.get("/docs/messages?in=cobol").text


def test_the_reference_has_a_page_for_each_chapter_and_old_places_lead_to_it(asha: Tab) -> None:
    first = asha.get("/docs?in=php").text
    assert len(first) < 80_000
    for chapter in some(reference.CHAPTERS):
        page = asha.get(f"/docs/{chapter.key}").text
        for route in some(chapter.routes):
            assert f'<article class="card route" id="{route.anchor}"' in page
            assert f'<li id="{route.anchor}"><a href="/docs/{chapter.key}?in=php#{route.anchor}">' in first
    events, errors = asha.get("/docs/events").text, asha.get("/docs/errors").text
    for place, page in (("webhook-check", events), ("event-delivery-sent", events), ("errors", errors)):
        assert f'id="{place}"' in page and f'id="{place}"' in first
    assert asha.get("/docs/nothing").status_code == 404
