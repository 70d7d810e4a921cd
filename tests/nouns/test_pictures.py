"""Pictures that are none, are broken, move, or were made to eat memory and time."""

from __future__ import annotations

import contextlib
import io
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.files import mp4
from tests.pictures import bomb, drawn, flat, moving
from wabox.billing import screenshots
from wabox.errors import Invalid
from wabox.pictures import drawing, looking, parts
from wabox.pictures.drawing import TooLarge, Unreadable

# Pillow warns of odd notes in a picture, which may be odd
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

KINDS = ["png", "jpg", "webp"]
MOST = screenshots.MOST_PIXELS
EXIF = Image.Exif()
EXIF[0x0112] = 6  # turned
WHOLE = {kind: drawn(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_picture_is_taken(kind: str) -> None:
    assert screenshots.kind_of(WHOLE[kind]) == kind
    assert screenshots.kind_of(drawn(kind, 1_080, 2_400)) == kind


@pytest.mark.parametrize("how", [{"progressive": True}, {"exif": EXIF}])
def test_what_phones_make_is_taken(how: dict[str, object]) -> None:
    assert screenshots.kind_of(drawn("jpg", 600, 800, **how)) == "jpg"


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_only_begins_well_is_refused(kind: str) -> None:
    whole = WHOLE[kind]
    halves = (whole[:40], whole[: len(whole) // 2])
    patched = (whole[:40] + b"\0" * 400, whole[:40] + b"<script>" * 50)
    for data in halves if kind == "webp" else halves + patched:  # a WebP draws whatever it holds
        with pytest.raises(Invalid) as refusal:
            screenshots.kind_of(data)
        assert refusal.value.code == "bad_receipt"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("claimed", KINDS)
def test_only_the_claimed_kinds_decoder_sees_it(kind: str, claimed: str) -> None:
    if kind == claimed:
        drawing.draw(WHOLE[kind], claimed, most_pixels=MOST)
        return
    with pytest.raises((Unreadable, TooLarge)):
        drawing.draw(WHOLE[kind], claimed, most_pixels=MOST)


@pytest.mark.parametrize(
    ("kind", "width", "height"),
    [("png", 30_000, 1_000), ("png", 4_473, 4_473), ("jpg", 65_000, 2_000)],
)
def test_more_dots_than_a_photo_needs_are_not_even_drawn(
    monkeypatch: pytest.MonkeyPatch, kind: str, width: int, height: int
) -> None:
    data = flat(kind, width, height)
    assert len(data) < screenshots.MOST_BYTES
    for opener in drawing._OPENERS.values():
        monkeypatch.setattr(opener, "load", lambda _: pytest.fail("it was drawn"))
    with pytest.raises(TooLarge):
        drawing.draw(data, kind, most_pixels=MOST)


def test_a_webp_that_claims_to_be_huge_never_reaches_its_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(drawing._OPENERS, "webp", lambda _: pytest.fail("it was opened"))
    for form, head in (
        (b"VP8X", b"\0\0\0\0\xfe\x3f\0\xfe\x3f\0"),
        (b"VP8L", b"\x2f" + (0x3FFE | 0x3FFE << 14).to_bytes(4, "little") + b"\0" * 5),
        (b"VP8 ", b"\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f"),
    ):
        with pytest.raises(TooLarge):
            whole = b"RIFF\x40\0\0\0WEBP" + form + b"\x0a\0\0\0" + head + b"\0" * 40
            drawing.draw(whole, "webp", most_pixels=MOST)


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_a_picture_that_moves_is_refused(kind: str) -> None:
    with pytest.raises(Invalid, match="moves"):
        screenshots.kind_of(moving(kind))


def test_a_jpeg_of_endless_scans_is_refused_before_it_is_drawn() -> None:
    whole = drawn("jpg", 64, 64, progressive=True)
    at = whole.rindex(b"\xff\xda")
    scan = whole[at:-2]
    with pytest.raises(TooLarge):
        drawing.draw(whole[:at] + scan * 100 + b"\xff\xd9", "jpg", most_pixels=MOST)


@pytest.mark.heavy("unpacks hundreds of megabytes")
def test_a_png_whose_words_unpack_to_hundreds_of_megabytes_is_refused() -> None:
    words = b"zTXt" + b"Comment\0\0" + zlib.compress(b"\0" * 300_000_000, 9)
    chunk = (len(words) - 4).to_bytes(4, "big") + words + zlib.crc32(words).to_bytes(4, "big")
    whole = WHOLE["png"]
    with pytest.raises(Unreadable):
        drawing.draw(whole[:33] + chunk + whole[33:], "png", most_pixels=MOST)


@given(st.sampled_from(KINDS), st.data())
@settings(deadline=None, max_examples=150)
def test_no_bytes_break_the_look(kind: str, data: st.DataObject) -> None:
    """A whole picture with some bytes changed is taken or refused; nothing else comes of it."""
    hurt = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        hurt[data.draw(st.integers(8, len(hurt) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(TooLarge, Unreadable):
        drawing.draw(bytes(hurt), kind, most_pixels=MOST)
    with contextlib.suppress(parts.Cut):
        parts.without_notes(bytes(hurt), kind, parts.of(bytes(hurt), kind))


def noted(kind: str, orientation: int) -> bytes:
    """A picture that says where it was taken, and how the phone was held."""
    notes = Image.Exif()
    notes[0x0110] = "Nokia of asha"
    notes[0x0112] = orientation
    notes.get_ifd(0x8825)[2] = (23.0, 48.0, 37.0)
    return drawn(kind, exif=notes)


def dots(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_place_and_camera_are_taken_out_and_not_a_dot_changes(tmp_path: Path, kind: str) -> None:
    given, clean = noted(kind, 1), tmp_path / "clean"
    assert b"Nokia of asha" in given
    seen = looking.look(given, kind, most_pixels=MOST, clean_to=clean)
    assert seen.cleaned and (seen.width, seen.height) == (36, 64)
    left = clean.read_bytes()
    assert b"Nokia" not in left and b"Exif" not in left and dots(left) == dots(given)
    again = tmp_path / "again"
    assert not looking.look(left, kind, most_pixels=MOST, clean_to=again).cleaned and not again.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_taken_sideways_is_turned_when_its_notes_go(tmp_path: Path, kind: str) -> None:
    clean = tmp_path / "clean"
    seen = looking.look(noted(kind, 6), kind, most_pixels=MOST, clean_to=clean)
    assert (seen.width, seen.height) == (64, 36)
    with Image.open(clean) as picture:
        assert picture.size == (64, 36) and not picture.getexif()
    assert b"Nokia" not in clean.read_bytes()


@pytest.mark.parametrize("kind", [*KINDS, "gif"])
def test_what_lies_behind_a_picture_is_seen(tmp_path: Path, kind: str) -> None:
    whole = moving("gif") if kind == "gif" else WHOLE[kind]
    clean = tmp_path / "clean"
    for blanks in (b"", b"\0" * 900, b"\r\n"):
        assert not looking.look(whole + blanks, kind, most_pixels=MOST, clean_to=clean).two_things
    for stray in (b"<html>", b"PK\5\6", b"x", b"#!/bin/sh\n", bytes(range(256))):
        seen = looking.look(whole + stray, kind, most_pixels=MOST, clean_to=clean)
        assert seen.two_things and not seen.cleaned and not clean.exists()


SECOND = drawn("jpg", 90, 60)
FILM = mp4()
SAMSUNG = b"\0\0\1\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFH\x6b\0\0\0\x18\0\0\0SEFT"
BEHIND = {
    "apple: a brighter copy": SECOND,
    "google: two more, padded": SECOND + b"\0" * 40 + SECOND + b"\xff" * 8,
    "google: a moving photo": FILM,
    "samsung": SAMSUNG,
    "samsung: a moving photo": b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + FILM + SAMSUNG,
    "vivo": b'vivo{"a":1}\0' + b"\xff\xff\xff\xff\x1b*9HWfu\x84\x93\xa2\xb1",
    "oneplus": SECOND + b'{"a":1}jxrs\x07\0\0\0',
    "an end twice": b"\xff\xd9\0\0",
}


@pytest.mark.parametrize("what", BEHIND)
def test_what_phones_put_behind_a_photo_is_taken_off(tmp_path: Path, what: str) -> None:
    clean = tmp_path / "clean"
    seen = looking.look(WHOLE["jpg"] + BEHIND[what], "jpg", most_pixels=MOST, clean_to=clean)
    assert seen.cleaned and not seen.two_things and clean.read_bytes() == WHOLE["jpg"]


@pytest.mark.parametrize("what", BEHIND)
@pytest.mark.parametrize("stray", [b"<script>alert(1)</script>", b"<!DOCTYPE html>"])
def test_nothing_that_runs_hides_behind_what_phones_put_there(what: str, stray: bytes) -> None:
    film = BEHIND[what].replace(FILM, FILM + len(stray + b"12345678").to_bytes(4, "big") + b"free" + stray)
    for behind in {BEHIND[what] + stray, stray + BEHIND[what], film} - {BEHIND[what]}:
        assert parts.of(WHOLE["jpg"] + behind, "jpg").two_things


def note_in(kind: str, words: bytes) -> bytes:
    """A picture with these words in a note that nobody draws."""
    whole = drawn(kind)
    if kind == "jpg":
        return whole[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + whole[2:]
    if kind == "gif":
        return whole[:-1] + b"\x21\xfe" + bytes([len(words)]) + words + b"\0\x3b"
    if kind == "webp":
        chunk = b"note" + len(words).to_bytes(4, "little") + words + b"\0" * (len(words) % 2)
        return whole[:4] + (len(whole + chunk) - 8).to_bytes(4, "little") + whole[8:] + chunk
    chunk = b"tEXt" + b"Comment\0" + words
    return (
        whole[:33]
        + (len(chunk) - 4).to_bytes(4, "big")
        + chunk
        + zlib.crc32(chunk).to_bytes(4, "big")
        + whole[33:]
    )


@pytest.mark.parametrize("kind", [*KINDS, "gif"])
def test_a_note_in_a_picture_may_speak_but_not_run(kind: str) -> None:
    assert not parts.of(note_in(kind, b"Made with love, 1 < 2"), kind).two_things
    for words in (b"<script>x</script>", b"<?php system($_GET[1]);", b"*/=alert(1)/*", b"PK\3\4abc"):
        assert parts.of(note_in(kind, words), kind).two_things


@pytest.mark.parametrize("kind", [*KINDS, "gif"])
def test_a_comment_in_a_picture_is_taken_out_too(tmp_path: Path, kind: str) -> None:
    given, clean = note_in(kind, b"by Asha, 12 Road 5"), tmp_path / "clean"
    assert looking.look(given, kind, most_pixels=MOST, clean_to=clean).cleaned
    assert b"Asha" not in clean.read_bytes() and dots(clean.read_bytes()) == dots(drawn(kind))
    assert not parts.of(clean.read_bytes(), kind).notes


def test_a_comment_goes_from_a_photo_that_is_turned_too(tmp_path: Path) -> None:
    whole, words = noted("jpg", 6), b"by Asha, 12 Road 5"
    given = whole[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + whole[2:]
    assert looking.look(given, "jpg", most_pixels=MOST, clean_to=tmp_path / "clean").cleaned
    assert words not in (tmp_path / "clean").read_bytes()


def test_what_a_gif_tells_as_xmp_is_taken_out() -> None:
    told = b"<x:xmpmeta>Asha</x:xmpmeta>\x01" + bytes(range(255, -1, -1)) + b"\0"
    whole = moving("gif")
    given = whole[:-1] + b"\x21\xff\x0bXMP DataXMP" + told + b"\x3b"
    found = parts.of(given, "gif")
    assert not found.two_things and parts.without_notes(given, "gif", found) == whole


def test_a_small_one_is_made(tmp_path: Path) -> None:
    looking.look(drawn("png", 3_000, 1_000), "png", most_pixels=MOST, small_to=tmp_path / "small")
    with Image.open(tmp_path / "small") as picture:
        assert picture.format == "WEBP" and picture.size == (320, 107)


@pytest.mark.heavy("draws 2,500 million dots, or would")
def test_a_bomb_ends_its_own_process_alone(tmp_path: Path) -> None:
    for most in (MOST, 10**10):  # refused by its head; drawn, until its memory is spent
        with pytest.raises((TooLarge, Unreadable)):
            looking.look(bomb(50_000, 50_000), "png", most_pixels=most, small_to=tmp_path / "small")
    assert not (tmp_path / "small").exists()
