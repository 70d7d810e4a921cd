"""Pictures that are none, are broken, move, or were made to eat memory and time."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.pictures import drawn, flat, moving
from wabox.billing import pictures, screenshots
from wabox.billing.pictures import TooLarge, Unreadable
from wabox.errors import Invalid

# Pillow warns of odd notes in a picture, which may be odd
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

KINDS = ["png", "jpg", "webp"]
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
        pictures.check(WHOLE[kind], claimed)
        return
    with pytest.raises((Unreadable, TooLarge)):
        pictures.check(WHOLE[kind], claimed)


@pytest.mark.parametrize(
    ("kind", "width", "height"),
    [("png", 30_000, 1_000), ("png", 4_473, 4_473), ("jpg", 65_000, 2_000)],
)
def test_more_dots_than_a_photo_needs_are_not_even_drawn(
    monkeypatch: pytest.MonkeyPatch, kind: str, width: int, height: int
) -> None:
    data = flat(kind, width, height)
    assert len(data) < screenshots.MOST_BYTES
    for opener in pictures._OPENERS.values():
        monkeypatch.setattr(opener, "load", lambda _: pytest.fail("it was drawn"))
    with pytest.raises(TooLarge):
        pictures.check(data, kind)


def test_a_webp_that_claims_to_be_huge_never_reaches_its_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pictures._OPENERS, "webp", lambda _: pytest.fail("it was opened"))
    for form, head in (
        (b"VP8X", b"\0\0\0\0\xfe\x3f\0\xfe\x3f\0"),
        (b"VP8L", b"\x2f" + (0x3FFE | 0x3FFE << 14).to_bytes(4, "little") + b"\0" * 5),
        (b"VP8 ", b"\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f"),
    ):
        with pytest.raises(TooLarge):
            pictures.check(b"RIFF\x40\0\0\0WEBP" + form + b"\x0a\0\0\0" + head + b"\0" * 40, "webp")


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_a_picture_that_moves_is_refused(kind: str) -> None:
    with pytest.raises(Unreadable):
        pictures.check(moving(kind), kind)


def test_a_jpeg_of_endless_scans_is_refused_before_it_is_drawn() -> None:
    whole = drawn("jpg", 64, 64, progressive=True)
    at = whole.rindex(b"\xff\xda")
    scan = whole[at:-2]
    with pytest.raises(TooLarge):
        pictures.check(whole[:at] + scan * 100 + b"\xff\xd9", "jpg")


@pytest.mark.heavy("unpacks hundreds of megabytes")
def test_a_png_whose_words_unpack_to_hundreds_of_megabytes_is_refused() -> None:
    words = b"zTXt" + b"Comment\0\0" + zlib.compress(b"\0" * 300_000_000, 9)
    chunk = (len(words) - 4).to_bytes(4, "big") + words + zlib.crc32(words).to_bytes(4, "big")
    whole = WHOLE["png"]
    with pytest.raises(Unreadable):
        pictures.check(whole[:33] + chunk + whole[33:], "png")


@given(st.sampled_from(KINDS), st.data())
@settings(deadline=None, max_examples=150)
def test_no_bytes_break_the_look(kind: str, data: st.DataObject) -> None:
    """A whole picture with some bytes changed is taken or refused; nothing else comes of it."""
    hurt = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        hurt[data.draw(st.integers(8, len(hurt) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert screenshots.kind_of(bytes(hurt)) == kind
    except Invalid as refusal:
        assert refusal.code == "bad_receipt"
