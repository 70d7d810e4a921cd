"""Files: the bytes that were given arrive, once; tried without a browser and with a real Chromium."""

from __future__ import annotations

import hashlib
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.test_bad_days import tab_of
from tests.contract.test_driver import Shop, chat_with, new_id
from tests.contract.worlds import PATIENCE, QUICK, Arrived, ChromiumWorld, World, once_there
from wabox.whatsapp.driver import (
    FILE_GONE,
    FILE_TOO_LARGE,
    UPLOAD_ERROR,
    UPLOAD_STUCK,
    File,
    FileKind,
    Link,
    LookedUp,
)

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "0005fe02fea7350000000049454e44ae426082"
)


def file_of(
    place: Path, content: bytes, kind: FileKind = "document", mime: str = "application/pdf", name: str = "bill.pdf"
) -> File:
    """A file on this disk, named as the store names them."""
    path = place / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    path.chmod(0o400)
    return File(path, kind, mime, name, len(content))


def as_it_is(file: File, text: str) -> Arrived:
    """What the person gets if nothing is lost."""
    sha256 = hashlib.sha256(file.path.read_bytes()).hexdigest()
    return Arrived(text, file.kind, file.mime, file.filename, file.bytes, sha256)


def looked_up(world: World, shop: Shop, message_id: str, chat_id: str) -> LookedUp:
    return once_there(world, shop, lambda: world.driver.look_up(shop[0].device_id, message_id, (chat_id,), None))


@pytest.mark.parametrize("entry", ["early", "late"])
@pytest.mark.parametrize(
    ("kind", "mime", "name", "content"),
    [
        ("image", "image/png", "shelf.png", PNG),
        ("document", "application/pdf", "bill নভেম্বর.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 40),
        ("voice", "audio/ogg; codecs=opus", "note.ogg", b"OggS" + b"\x00" * 300),
        ("audio", "audio/mpeg", "song.mp3", b"ID3" + b"\x01" * 300),
        ("video", "video/mp4", "shop.mp4", b"\x00\x00\x00\x18ftypmp42" + b"\x02" * 300),
        ("document", "application/octet-stream", "one", b"x"),
    ],
    ids=["image", "document", "voice", "audio", "video", "smallest"],
)
def test_every_kind_arrives_byte_for_byte(
    world: World, shop: Shop, tmp_path: Path, entry: str, kind: FileKind, mime: str, name: str, content: bytes
) -> None:
    world.weather(media_entry=entry)
    file, message_id = file_of(tmp_path, content, kind, mime, name), new_id()
    handed = world.driver.hand_over(shop[0].device_id, chat_with(world, shop), message_id, "", file)
    assert (handed.outcome, handed.reason) in [("acked", None), ("acked", "ok")]
    assert world.arrived(message_id) == as_it_is(file, "")
    assert world.copies(message_id) == 1
    world.receipt(message_id, 1)


def test_a_caption_arrives_with_it_and_a_text_after_it(world: World, shop: Shop, tmp_path: Path) -> None:
    chat_id, message_id, after = chat_with(world, shop), new_id(), new_id()
    file = file_of(tmp_path, PNG, "image", "image/png", "shelf.png")
    caption = "আজ ছাড় <b>20%</b>\nuntil six"
    assert world.driver.hand_over(shop[0].device_id, chat_id, message_id, caption, file).outcome == "acked"
    assert world.driver.hand_over(shop[0].device_id, chat_id, after, "hello").outcome == "acked"
    assert world.arrived(message_id) == as_it_is(file, caption)
    assert world.arrived(after) == Arrived("hello")


def test_a_large_file_arrives_whole(world: World, shop: Shop, tmp_path: Path) -> None:
    file, message_id = file_of(tmp_path, random.Random(5).randbytes(5_000_000)), new_id()
    handed = world.driver.hand_over(shop[0].device_id, chat_with(world, shop), message_id, "", file)
    assert handed.outcome == "acked"
    assert world.arrived(message_id) == as_it_is(file, "")


def test_bytes_that_are_not_there_as_they_were_reach_nobody(world: World, shop: Shop, tmp_path: Path) -> None:
    chat_id, message_id = chat_with(world, shop), new_id()
    file = file_of(tmp_path, b"%PDF-1.4 a bill")
    for broken in (replace(file, bytes=3), replace(file, path=tmp_path / "gone")):
        handed = world.driver.hand_over(shop[0].device_id, chat_id, message_id, "", broken)
        assert (handed.outcome, handed.reason) == ("refused", FILE_GONE)
    assert world.driver.look_up(shop[0].device_id, message_id, (chat_id,), None).ack is None


def test_a_picture_that_is_larger_than_whatsapp_takes_is_refused_before_anything_entered(
    world: World, shop: Shop, tmp_path: Path
) -> None:
    chat_id, message_id, path = chat_with(world, shop), new_id(), tmp_path / "large"
    path.touch()
    os.truncate(path, 65 * 1024 * 1024)
    file = File(path, "image", "image/png", "large.png", 65 * 1024 * 1024)
    handed = world.driver.hand_over(shop[0].device_id, chat_id, message_id, "", file)
    assert (handed.outcome, handed.reason) == ("refused", FILE_TOO_LARGE)
    assert world.driver.look_up(shop[0].device_id, message_id, (chat_id,), None).ack is None


@pytest.mark.parametrize("entry", ["early", "late"])
def test_an_upload_that_is_refused_is_told_as_such_and_nothing_arrives(
    world: World, shop: Shop, tmp_path: Path, entry: str
) -> None:
    chat_id, message_id, file = chat_with(world, shop), new_id(), file_of(tmp_path, b"%PDF-1.4 a bill")
    world.weather(media_entry=entry)
    world.weather(upload_error=1)
    handed = world.driver.hand_over(shop[0].device_id, chat_id, message_id, "hello", file)
    assert (handed.outcome, handed.reason) == ("refused", UPLOAD_ERROR)
    assert world.arrived(message_id) is None
    again = new_id()
    assert world.driver.hand_over(shop[0].device_id, chat_id, again, "hello", file).outcome == "acked"
    assert world.arrived(again) == as_it_is(file, "hello")


@pytest.mark.parametrize(("entry", "stuck"), [("early", 1), ("late", 1), ("early", "preparing")])
def test_an_upload_that_never_ends_surely_did_not_go_and_goes_once_when_it_is_given_again(
    world: World, shop: Shop, tmp_path: Path, entry: str, stuck: int | str
) -> None:
    """The page is loaded anew by itself; a second hand-over in the same page would never be answered."""
    chat_id, message_id, file = chat_with(world, shop), new_id(), file_of(tmp_path, b"%PDF-1.4 a long bill")
    world.weather(upload_stuck=stuck, media_entry=entry)
    handed = world.driver.hand_over(shop[0].device_id, chat_id, message_id, "hello", file)
    assert (handed.outcome, handed.reason) == ("refused", UPLOAD_STUCK)
    found = looked_up(world, shop, message_id, chat_id)
    assert found.ack == (0 if (entry, stuck) == ("early", 1) else None)
    assert world.arrived(message_id) is None
    world.calm()
    again = once_there(
        world, shop, lambda: world.driver.hand_over(shop[0].device_id, chat_id, message_id, "hello", file)
    )
    assert again.outcome == "acked"
    assert world.arrived(message_id) == as_it_is(file, "hello")
    assert world.copies(message_id) == 1


@pytest.mark.parametrize("entry", ["early", "late"])
def test_an_upload_that_ends_after_it_was_given_up_sends_nothing(
    sky: ChromiumWorld, calm: Shop, tmp_path: Path, entry: str
) -> None:
    """The old page lives on until the new one is answered, and its upload ends in it."""
    chat_id, message_id, file = chat_with(sky, calm), new_id(), file_of(tmp_path, b"%PDF-1.4 a late bill")
    sky.weather(upload_ms=2600, slow_load_ms=2500, media_entry=entry)
    handed = sky.driver.hand_over(calm[0].device_id, chat_id, message_id, "hello", file)
    assert (handed.outcome, handed.reason) == ("refused", UPLOAD_STUCK)
    looked_up(sky, calm, message_id, chat_id)
    assert sky.copies(message_id) == 0
    sky.calm()
    again = once_there(
        sky, calm, lambda: sky.driver.hand_over(calm[0].device_id, chat_id, message_id, "hello", file)
    )
    assert (again.outcome, sky.copies(message_id)) == ("acked", 1)


@pytest.mark.parametrize("entry", ["early", "late"])
@pytest.mark.parametrize("stuck", [0, 1])
def test_a_reload_in_mid_upload_is_in_doubt_and_the_file_goes_once(
    sky: ChromiumWorld, calm: Shop, tmp_path: Path, entry: str, stuck: int
) -> None:
    """Also one that is stuck: what a page knew of its upload is gone with it."""
    chat_id, message_id, file = chat_with(sky, calm), new_id(), file_of(tmp_path, b"%PDF-1.4 a torn bill")
    sky.weather(upload_ms=1500, upload_stuck=stuck, media_entry=entry)
    with ThreadPoolExecutor(1) as pool:
        handing = pool.submit(sky.driver.hand_over, calm[0].device_id, chat_id, message_id, "hello", file)
        time.sleep(0.7)
        mark = sky.diary.mark()
        sky.thread.run(tab_of(sky, calm).reload())
        assert handing.result(PATIENCE).outcome == "in_doubt"
    sky.diary.wait(Link, lambda link: link.state == "starting", since=mark)
    assert looked_up(sky, calm, message_id, chat_id).ack == (0 if entry == "early" else None)
    assert sky.copies(message_id) == 0
    sky.calm()
    again = once_there(
        sky, calm, lambda: sky.driver.hand_over(calm[0].device_id, chat_id, message_id, "hello", file)
    )
    assert (again.outcome, sky.copies(message_id)) == ("acked", 1)


def test_a_file_that_is_up_without_an_answer_to_its_message_stays_in_doubt(
    sky: ChromiumWorld, calm: Shop, tmp_path: Path
) -> None:
    chat_id, message_id, file = chat_with(sky, calm), new_id(), file_of(tmp_path, b"%PDF-1.4 a silent bill")
    sky.weather(blackhole=1)
    handed = sky.driver.hand_over(calm[0].device_id, chat_id, message_id, "hello", file)
    assert (handed.outcome, handed.reason) == ("in_doubt", "timeout")
    assert looked_up(sky, calm, message_id, chat_id).ack == 0


@pytest.mark.parametrize("entry", ["early", "late"])
def test_a_lost_answer_to_a_file_is_in_doubt_and_history_says_that_it_went(
    world: World, shop: Shop, tmp_path: Path, entry: str
) -> None:
    chat_id, message_id, file = chat_with(world, shop), new_id(), file_of(tmp_path, b"%PDF-1.4 a paid bill")
    world.weather(media_entry=entry)
    world.weather(drop_ack=True, deliver_ms=4000)
    assert world.driver.hand_over(shop[0].device_id, chat_id, message_id, "", file).outcome == "in_doubt"
    world.read(shop[0].device_id, message_id)
    found = looked_up(world, shop, message_id, chat_id)
    assert found.ack is not None
    assert found.ack >= 1
    assert world.copies(message_id) == 1


def test_a_page_that_uploads_in_a_worker_is_told_not_to(sky: ChromiumWorld, calm: Shop, tmp_path: Path) -> None:
    """There no upload ever ends, and every text behind it waits."""
    sky.weather(upload_stuck="worker")
    first, second = new_id(), new_id()
    file = file_of(tmp_path, PNG, "image", "image/png", "shelf.png")
    chat_id = chat_with(sky, calm)
    assert sky.driver.hand_over(calm[0].device_id, chat_id, first, "", file).outcome == "acked"
    assert sky.driver.hand_over(calm[0].device_id, chat_id, second, "hello").outcome == "acked"


def test_a_patch_that_is_switched_off_stays_out_of_the_page(sky: ChromiumWorld, tmp_path: Path) -> None:
    house = sky.gateway._house
    assert house is not None
    off = replace(house, patches_off=("upload-here",), limits=replace(QUICK, upload_still=1.5, hand_over=4))
    sky.gateway._house = off
    try:
        shop = sky.linked()
        sky.weather(upload_stuck="worker")
        file = file_of(tmp_path, PNG, "image", "image/png", "shelf.png")
        assert sky.gateway.checkup(shop[0].device_id).patches["upload-here"] == "off"
        handed = sky.driver.hand_over(shop[0].device_id, chat_with(sky, shop), new_id(), "", file)
        assert (handed.outcome, handed.reason) == ("refused", UPLOAD_STUCK)
        sky.driver.close(shop[0].device_id)
    finally:
        sky.gateway._house = house
        sky.calm()


def test_an_upload_holds_up_its_own_phone_alone(sky: ChromiumWorld, calm: Shop, tmp_path: Path) -> None:
    slow, quick = calm, sky.linked()
    file, message_id = file_of(tmp_path, random.Random(1).randbytes(200_000)), new_id()
    chat_id, other = chat_with(sky, slow), chat_with(sky, quick)
    sky.weather(upload_ms=2000)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        handing = pool.submit(sky.driver.hand_over, slow[0].device_id, chat_id, message_id, "", file)
        text = sky.driver.hand_over(quick[0].device_id, other, new_id(), "hello")
        took = time.monotonic() - began
        assert text.outcome == "acked"
        assert handing.result(PATIENCE).outcome == "acked"
    assert took < 2 <= time.monotonic() - began
    assert sky.arrived(message_id) == as_it_is(file, "")
