"""QuickTime films, as iPhones make them: an MP4 where ffmpeg can make one, else a document."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from tests.files import mp4
from tests.nouns.test_voice_notes import taken_in
from wabox.media import converting, stored

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg: sudo apt-get install ffmpeg")
PLACE = "+23.7806+090.2792/"
IPHONE = ["-metadata", f"com.apple.quicktime.location.ISO6709={PLACE}", "-movflags", "use_metadata_tags"]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path / "box")
    yield made
    made.close()


def film(path: Path, *codec: str) -> bytes:
    """A second of red with a tone, which says where it was filmed."""
    pictures = ["-f", "lavfi", "-i", "color=red:s=1920x1080:d=1:r=10"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"]
    order = ["ffmpeg", "-v", "error", *pictures, *tone, "-pix_fmt", "yuv420p", *codec, *IPHONE, str(path)]
    subprocess.run(order, check=True, timeout=60, stdin=subprocess.DEVNULL)
    return path.read_bytes()


def codec_of(path: Path) -> str:
    order = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=codec_name,height"]
    order += ["-of", "csv=p=0", str(path)]
    return subprocess.run(order, check=True, timeout=60, capture_output=True, text=True).stdout.strip()


@needs_ffmpeg
@pytest.mark.heavy("starts ffmpeg four times")
@pytest.mark.parametrize(
    ("codec", "becomes"),
    [(["-c:v", "libx264"], "h264,1080"), (["-c:v", "libx265", "-x265-params", "log-level=none"], "h264,720")],
    ids=["as it is", "drawn anew"],
)
def test_an_iphones_film_becomes_an_mp4_without_its_place(
    shop: Stage, tmp_path: Path, codec: list[str], becomes: str
) -> None:
    data = film(tmp_path / "IMG_0042.MOV", *codec)
    assert PLACE.encode() in data
    found = taken_in(shop, data, "IMG_0042.MOV")
    path = stored.path_of(shop.box.media, found.stored_sha256)
    assert (found.kind, found.mime, found.filename) == ("video", "video/mp4", "IMG_0042.mp4")
    assert found.seconds and 0.9 < found.seconds < 1.2
    assert PLACE.encode() not in path.read_bytes() and found.stripped
    assert codec_of(path) == becomes
    assert taken_in(shop, data, "again.mov").id == found.id


@pytest.mark.parametrize("why", ["no ffmpeg", "not readable", "too long"])
def test_a_film_that_cannot_become_an_mp4_is_a_document_and_lies_as_it_came(
    shop: Stage, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    ends = {"no ffmpeg": None, "not readable": lambda *_: 1, "too long": lambda *_: None}[why]
    monkeypatch.setattr(shutil, "which", lambda _: None if ends is None else "/usr/bin/ffmpeg")
    monkeypatch.setattr(converting, "_run", ends)
    found = taken_in(shop, mp4(brand=b"qt  "), "holiday.mov")
    assert (found.kind, found.mime, found.filename) == ("document", "video/quicktime", "holiday.mov")
    assert found.sha256 == found.stored_sha256


def test_a_cut_off_film_is_refused(shop: Stage) -> None:
    with pytest.raises(Exception, match="damaged"):
        taken_in(shop, mp4(brand=b"qt  ")[:-20], "holiday.mov")


def test_a_document_that_is_a_film_loses_its_place_too(shop: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    note = b"\xa9xyz\x00\x12\x15\xc7" + PLACE.encode()
    udta = (len(note) + 12).to_bytes(4, "big") + b"udta" + (len(note) + 4).to_bytes(4, "big") + note
    found = taken_in(shop, mp4(b"vide", b"qt  ", 5, udta), "home.mov")
    assert (
        found.stripped and PLACE.encode() not in stored.path_of(shop.box.media, found.stored_sha256).read_bytes()
    )
