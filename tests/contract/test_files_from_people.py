"""What people send is told with its claims and fetched byte for byte; with a real Chromium and without."""

from __future__ import annotations

import base64
import hashlib
import random
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from tests.contract.test_bad_days import wait_until
from tests.contract.test_driver import Shop, chat_with, new_id
from tests.contract.test_files import PNG
from tests.contract.worlds import QUICK, ChromiumWorld, World, once_there
from wabox.whatsapp.driver import Attached, Downloaded, Inbound, Quoted, SentPoll, Withdrawn
from wabox.whatsapp.session import MOST_DOWNLOADS_HUNG

MEGABYTE = 1024 * 1024


def hear(world: World, shop: Shop, attached: Attached, content: bytes, text: str = "") -> Inbound:
    """A person sends this file, and the driver tells of it."""
    (spec, phone), person, mark = shop, world.new_phone(), world.diary.mark()
    world.write_file(spec.device_id, phone, person, text, attached, content)
    return world.diary.wait(Inbound, lambda one: one.phone == person, mark)


def fetch(world: World, shop: Shop, told: Inbound, into: Path, most: int = MEGABYTE) -> Downloaded:
    return once_there(
        world, shop, lambda: world.driver.download(shop[0].device_id, told.chat_id, told.message_id, into, most)
    )


@pytest.mark.parametrize(
    ("attached", "content", "kind"),
    [
        (Attached("image", "image/png", None, len(PNG)), PNG, "image"),
        (Attached("document", "application/pdf", "অর্ডার.pdf", 9), b"%PDF-1.4\n", "document"),
        (Attached("voice", "audio/ogg; codecs=opus", None, 304), b"OggS" + b"\x00" * 300, "ptt"),
    ],
    ids=["image", "document", "voice"],
)
def test_a_file_that_a_person_sends_is_told_and_fetched_whole(
    world: World, shop: Shop, tmp_path: Path, attached: Attached, content: bytes, kind: str
) -> None:
    caption = "" if kind == "ptt" else "is this in stock?"
    told = hear(world, shop, attached, content, caption)
    assert (told.kind, told.text, told.media) == (kind, caption, attached)
    into = tmp_path / "incoming"
    for _ in range(2):
        assert fetch(world, shop, told, into) == Downloaded("here", len(content))
        assert into.read_bytes() == content


def test_a_large_file_is_fetched_whole_after_the_page_was_away(world: World, shop: Shop, tmp_path: Path) -> None:
    content = random.Random(7).randbytes(3 * MEGABYTE)
    told = hear(world, shop, Attached("document", "application/zip", "all.zip", len(content)), content)
    mark = world.diary.mark()
    fresh = world.restart(shop[0])
    world.synced(fresh.device_id, mark)
    into = tmp_path / "incoming"
    assert fetch(world, shop, told, into, 4 * MEGABYTE) == Downloaded("here", len(content))
    assert hashlib.sha256(into.read_bytes()).digest() == hashlib.sha256(content).digest()


def test_more_than_was_wanted_is_not_fetched(world: World, shop: Shop, tmp_path: Path) -> None:
    told = hear(world, shop, Attached("document", "application/pdf", "a.pdf", 900), b"x" * 900)
    assert fetch(world, shop, told, tmp_path / "incoming", 899) == Downloaded("too_large", 900)
    assert list(tmp_path.iterdir()) == []


def test_what_whatsapp_has_no_more_is_expired(world: World, shop: Shop, tmp_path: Path) -> None:
    told = hear(world, shop, Attached("document", "application/pdf", "b.pdf", 5), b"abcde")
    world.weather(media_expired=True)
    assert fetch(world, shop, told, tmp_path / "incoming").outcome == "expired"
    assert list(tmp_path.iterdir()) == []


def test_a_text_has_no_file_and_an_unknown_message_none_either(world: World, shop: Shop, tmp_path: Path) -> None:
    (spec, phone), person, mark = shop, world.new_phone(), world.diary.mark()
    world.write(spec.device_id, phone, person, "hello")
    told = world.diary.wait(Inbound, lambda one: one.phone == person, mark)
    assert told.media is None
    for message_id in (told.message_id, new_id()):
        found = world.driver.download(spec.device_id, told.chat_id, message_id, tmp_path / "incoming", MEGABYTE)
        assert found.outcome == "missing"


def test_a_file_that_never_comes_ends_in_time_and_texts_go(sky: ChromiumWorld, calm: Shop, tmp_path: Path) -> None:
    told = hear(sky, calm, Attached("document", "application/pdf", "c.pdf", 5), b"abcde")
    sky.weather(media_expired="hang")
    assert fetch(sky, calm, told, tmp_path / "incoming", 1).outcome == "too_large"
    for _ in range(3):
        begins = monotonic()
        found = fetch(sky, calm, told, tmp_path / "incoming", 64 * MEGABYTE)
        assert (found.outcome, found.reason) == ("failed", "timeout")
        assert monotonic() - begins < 2 * QUICK.download
    handed = sky.driver.hand_over(calm[0].device_id, chat_with(sky, calm), new_id(), "hello")
    assert handed.outcome == "acked"


def test_files_that_hang_leave_the_page_lines_enough_for_those_that_come(
    sky: ChromiumWorld, calm: Shop, tmp_path: Path
) -> None:
    told = hear(sky, calm, Attached("document", "application/pdf", "d.pdf", 5), b"abcde")
    sky.weather(media_expired="hang")
    for _ in range(MOST_DOWNLOADS_HUNG + 3):
        assert fetch(sky, calm, told, tmp_path / "incoming").reason == "timeout"
    sky.calm()
    assert fetch(sky, calm, told, tmp_path / "incoming").outcome == "here"


def test_what_the_page_offers_unasked_is_not_kept(sky: ChromiumWorld, calm: Shop, tmp_path: Path) -> None:
    offered = """() => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob(['x'.repeat(1000)]));
      link.download = 'trap';
      link.click();
      return new Promise((resolve) => setTimeout(resolve, 500));
    }"""
    sky.gateway.examine(calm[0].device_id, lambda page: page.run(offered, None, 5), 6)
    place = sky.gateway._temporary.path
    wait_until(lambda: not [one for one in place.rglob("*") if one.is_file() and one.stat().st_size == 1000])
    told = hear(sky, calm, Attached("image", "image/png", None, len(PNG)), PNG)
    assert fetch(sky, calm, told, tmp_path / "incoming").outcome == "here"


def test_stickers_video_notes_polls_and_what_is_seen_once_are_told_as_that(sky: ChromiumWorld, calm: Shop) -> None:
    """A sticker is a picture to fetch, a poll says what it asks, and what is seen once has no file here."""
    phone = calm[1]
    media = {"base64": base64.b64encode(PNG).decode(), "mime": "image/png"}
    sent: list[tuple[dict[str, object], tuple[str, str, str | None]]] = [
        ({"kind": "sticker", "media": media}, ("sticker", "", "image")),
        ({"kind": "ptv", "media": media}, ("ptv", "", "video")),
        ({"media": {**media, "once": True}}, ("view_once", "", None)),
        ({"options": ["At six", "Never"], "text": "When?"}, ("poll_creation", "When?", None)),
        ({"media": {"base64": "R0lG", "mime": "video/mp4", "gif": True}}, ("gif", "", "video")),
        ({"location": {"latitude": 1, "longitude": 2, "live": True}}, ("live_location", "", None)),
    ]
    heard = []
    for given, _ in sent:
        person, mark = sky.new_phone(), sky.diary.mark()
        sky.post("/sandbox/inbound", **{"from": person, "to": phone, **given})
        told = sky.diary.wait(Inbound, partial(_from, person), mark)
        heard.append((told.kind, told.text, told.media.kind if told.media else None))
    assert heard == [wanted for _, wanted in sent]
    (poll,) = [one.poll for one in sky.diary.all(Inbound) if one.kind == "poll_creation"]
    assert poll == SentPoll(("At six", "Never"))


def test_a_reply_tells_what_it_quotes_and_what_is_deleted_is_told(sky: ChromiumWorld) -> None:
    """At once and, of who deleted it while the page was away, afterwards."""
    spec, phone = sky.linked()
    person, ours = sky.new_phone(), new_id()
    chat = sky.driver.resolve(spec.device_id, person).chat_id or ""
    sky.driver.hand_over(spec.device_id, chat, ours, "Our prices")
    where = {"from": person, "to": phone}

    def say(text: str, **more: object) -> Inbound:
        mark = sky.diary.mark()
        sky.post("/sandbox/inbound", **where, text=text, **more)
        return sky.diary.wait(Inbound, lambda one: one.text == text, mark)

    media = {"base64": base64.b64encode(PNG).decode(), "mime": "image/png"}
    picture = say("this one?", media=media)
    assert say("thank you", quote=ours).quoted == Quoted(ours, own=True, kind="chat", text="Our prices")
    last = say("or that?", quote=picture.message_id)
    assert last.quoted == Quoted(picture.message_id, own=False, kind="image", text="this one?")
    mark = sky.diary.mark()
    sky.post("/sandbox/revoke", **where)
    told = sky.diary.wait(Withdrawn, lambda one: one.message_id == last.message_id, mark)
    assert told.chat_id == last.chat_id
    mark = sky.diary.mark()
    sky.synced(sky.restart(spec).device_id, mark)
    sky.diary.wait(Withdrawn, lambda one: one.message_id == last.message_id, mark)


def _from(person: str, one: Inbound) -> bool:
    return one.phone == person
