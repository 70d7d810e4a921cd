"""Files on pages: the room, a message and a reply with one, a campaign with one, and what a stranger could try."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from tests.cast import Stage, settings
from tests.faces.scene import SECTIONS
from tests.faces.tab import Tab, tags, words
from tests.faces.work import Work
from tests.files import BAD, mp3, pdf
from tests.nouns.test_pictures import noted
from tests.pictures import drawn
from wabox import config
from wabox.content import reviews, rules
from wabox.db import Tx
from wabox.media import kinds

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]
PICTURE = drawn("png", 640, 480)


def put(tab: Tab, path: str, data: bytes | None, name: str = "mug.png", /, **fields: str) -> Response:
    """A form with a file in it, as a browser sends it; without data as one where none was chosen."""
    files = {"file": (name if data is not None else "", data or b"", "application/octet-stream")}
    return tab.ask("POST", path, data={"_csrf": tab.csrf, **fields}, files=files)


def kept(tab: Tab, data: bytes = PICTURE, name: str = "mug.png") -> None:
    assert put(tab, "/files", data, name).headers["location"] == "/files?said=file_kept"


def left(shop: Stage) -> list[Path]:
    return [one for one in shop.box.media.rglob("*") if one.is_file()]


def pictures(page: str) -> list[str | None]:
    return [given["src"] for tag, given in tags(page) if tag == "img" and "/files/" in (given["src"] or "")]


def test_a_file_is_uploaded_shown_and_deleted(shop: Stage, asha: Tab) -> None:
    assert "No files yet" in asha.get("/files").text
    kept(asha, noted("jpg", 6), "home.jpg")
    page = asha.get("/files")
    assert pictures(page.text) == ["/files/1/small"]
    for word in ("home.jpg", "Picture", "1 file", "place and camera taken out", "kept until"):
        assert word in words(page.text), word
    assert put(asha, "/files", noted("jpg", 6), "home.jpg").headers["location"] == "/files?said=file_known"
    assert asha.post("/files/1/delete").headers["location"] == "/files?said=file_deleted"
    assert left(shop) == [] and asha.get("/files/1/content").status_code == 404


def test_small_picture_is_drawn_by_wabox_and_the_file_itself_is_only_saved(shop: Stage, asha: Tab) -> None:
    kept(asha)
    small = asha.get("/files/1/small")
    assert small.headers["content-type"] == "image/webp" and small.content[:4] == b"RIFF"
    assert small.headers["content-disposition"].startswith("inline")
    whole = asha.get("/files/1/content")
    assert whole.content == PICTURE and whole.headers["content-disposition"].startswith("attachment")
    for answer in (small, whole):
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
    kept(asha, pdf(), "bill.pdf")
    assert asha.get("/files/2/small").status_code == 404 and pictures(asha.get("/files").text) == [
        "/files/1/small"
    ]


def test_another_users_files_are_not_there(asha: Tab, bilal: Tab, chen: Tab) -> None:
    kept(asha)
    for path in ("/files/1/content", "/files/1/small"):
        assert bilal.get(path).status_code == 404
        assert chen.get(path).status_code == 303
    assert bilal.post("/files/1/delete").status_code == 404
    assert "mug" not in bilal.get("/files").text
    assert bilal.get("/?media=1").text.count("mug") == 0
    sent = bilal.post("/send", {"phone": "01711000001", "message": "Hi", "media_id": "1", "ticket": "x"})
    assert sent.status_code == 422 and "gone meanwhile" in sent.text
    assert put(chen, "/files", PICTURE).status_code in (303, 403)


@pytest.mark.parametrize("name", ["program.png", "page behind.png", "cut.png"])
def test_what_is_not_sent_is_told_in_words_and_leaves_nothing(shop: Stage, asha: Tab, name: str) -> None:
    data, why = BAD[name]
    for path in ("/files", "/send"):
        answer = put(asha, path, data, name, phone="01711000001", message="Hi", ticket="t")
        assert answer.status_code == 422 and why in words(answer.text), path
    assert left(shop) == [] and shop.value("select count(*) from media") == 0


def test_no_file_chosen_is_told(asha: Tab) -> None:
    assert "Choose a file first" in put(asha, "/files", None).text


def send(tab: Tab, data: bytes | None = None, name: str = "mug.png", **fields: str) -> Response:
    given = {"phone": "01711000001", "message": "", "device_label": "primary", "ticket": "one", **fields}
    return put(tab, "/send", data, name, **given)


def latest(shop: Stage) -> Any:
    return shop.box.db.read_here(lambda rows: rows.one("select * from messages order by id desc limit 1"))


def test_a_message_goes_with_a_file_and_its_page_shows_it(shop: Stage, asha: Tab) -> None:
    answer = send(asha, PICTURE, message="Your mug")
    assert answer.status_code == 303, words(answer.text)
    row = latest(shop)
    assert (row["text"], row["media_id"], row["media_kind"]) == ("Your mug", 1, "image")
    page = asha.get(f"/messages/{row['id']}")
    assert pictures(page.text) == ["/files/1/small"] and "mug.png" in page.text and "Your mug" in page.text
    assert "mug.png" in asha.get("/messages").text
    held = words(asha.get("/files").text)
    assert "in 1 message" in held and "still to go" in held
    assert "needs this file" in asha.post("/files/1/delete").text


def test_pressed_twice_one_goes_and_without_a_word_too(shop: Stage, asha: Tab) -> None:
    before = shop.value("select count(*) from messages")
    first, second = send(asha, PICTURE), send(asha, PICTURE)
    assert first.headers["location"].split("?")[0] == second.headers["location"].split("?")[0]
    assert shop.value("select count(*) from messages") == before + 1 and latest(shop)["text"] == ""


def test_when_something_else_is_wrong_the_file_stays_in_the_form(shop: Stage, asha: Tab) -> None:
    wrong = send(asha, PICTURE, message="{nmae}")
    assert wrong.status_code == 422
    assert ("input", "1") in [(tag, given.get("value")) for tag, given in tags(wrong.text)]
    assert pictures(wrong.text) == ["/files/1/small"]
    again = send(asha, message="Hi", media_id="1", as_document="1")
    assert again.status_code == 303 and latest(shop)["media_kind"] == "document"
    alone = send(asha, message="Hi", media_id="1", without_file="1", ticket="two")
    assert alone.status_code == 303 and latest(shop)["media_id"] is None


def test_a_form_without_files_is_taken_as_before(shop: Stage, asha: Tab) -> None:
    fields = {"phone": "01711000001", "message": "Hi", "ticket": "three"}
    assert asha.post("/send", fields).status_code == 303 and latest(shop)["text"] == "Hi"
    assert send(asha, ticket="four").status_code == 422


def test_sound_takes_no_text(asha: Tab) -> None:
    answer = send(asha, mp3(), "song.mp3", message="Listen")
    assert answer.status_code == 422 and "no text with sound" in words(answer.text)
    assert send(asha, media_id="1").status_code == 303


def test_a_reply_goes_with_a_file_and_the_talk_shows_it(shop: Stage, asha: Tab, work: Work) -> None:
    talk = "/inbox/8801711300001"
    answer = put(asha, talk, pdf(), "bill.pdf", message="", ticket="r")
    assert answer.status_code == 303, words(answer.text)
    row = latest(shop)
    assert (row["phone"], row["media_kind"]) == ("8801711300001", "document")
    assert "bill.pdf" in asha.get(talk).text
    refused = put(asha, talk, BAD["program.png"][0], "a.png", message="Hi", ticket="s")
    assert refused.status_code == 422 and "program" in refused.text


def test_a_campaign_carries_a_file_from_the_composer_to_its_page(shop: Stage, asha: Tab, work: Work) -> None:
    kept(asha)
    composer = asha.get("/campaigns/new?media=1")
    assert pictures(composer.text) == ["/files/1/small"]
    fields = {
        "name": "Mugs",
        "message": "Hi {name:friend}",
        "audience": "everybody",
        "media_id": "1",
        "ticket": "c",
    }
    review = asha.post("/campaigns/new/review", fields)
    assert review.status_code == 200 and pictures(review.text) == ["/files/1/small"]
    shown = next(given["value"] for tag, given in tags(review.text) if given.get("name") == "shown")
    answer = asha.post("/campaigns", {**fields, "shown": shown or ""})
    assert answer.status_code == 303, words(answer.text)
    page = asha.get(answer.headers["location"])
    assert pictures(page.text) == ["/files/1/small"]
    assert shop.value("select media_kind from campaigns order by id desc limit 1") == "image"
    assert "Mugs" in asha.get("/files").text
    like = asha.get(
        answer.headers["location"]
        .replace("?said=campaign_made", "")
        .replace("/campaigns/", "/campaigns/new?like=")
    )
    assert pictures(like.text) == ["/files/1/small"]


def test_a_campaign_says_what_is_wrong_with_its_file(asha: Tab, work: Work) -> None:
    fields = {"name": "Mugs", "message": "x" * 1_025, "audience": "everybody", "ticket": "c"}
    gone = asha.post("/campaigns/new/review", {**fields, "media_id": "9"})
    assert gone.status_code == 422 and "gone meanwhile" in gone.text
    kept(asha)
    long = asha.post("/campaigns/new/review", {**fields, "media_id": "1"})
    assert long.status_code == 422 and "1,024" in long.text
    bare = asha.post("/campaigns/new/review", {**fields, "message": "", "media_id": "1"})
    assert bare.status_code == 200


def test_a_campaign_is_not_looked_over_with_a_file_that_is_too_large(
    asha: Tab, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(asha)
    fields = {"name": "April", "message": "Hi", "audience": "everybody", "media_id": "1"}
    monkeypatch.setitem(kinds.MOST_OF, "image", 10)
    review = asha.post("/campaigns/new/review", fields)
    assert review.status_code == 422 and "or send it as a document" in words(review.text)
    assert "or send it as a document" in words(asha.post("/campaigns/new/look", fields).text)
    assert asha.post("/campaigns/new/review", {**fields, "as_document": "1"}).status_code == 200


def test_a_campaigns_file_may_be_chosen_while_it_is_written(shop: Stage, asha: Tab, work: Work) -> None:
    draft = {"name": "Fair", "message": "Come by", "audience": "everybody", "phones": "all", "when": "now"}
    page = asha.get("/campaigns/new").text
    assert 'formenctype="multipart/form-data"' in page and 'name="file"' in page
    review = put(asha, "/campaigns/new/review", PICTURE, "stall.png", **draft)
    assert review.status_code == 200 and "stall.png" in words(review.text)
    media_id = shop.value("select id from media where filename = 'stall.png'")
    assert f'name="media_id" value="{media_id}"' in re.sub(r"\s+", " ", review.text)
    again = put(asha, "/campaigns/new/review", None, **draft, media_id=str(media_id))
    assert again.status_code == 200 and "stall.png" in words(again.text)
    wrong = put(asha, "/campaigns/new/review", PICTURE, "stall.png", **{**draft, "name": ""})
    assert wrong.status_code == 422 and f'value="{media_id}" selected' in re.sub(r"\s+", " ", wrong.text)


def test_a_file_that_is_here_is_called_as_the_form_that_brings_it_does(shop: Stage, asha: Tab, work: Work) -> None:
    kept(asha, pdf(), "bill-1001.pdf")
    assert send(asha, pdf(), "bill-1002.pdf", ticket="n").status_code == 303
    assert latest(shop)["media_name"] == "bill-1002.pdf"
    row = latest(shop)["id"]
    assert "bill-1002.pdf" in asha.get("/messages").text and "bill-1002.pdf" in asha.get(f"/messages/{row}").text
    wrong = send(asha, pdf(), "bill-1003.pdf", message="{nmae}", ticket="w")
    assert ("input", "1 bill-1003.pdf") in [(tag, given.get("value")) for tag, given in tags(wrong.text)]
    assert send(asha, media_id="1 ../x\u202egpj.exe", ticket="x").status_code == 303
    assert latest(shop)["media_name"] == "xgpj.exe.pdf"
    draft = {"name": "April", "message": "Hi", "audience": "everybody"}
    review = put(asha, "/campaigns/new/review", pdf(), "april.pdf", **draft)
    assert "april.pdf" in words(review.text)
    inputs = [one for tag, one in tags(review.text) if tag == "input" and one.get("name")]
    given = {str(one["name"]): one.get("value") or "" for one in inputs}
    assert given["media_id"] == "1 april.pdf"
    assert asha.post("/campaigns", given).status_code == 303
    assert shop.value("select media_name from campaigns order by id desc limit 1") == "april.pdf"


def test_a_campaigns_file_that_is_not_sent_is_told_in_the_composer(shop: Stage, asha: Tab, work: Work) -> None:
    draft = {"name": "Fair", "message": "Come by", "audience": "everybody"}
    before = left(shop)
    answer = put(asha, "/campaigns/new/review", b"MZ" + bytes(99), "stall.png", **draft)
    assert answer.status_code == 422 and 'id="file-error"' in answer.text
    assert "Come by" in answer.text and left(shop) == before
    assert asha.post("/campaigns/new/look", {**draft, "file": "[object File]"}).status_code == 200


@pytest.mark.parametrize("path", ["/files", "/send", "/campaigns/new/review"])
def test_sound_that_cannot_become_a_voice_note_is_told_and_not_kept(
    shop: Stage, asha: Tab, work: Work, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    before = left(shop)
    fields = {"phone": "8801711000001", "name": "Fair", "audience": "everybody", "voice": "1"}
    answer = put(asha, path, mp3(), "song.mp3", **fields)
    assert answer.status_code == 422 and "A voice note must be Ogg/Opus" in words(answer.text)
    assert left(shop) == before and shop.value("select count(*) from media where filename = 'song.mp3'") == 0


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg: sudo apt-get install ffmpeg")
def test_sound_goes_as_a_voice_note_where_the_box_is_ticked(shop: Stage, asha: Tab) -> None:
    assert 'name="voice"' in asha.get("/").text and 'name="voice"' in asha.get("/files").text
    sent = put(asha, "/send", mp3(200), "song.mp3", phone="8801711000001", message="", voice="1")
    assert sent.status_code == 303, words(sent.text)
    assert shop.value("select media_kind from messages order by id desc limit 1") == "voice"


def test_a_file_that_is_gone_is_said_where_it_was(shop: Stage, asha: Tab) -> None:
    send(asha, PICTURE, message="Your mug")
    row = latest(shop)
    assert asha.post(f"/messages/{row['id']}/cancel").status_code == 303
    assert asha.post("/files/1/delete").status_code == 303
    page = asha.get(f"/messages/{row['id']}")
    assert "no longer here" in page.text and pictures(page.text) == []


def test_who_is_erased_takes_along_what_only_they_got(shop: Stage, asha: Tab, work: Work) -> None:
    jamal = work.contacts[6]
    for number, (data, phone) in enumerate(
        [(PICTURE, "8801711300006"), (pdf(), "8801711300006"), (pdf(), "01711000009")]
    ):
        assert send(asha, data, f"{number}.png", phone=phone, ticket=f"e{number}", keep="1").status_code == 303
    asha.post(f"/contacts/{jamal}/erase")
    assert shop.value("select group_concat(id) from media") == "2"
    assert [one.name for one in left(shop)] == [shop.value("select stored_sha256 from media")]


def test_whoever_runs_the_box_sees_what_a_rule_held(shop: Stage, asha: Tab, bilal: Tab) -> None:
    def verb(tx: Tx) -> None:
        draft = rules.Draft(kind="word", text="loan", action="hold", reason="Loans.")
        rules.add(tx, draft, by=rules.Actor(shop.asha.id, "127.0.0.1"), now=shop.hands.now())
        reviews.switch(tx, enabled=True, now=shop.hands.now())

    others = {**SECTIONS, "accounts": {"registration": "open"}}
    object.__setattr__(shop.box, "config", config.parse(settings(**others), base=shop.box.config.data.dir.parent))
    shop.box.db.write_now(verb)
    assert send(bilal, PICTURE, "loan.png", keep="1").status_code == 303
    page = asha.get("/admin/filter/reviews")
    review_id = shop.value("select id from reviews")
    where = f"/admin/filter/reviews/{review_id}/picture"
    assert "loan.png" in page.text and where in page.text
    assert asha.get(where).headers["content-type"] == "image/webp"
    assert bilal.get(where).status_code == 404 and asha.get("/files/1/content").status_code == 404
    asha.post(f"/admin/filter/reviews/{review_id}/yes")
    assert asha.get(where).status_code == 404
