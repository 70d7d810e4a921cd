"""Files that people send, on pages: what each is called, its states in words, its button, and who may press it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, tags, words
from tests.files import opus, pdf
from tests.pictures import drawn
from wabox.campaigns import replies
from wabox.config import Media
from wabox.contacts import inbox_files
from wabox.db import Tx
from wabox.engine.fetching import Fetching
from wabox.whatsapp.driver import Attached, Downloaded, Inbound

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]
RINA = "8801711300001"
TYPES = {"voice": "ptt"}


def hears(shop: Stage, media: Attached | None, text: str = "", kind: str = "") -> int:
    """Rina writes to asha; the id of her message."""
    now = shop.hands.now()
    known = TYPES.get(media.kind, media.kind) if media else "chat"

    def verb(tx: Tx) -> int:
        count = tx.value("select count(*) from inbox")
        who = (f"{RINA}@c.us", RINA, "Rina")
        event = Inbound(shop.asha.device_id, 1, f"3A{count}", *who, text, kind or known, now, media=media)
        replies.hear(tx, event, now=now)
        found: int = tx.value("select max(id) from inbox")
        return found

    return shop.box.db.write_now(verb)


def comes(shop: Stage, inbox_id: int, content: bytes) -> None:
    """It was asked for, and the phone has fetched this."""
    shop.box.db.write_now(inbox_files.ask, shop.asha.id, inbox_id, shop.box.config.media, now=shop.hands.now())
    shop.box.db.write_now(lambda tx: tx.run("update devices set state = 'ready', synced = 1"))

    class Phone:
        def download(self, device_id: int, chat_id: str, message_id: str, into: Any, most: int) -> Downloaded:
            into.write_bytes(content)
            return Downloaded("here", len(content))

    Fetching(shop.box, Phone()).turn(shop.asha.device_id)  # type: ignore[arg-type]


def talk(tab: Tab) -> str:
    return tab.get(f"/inbox/{RINA}").text


@pytest.mark.parametrize(
    ("media", "kind", "said"),
    [
        (Attached("image", "image/jpeg", None, 120_000), "", ["Picture", "120 kB"]),
        (Attached("voice", "audio/ogg", None, 9_000, 12.2), "", ["Voice note 0:12", "9 kB"]),
        (Attached("document", None, "order.pdf", 2_400_000), "", ["Document", "order.pdf", "2.4 MB"]),
        (Attached("video", None, None, None, 75), "", ["Video 1:15"]),
        (None, "sticker", ["Sticker"]),
        (None, "location", ["Location"]),
        (None, "vcard", ["Contact card"]),
        (None, "interactive", ["Message with buttons, or an answer to one"]),
    ],
    ids=["picture", "voice", "document", "video", "sticker", "location", "card", "buttons"],
)
def test_what_came_without_words_is_called_by_what_it_is(
    shop: Stage, asha: Tab, media: Attached | None, kind: str, said: list[str]
) -> None:
    hears(shop, media, kind=kind)
    page = words(talk(asha))
    for one in said:
        assert one in page, one
    assert f"[{kind or 'image'}]" not in page
    assert said[0].split(" 0:")[0].split(" 1:")[0] in words(asha.get("/inbox").text)
    assert ("Fetch" in page) == (media is not None)


def test_a_picture_is_fetched_by_its_button_and_shown_small(shop: Stage, asha: Tab) -> None:
    one = hears(shop, Attached("image", "image/png", None, 900), "is this there?")
    answer = asha.post(f"/inbox/files/{one}")
    assert answer.headers["location"] == f"/inbox/{RINA}?said=file_asked"
    page = words(talk(asha))
    assert "It is being fetched" in page and "Fetch" not in page.replace("being fetched", "")
    shop.box.db.write_now(lambda tx: tx.run("update inbox_files set asked_at = null"))
    comes(shop, one, drawn("png", 64, 48))
    shown = talk(asha)
    assert [given["src"] for tag, given in tags(shown) if tag == "img"][1:] == ["/files/1/small"]
    assert "is this there?" in words(shown) and "Ask again" not in shown


def test_a_voice_note_is_played_from_our_own_address_and_a_document_is_only_saved(shop: Stage, asha: Tab) -> None:
    comes(shop, hears(shop, Attached("voice", "text/html", None, 304, 2)), opus())
    comes(shop, hears(shop, Attached("document", "text/html", "a.pdf", 9)), pdf())
    page = talk(asha)
    assert [given["src"] for tag, given in tags(page) if tag == "audio"] == ["/files/1/content"]
    assert not [tag for tag, _ in tags(page) if tag in ("iframe", "embed", "object", "video")]
    for number, mime in ((1, "audio/ogg"), (2, "application/pdf")):
        given = asha.get(f"/files/{number}/content").headers
        assert given["content-type"].startswith(mime)
        assert given["content-disposition"].startswith("attachment")
        assert given["x-content-type-options"] == "nosniff"
        assert given["content-security-policy"] == "sandbox; default-src 'none'"
    assert "media-src 'self'" in asha.get(f"/inbox/{RINA}").headers["content-security-policy"]


def test_the_same_bytes_are_called_as_each_writer_calls_them(shop: Stage, asha: Tab) -> None:
    comes(shop, hears(shop, Attached("document", None, "first.pdf", 9)), pdf())
    comes(shop, hears(shop, Attached("document", None, "second.pdf", 9)), pdf())
    page = words(talk(asha))
    assert "first.pdf" in page and "second.pdf" in page


@pytest.mark.parametrize(
    ("state", "reason", "said", "button"),
    [
        ("expired", "expired", "WhatsApp does not have it any more", "Ask again"),
        ("too_large", "too_large", "Larger than this box keeps", None),
        ("refused", "bad_file", "Not kept: it could harm", None),
        ("failed", "no_answer", "It did not come", "Ask again"),
        ("failed", "missing", "does not find this message", "Ask again"),
        ("failed", "media_full", "fill all of their room", "Ask again"),
        ("failed", "storage_full", "disk of the box is full", "Ask again"),
    ],
)
def test_each_state_is_said_in_words(
    shop: Stage, asha: Tab, state: str, reason: str, said: str, button: str | None
) -> None:
    hears(shop, Attached("document", None, "order.pdf", 70_000_000 if state == "too_large" else 900))
    shop.box.db.write_now(lambda tx: tx.run("update inbox_files set state = :s, reason = :r", s=state, r=reason))
    page = words(talk(asha))
    assert said in page
    assert ("Ask again" in page) == (button is not None)


def test_a_name_made_to_hurt_stays_a_name(shop: Stage, asha: Tab) -> None:
    hears(shop, Attached("document", None, "<script>alert(1)</script>.pdf", 900))
    page = talk(asha)
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_what_cannot_come_is_refused_in_words_and_nobody_presses_anothers_button(
    shop: Stage, asha: Tab, bilal: Tab, chen: Tab
) -> None:
    one = hears(shop, Attached("document", None, "order.pdf", 900))
    assert bilal.post(f"/inbox/files/{one}").status_code == 404
    assert chen.post(f"/inbox/files/{one}").status_code in (303, 403)
    assert shop.value("select count(*) from inbox_files where asked_at is not null") == 0
    shop.box.db.write_now(lambda tx: tx.run("update inbox_files set bytes = 900000000"))
    answer = asha.post(f"/inbox/files/{one}")
    assert answer.status_code == 422 and "larger than this box keeps" in words(answer.text)


def test_a_box_that_fetches_nothing_offers_no_button(shop: Stage, asha: Tab) -> None:
    hears(shop, Attached("document", None, "order.pdf", 900))
    settings: Media = replace(shop.box.config.media, inbound="off")
    object.__setattr__(shop.box.config, "media", settings)
    assert "order.pdf" in words(talk(asha)) and "Fetch" not in words(talk(asha))


def test_a_file_that_was_deleted_says_so_and_may_be_asked_for_again(shop: Stage, asha: Tab) -> None:
    comes(shop, hears(shop, Attached("document", None, "order.pdf", 900)), pdf())
    assert "order.pdf" in words(asha.get("/files").text)
    assert asha.post("/files/1/delete").headers["location"] == "/files?said=file_deleted"
    page = words(talk(asha))
    assert "No longer here" in page and "Ask again" in page


def test_in_bengali_its_length_has_bengali_digits(shop: Stage, asha: Tab) -> None:
    hears(shop, Attached("voice", None, None, 9_000, 12))
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    assert "০:১২" in words(talk(asha))
