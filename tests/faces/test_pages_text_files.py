"""Stored texts with a file, on pages: made, changed, shown, chosen where one writes, exported and brought in."""

from __future__ import annotations

import pytest
from httpx import Response

from tests.cast import Stage
from tests.faces.tab import Tab, tags, words
from tests.faces.test_pages_files import PICTURE, kept, latest, pictures, put, send
from tests.faces.work import Work
from tests.files import BAD, mp3, opus, pdf
from wabox.media import stored as media
from wabox.media.stored import Kind
from wabox.texts import stored as texts
from wabox.texts.stored import Draft, Text

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]
WORDS = {"name": "Mug", "message": "Your mug, {name:friend}", "category": "service", "language": ""}
TALK = "/inbox/8801711300001"


def save(tab: Tab, path: str, data: bytes | None = None, filename: str = "mug.png", /, **fields: str) -> Response:
    """The form of a text as a browser sends it; without data as one where no file was chosen."""
    files = {"file": (filename if data is not None else "", data or b"", "application/octet-stream")}
    return tab.ask("POST", path, data={"_csrf": tab.csrf, **fields}, files=files)


def every(shop: Stage) -> list[Text]:
    return shop.box.db.read_here(texts.every, shop.asha.id)


def add(shop: Stage, message: str = "Your mug", kind: Kind = "image", media_id: int = 1) -> Text:
    draft = Draft("Mug", message, media_id=media_id, media_kind=kind)
    return shop.box.db.write_now(texts.add, shop.asha.id, draft, now=shop.hands.now())


def field(page: str, name: str) -> str | None:
    """What the page's field of this name holds; None: it is not there."""
    found = [given for tag, given in tags(page) if tag == "input" and given.get("name") == name]
    if found and found[0].get("type") == "checkbox":
        return "ticked" if "checked" in found[0] else ""
    return found[0].get("value") if found else None


def test_a_text_is_made_with_a_file_shown_and_freed_of_it(shop: Stage, asha: Tab) -> None:
    answer = save(asha, "/texts", PICTURE, **WORDS)
    assert answer.headers["location"] == "/texts?said=text_saved", words(answer.text)
    (made,) = every(shop)
    assert (made.media_id, made.media_kind) == (1, "image")
    listed = asha.get("/texts")
    assert pictures(listed.text) == ["/files/1/small"] and "mug.png" in words(listed.text)
    path = f"/texts/{made.id}"
    page = asha.get(path)
    assert pictures(page.text) == ["/files/1/small"] and field(page.text, "media_id") == "1"
    held = asha.get("/files").text
    assert f'href="{path}"' in held and "goes with a stored text" in words(held) and "still to go" not in held
    assert "A stored text carries this file" in words(asha.post("/files/1/delete").text)
    same = {**WORDS, "media_id": "1", "version": "1"}
    assert save(asha, path, None, **same).status_code == 303 and every(shop) == [made]
    save(asha, path, None, **same, as_document="1")
    assert every(shop)[0].media_kind == "document"
    assert field(asha.get(path).text, "as_document") == "ticked"
    save(asha, path, pdf(), "bill.pdf", **{**same, "version": "2"})
    assert every(shop)[0].media_id == 2
    freed = save(asha, path, None, **{**same, "media_id": "2", "version": "3"}, without_file="1")
    assert freed.status_code == 303 and every(shop)[0].media_id is None
    assert asha.post("/files/2/delete").status_code == 303


def test_a_text_may_be_a_file_alone(shop: Stage, asha: Tab) -> None:
    fields = {**WORDS, "message": " "}
    assert save(asha, "/texts", pdf(), "list.pdf", **fields).status_code == 303
    assert (every(shop)[0].message, every(shop)[0].media_kind) == ("", "document")
    freed = {**fields, "media_id": "1", "without_file": "1"}
    refused = save(asha, f"/texts/{every(shop)[0].id}", None, **freed)
    assert refused.status_code == 422 and "message is empty" in words(refused.text)


def test_what_is_wrong_is_said_and_the_file_stays_in_the_form(shop: Stage, asha: Tab) -> None:
    for data, name, message, said in (
        (PICTURE, "mug.png", "x" * 1_025, "1,024"),
        (mp3(), "song.mp3", "Listen", "no text with sound"),
        (PICTURE, "mug.png", "Hi {", "At position"),
    ):
        answer = save(asha, "/texts", data, name, **{**WORDS, "message": message})
        assert answer.status_code == 422 and said in words(answer.text), said
        assert field(answer.text, "media_id") and name in words(answer.text)
    program = save(asha, "/texts", BAD["program.png"][0], "a.png", **WORDS)
    assert program.status_code == 422 and "program" in words(program.text)
    gone = save(asha, "/texts", None, **WORDS, media_id="99")
    assert gone.status_code == 422 and "gone meanwhile" in words(gone.text)
    assert every(shop) == []


def test_nobody_puts_anothers_file_into_a_text(shop: Stage, asha: Tab, bilal: Tab) -> None:
    kept(asha)
    assert save(bilal, "/texts", None, **WORDS, media_id="1").status_code == 422
    made = add(shop)
    assert save(bilal, f"/texts/{made.id}", PICTURE, **WORDS).status_code == 404
    assert shop.value("select count(*) from media") == 1, "nothing was kept for a text that is not there"


def test_sound_stays_a_song_when_its_text_is_saved_again(shop: Stage, asha: Tab) -> None:
    kept(asha, opus(), "note.ogg")
    made = add(shop, "", "audio")
    fields = {**WORDS, "name": "Song", "message": "", "media_id": "1"}
    assert save(asha, f"/texts/{made.id}", None, **fields).status_code == 303
    assert (every(shop)[0].name, every(shop)[0].media_kind) == ("Song", "audio")


@pytest.mark.parametrize("path", ["/", TALK, "/campaigns/new"])
def test_a_chosen_text_brings_its_file_without_a_script(shop: Stage, asha: Tab, work: Work, path: str) -> None:
    kept(asha)
    made = add(shop, kind="document")
    assert "Mug, with a file" in words(asha.get(path).text)
    page = asha.get(f"{path}?text={made.id}").text
    assert pictures(page) == ["/files/1/small"] and field(page, "as_document") == "ticked"
    if path == "/":
        sent = send(asha, message="Your mug", media_id=field(page, "media_id") or "", as_document="1")
        assert sent.status_code == 303
        assert (latest(shop)["media_id"], latest(shop)["media_kind"]) == (1, "document")


def test_the_list_that_a_slash_opens_tells_of_the_file(shop: Stage, asha: Tab, bilal: Tab) -> None:
    kept(asha)
    made = add(shop)
    found = asha.get(f"/texts/pick?id={made.id}")
    (option,) = [given for tag, given in tags(found.text) if given.get("role") == "option"]
    assert (option["data-media"], option["data-document"]) == ("1", "")
    assert "mug.png" in words(found.text) and field(found.text, "media_id") == "1"
    assert "mug" not in bilal.get(f"/texts/pick?id={made.id}").text
    shop.box.db.write_now(lambda tx: tx.run("update media set removed_at = created_at"))
    (option,) = [
        given for _, given in tags(asha.get(f"/texts/pick?id={made.id}").text) if given.get("role") == "option"
    ]
    assert option["data-media"] == ""
    assert "no longer here" in words(asha.get("/texts").text)


def test_the_preview_is_of_a_caption(shop: Stage, asha: Tab) -> None:
    kept(asha)
    long = {**WORDS, "message": "x" * 1_025}
    assert "1,024" not in words(asha.post("/texts/preview", long).text)
    assert "1,024" in words(asha.post("/texts/preview", {**long, "media_id": "1"}).text)


def test_files_do_not_travel_with_texts_and_that_is_said(shop: Stage, asha: Tab, bilal: Tab) -> None:
    said = "names the files that go with texts, but does not hold them"
    assert said not in words(asha.get("/texts").text)
    assert "a new one comes without" in words(asha.get("/texts").text)
    kept(asha)
    add(shop)
    assert said in words(asha.get("/texts").text)
    exported = asha.get("/texts/export.json")
    assert exported.json()["texts"][0]["file"] == "mug.png"
    answer = put(bilal, "/texts/import", exported.content, "texts.json")
    assert answer.headers["location"] == "/texts?said=texts_bare"
    assert "their files are not in it" in words(bilal.get(answer.headers["location"]).text)
    same = put(asha, "/texts/import", exported.content, "texts.json", replace="1")
    assert same.headers["location"] == "/texts?said=texts_same" and every(shop)[0].media_id == 1
    assert shop.box.db.read_here(media.of_user, shop.asha.id, 1).filename == "mug.png"
