"""Voice notes made by the real ffmpeg of sound that the real ffmpeg made; skipped where there is none."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from tests.files import mp3
from wabox.errors import Invalid
from wabox.media import converting, intake, keeping, kinds, sounds, stored
from wabox.media.store import Incoming
from wabox.media.stored import Media

pytestmark = [
    pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg: sudo apt-get install ffmpeg"),
    pytest.mark.heavy("starts ffmpeg twice a test"),
]
TONE = "sine=frequency=440:duration={}"
SECRET = "Behind the bazaar"


def sound(path: Path, *how: str, seconds: int = 2) -> Path:
    """A tone, with a title, an artist and a place in its notes."""
    notes = [word for name in ("title", "artist", "location") for word in ("-metadata", f"{name}={SECRET}")]
    order = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", TONE.format(seconds), *notes, *how, str(path)]
    subprocess.run(order, check=True, timeout=60, stdin=subprocess.DEVNULL)
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path / "box")
    yield made
    made.close()


def taken_in(shop: Stage, data: bytes, filename: str, *, voice: bool = False) -> Media:
    """It is kept, as an upload is."""

    async def run() -> Media:
        with Incoming(shop.box.media, most_bytes=kinds.MEGABYTE) as incoming:
            incoming.write(data)
            async with intake.taken(shop.box.db, shop.box.media, incoming, filename, voice=voice) as examined:
                now = shop.hands.now()
                kept = await shop.box.db.write(
                    keeping.keep, shop.asha.id, examined, origin="upload", disk_megabytes=9, now=now
                )
                return kept.media

    return asyncio.run(run())


def noted(source: Path, target: Path) -> bytes:
    found = kinds.of(source, source.name)
    assert converting.can(found.mime), found.mime
    converting.to_voice(source, found.mime, target)
    return target.read_bytes()


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("mono.mp3", ()),
        ("stereo.mp3", ("-ac", "2", "-ar", "44100")),
        ("low.mp3", ("-ar", "16000")),
        ("stereo.m4a", ("-ac", "2", "-c:a", "aac")),
        ("streamed.m4a", ("-c:a", "aac", "-movflags", "+faststart")),
        ("bare.aac", ("-c:a", "aac", "-ac", "2")),
    ],
)
def test_other_sound_becomes_one_channel_of_opus_without_its_notes(
    tmp_path: Path, name: str, how: tuple[str, ...]
) -> None:
    made = noted(sound(tmp_path / name, *how), tmp_path / "note")
    found = kinds.of(tmp_path / "note", "")
    assert (found.kind, found.mime) == ("voice", sounds.OPUS)
    assert found.seconds is not None and 1.9 < found.seconds < 2.2
    head = made.index(b"OpusHead")
    assert made[head + 9] == 1 and int.from_bytes(made[head + 12 : head + 16], "little") == sounds.OPUS_RATE
    assert SECRET.encode() not in made and b"Lavf" not in made


FOREIGN = [("a.wav", ()), ("a.flac", ()), ("a.aiff", ()), ("a.webm", ("-c:a", "libopus")), ("a.mka", ())]


@pytest.mark.parametrize(("name", "how"), FOREIGN)
@pytest.mark.parametrize("voice", [False, True])
def test_sound_that_whatsapp_does_not_play_becomes_what_it_plays(
    shop: Stage,
    tmp_path: Path,
    name: str,
    how: tuple[str, ...],
    voice: bool,  # noqa: FBT001
) -> None:
    data = sound(tmp_path / name, *how).read_bytes()
    found = taken_in(shop, data, name, voice=voice)
    assert (found.kind, found.mime) == (("voice", sounds.OPUS) if voice else ("audio", "audio/mp4"))
    assert found.filename == ("a.ogg" if voice else "a.m4a")
    assert found.seconds is not None and 1.9 < found.seconds < 2.2
    kept = stored.path_of(shop.box.media, found.stored_sha256).read_bytes()
    assert SECRET.encode() not in kept
    assert found.stripped != voice
    assert taken_in(shop, data, "again." + name, voice=voice).id == found.id


def test_no_film_hides_in_a_sound(shop: Stage, tmp_path: Path) -> None:
    film = tmp_path / "a.webm"
    order = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:s=64x64:d=0.2", "-c:v", "libvpx", str(film)]
    subprocess.run(order, check=True, timeout=60, stdin=subprocess.DEVNULL)
    with pytest.raises(Invalid, match="save it as MP4"):
        taken_in(shop, film.read_bytes(), "a.webm")


@pytest.mark.parametrize("stray", [b"<html><script>alert(1)</script>", b"PK\x05\x06" + b"\0" * 18])
def test_what_lies_behind_a_sound_is_not_in_what_is_made_of_it(shop: Stage, tmp_path: Path, stray: bytes) -> None:
    found = taken_in(shop, sound(tmp_path / "a.wav").read_bytes() + stray, "a.wav")
    assert stray not in stored.path_of(shop.box.media, found.stored_sha256).read_bytes()


def test_a_real_film_loses_its_place_and_plays_on(shop: Stage, tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    order = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "color=red:s=64x64:d=0.2",
        "-metadata",
        "location=+23.78+090.27/",
    ]
    subprocess.run(
        [*order, "-metadata", "location=+23.78+090.27/", str(film)],
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert b"loci" in film.read_bytes()
    found = taken_in(shop, film.read_bytes(), "a.mp4")
    kept = stored.path_of(shop.box.media, found.stored_sha256)
    assert found.stripped and b"loci" not in kept.read_bytes()
    plays = ["ffmpeg", "-v", "error", "-xerror", "-i", str(kept), "-f", "null", "-"]
    subprocess.run(plays, check=True, timeout=60, stdin=subprocess.DEVNULL)


def test_cover_of_a_song_is_left_out(tmp_path: Path) -> None:
    plain = sound(tmp_path / "plain.mp3")
    cover = tmp_path / "cover.jpg"
    picture = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "color=red:s=64x64:d=0.04",
        "-frames:v",
        "1",
        str(cover),
    ]
    subprocess.run(picture, check=True, timeout=60, stdin=subprocess.DEVNULL)
    both = tmp_path / "both.mp3"
    order = ["ffmpeg", "-v", "error", "-i", plain, "-i", cover, "-map", "0", "-map", "1", "-c", "copy", both]
    subprocess.run([str(one) for one in order], check=True, timeout=60, stdin=subprocess.DEVNULL)
    made = noted(both, tmp_path / "note")
    assert made == noted(plain, tmp_path / "again") and b"\xff\xd8\xff" not in made


def test_five_minutes_are_made_in_time_and_the_same_sound_is_the_same_note(tmp_path: Path) -> None:
    source = sound(tmp_path / "long.mp3", "-b:a", "64k", seconds=300)
    made = noted(source, tmp_path / "note")
    found = kinds.of(tmp_path / "note", "")
    assert found.seconds is not None and abs(found.seconds - 300) < 0.5
    assert len(made) < 16 * 1024 * 1024 and made == noted(source, tmp_path / "again")


def test_sound_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.m4a"
    broken.write_bytes(b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom" + bytes(4_000))
    with pytest.raises(Invalid, match="could not be made into a voice note"):
        converting.to_voice(broken, "audio/mp4", tmp_path / "note")
    (tmp_path / "zeros.mp3").write_bytes(mp3())
    converting.to_voice(tmp_path / "zeros.mp3", "audio/mpeg", tmp_path / "silent")


def test_what_takes_too_long_is_refused_for_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "_BOUND", converting._BOUND.replace("RLIMIT_CPU, 60", "RLIMIT_CPU, 1"))
    source = sound(tmp_path / "long.mp3", "-b:a", "32k", "-ar", "16000", seconds=1_200)
    with pytest.raises(Invalid, match="takes too long here"):
        converting.to_voice(source, "audio/mpeg", tmp_path / "note")
