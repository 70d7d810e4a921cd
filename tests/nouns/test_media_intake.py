"""A file comes in: what it is by its content, cleaned, in its place; and nothing is left of what is refused."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cast import Stage, stage
from tests.files import BAD, GOOD, PLACE, TITLE, mp4, opus, pdf
from tests.nouns.test_pictures import noted
from tests.pictures import bomb, drawn
from wabox.errors import Invalid, TooLarge, Unavailable
from wabox.media import intake, keeping, kinds, names, store, stored
from wabox.media.keeping import Kept
from wabox.media.store import Incoming
from wabox.media.stored import Media

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")
PICTURES = {name for name, (_, _, mime, _) in GOOD.items() if mime.startswith("image/")}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path)
    yield made
    made.close()


def left(shop: Stage) -> list[str]:
    """Names of all files under data/media."""
    return sorted(one.name for one in shop.box.media.rglob("*") if one.is_file())


def take(shop: Stage, data: bytes, filename: str | None, *, user_id: int | None = None, room: int = 100) -> Kept:
    async def run() -> Kept:
        with Incoming(shop.box.media, most_bytes=kinds.MEGABYTE) as incoming:
            for at in range(0, len(data), 1_000):
                incoming.write(data[at : at + 1_000])
            async with intake.taken(shop.box.db, shop.box.media, incoming, filename) as examined:
                return await shop.box.db.write(
                    keeping.keep,
                    user_id or shop.asha.id,
                    examined,
                    origin="upload",
                    disk_megabytes=room,
                    now=shop.hands.now(),
                )

    return asyncio.run(run())


def taken(shop: Stage, data: bytes, filename: str | None) -> Media:
    return take(shop, data, filename).media


@pytest.mark.heavy("draws pictures in processes of their own")
@pytest.mark.parametrize("name", GOOD)
def test_what_may_be_sent_is_known_by_its_content(shop: Stage, name: str) -> None:
    data, kind, mime, _ = GOOD[name]
    found = taken(shop, data, name)
    assert (found.kind, found.filename, found.bytes) == (kind, name, len(data))
    assert found.mime == mime if mime else found.mime.startswith("application/vnd.openxml")
    assert found.sha256 == found.stored_sha256 and not found.stripped
    path = stored.path_of(shop.box.media, found.stored_sha256)
    assert path.read_bytes() == data and stat.S_IMODE(path.stat().st_mode) == 0o400
    small = store.small_of(shop.box.media, found.stored_sha256)
    assert small.exists() == (name in PICTURES)
    assert left(shop) == sorted([path.name, *([small.name] if name in PICTURES else [])])
    wrongly = taken(shop, data, f"photo.{'txt' if mime.startswith('text/') else 'exe'}")
    assert wrongly.id == found.id or (mime, wrongly.mime) == ("text/csv", "text/plain")


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused_is_refused_in_words_and_leaves_nothing(shop: Stage, name: str) -> None:
    data, why = BAD[name]
    with pytest.raises(Invalid, match=why) as refusal:
        take(shop, data, name)
    assert refusal.value.code == "bad_file" and refusal.value.details["file"]
    assert left(shop) == [] and shop.value("select count(*) from media") == 0


def test_a_name_proves_nothing(shop: Stage) -> None:
    found = taken(shop, pdf(), "photo.png")
    assert (found.kind, found.mime, found.filename) == ("document", "application/pdf", "photo.png.pdf")
    assert taken(shop, drawn("png"), "evil.exe").filename == "evil.exe.png"


def test_how_long_and_how_wide_is_told(shop: Stage) -> None:
    film = taken(shop, mp4(), "a.mp4")
    assert (film.width, film.height, film.seconds) == (640, 360, 5.0)
    assert taken(shop, mp4(b"vide", b"isom", 0), "pieces.mp4").seconds is None  # only its pieces tell
    assert taken(shop, opus(2.5), "a.ogg").seconds == 2.5
    picture = taken(shop, drawn("png", 30, 20), "a.png")
    assert (picture.width, picture.height, picture.seconds) == (30, 20, None)


def test_place_and_camera_do_not_reach_the_disk(shop: Stage) -> None:
    photo = noted("jpg", 6)
    found = taken(shop, photo, "home.jpg")
    kept = stored.path_of(shop.box.media, found.stored_sha256).read_bytes()
    assert found.stripped and b"Nokia" not in kept and (found.width, found.height) == (64, 36)
    assert found.bytes == len(kept)
    assert taken(shop, photo, "again.jpg").id == found.id
    assert len(left(shop)) == 2


@pytest.mark.parametrize("long", [False, True])
def test_what_a_film_tells_of_its_place_is_emptied_and_all_else_stays_where_it_is(shop: Stage, long: bool) -> None:  # noqa: FBT001
    note = (
        PLACE if not long else (1).to_bytes(4, "big") + b"udta" + (len(PLACE) + 8).to_bytes(8, "big") + PLACE[8:]
    )
    film = mp4(b"vide", b"isom", 5, note)
    found = taken(shop, film, "home.mp4")
    kept = stored.path_of(shop.box.media, found.stored_sha256).read_bytes()
    assert found.stripped and b"23.78" not in kept and b"xyz" not in kept and len(kept) == len(film)
    assert [at for at in range(len(film)) if kept[at] != film[at]][0] == film.index(b"udta")
    again = taken(shop, kept, "again.mp4")
    assert (again.width, again.seconds, again.stripped) == (640, 5.0, False)


def test_a_film_that_tells_only_of_its_program_goes_byte_for_byte(shop: Stage) -> None:
    assert not taken(shop, mp4(b"vide", b"isom", 5, TITLE), "a.mp4").stripped


def test_an_old_phones_film_is_called_what_it_is(shop: Stage) -> None:
    found = taken(shop, mp4(b"vide", b"3gp4"), "a.3gp")
    assert (found.kind, found.mime, found.filename) == ("video", "video/3gpp", "a.3gp")


@pytest.mark.parametrize(
    "start", [b"RIFF\x24\0\0\0WAVEfmt ", b"fLaC\0\0\0\x22", b"FORM\0\0\0\x09AIFFCOMM", b"#!AMR\n"]
)
def test_without_ffmpeg_sound_that_whatsapp_does_not_play_is_refused_with_what_to_do(
    shop: Stage, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Invalid, match="save it as MP3 or M4A") as refusal:
        take(shop, start + b"\0" * 200, "song")
    assert refusal.value.code == "bad_file" and left(shop) == []


@pytest.mark.heavy("draws a bomb")
def test_a_bomb_is_refused_and_nothing_is_left(shop: Stage) -> None:
    with pytest.raises(Invalid, match="50 million"):
        take(shop, bomb(50_000, 50_000), "a.png")
    assert left(shop) == []


def test_the_same_bytes_of_two_users_lie_once_and_neither_can_tell(shop: Stage) -> None:
    mine = take(shop, pdf(), "a.pdf")
    theirs = take(shop, pdf(), "b.pdf", user_id=shop.bilal.id)
    assert mine.new and theirs.new and mine.media.id != theirs.media.id
    assert theirs.media.filename == "b.pdf" and len(left(shop)) == 1
    assert not take(shop, pdf(), "c.pdf").new
    shop.box.db.write_now(keeping.remove, shop.asha.id, mine.media.id, now=shop.hands.now())
    assert intake.clear(shop.box.db, shop.box.media) == 0 and len(left(shop)) == 1
    shop.box.db.write_now(keeping.remove, shop.bilal.id, theirs.media.id, now=shop.hands.now())
    assert intake.clear(shop.box.db, shop.box.media) == 1 and left(shop) == []
    assert take(shop, pdf(), "d.pdf").new


def test_who_pins_a_file_waits_for_a_piece_of_a_sweep_only(shop: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PIECE", 2)
    hashes = [f"{number:064x}" for number in range(5)]
    for one in hashes:
        its = stored.path_of(shop.box.media, one)
        its.parent.mkdir(parents=True, exist_ok=True)
        its.write_bytes(b"x")
    between: list[int] = []

    def pause(_: float) -> None:
        between.append(len(left(shop)))
        if len(between) == 1:
            kept.append(next(one for one in hashes if one in left(shop)))
            store.pin(kept[0])  # would wait for ever if the sweep still held the lock

    kept: list[str] = []
    monkeypatch.setattr("wabox.media.store.time.sleep", pause)
    try:
        assert intake.clear(shop.box.db, shop.box.media) == 4
    finally:
        store.unpin(kept[0])
    assert (between[0], left(shop)) == (3, kept)


def test_the_file_under_a_reader_is_never_exchanged(shop: Stage) -> None:
    found = taken(shop, pdf(), "a.pdf")
    before = stored.path_of(shop.box.media, found.stored_sha256).stat()
    take(shop, pdf(), "a.pdf", user_id=shop.bilal.id)
    after = stored.path_of(shop.box.media, found.stored_sha256).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_more_than_the_limit_is_refused_while_it_comes(shop: Stage) -> None:
    with Incoming(shop.box.media, most_bytes=10) as incoming:
        incoming.write(b"0123456789")
        with pytest.raises(TooLarge):
            incoming.write(b"x")
    assert left(shop) == []


def test_a_full_disk_is_named_before_anything_is_stored(shop: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5})())
        with pytest.raises(Unavailable) as refusal:
            take(shop, pdf(), "a.pdf")
    assert refusal.value.code == "storage_full" and left(shop) == []

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(Unavailable):
        take(shop, pdf(), "a.pdf")
    assert left(shop) == [] and not store._pinned


def test_a_row_that_cannot_be_written_leaves_no_file(shop: Stage) -> None:
    with pytest.raises(Unavailable) as refusal:
        take(shop, pdf(), "a.pdf", room=0)
    assert refusal.value.code == "media_full"
    assert left(shop) == [] and not store._pinned


def test_many_at_once_are_one(shop: Stage) -> None:
    async def one() -> Kept:
        with Incoming(shop.box.media, most_bytes=kinds.MEGABYTE) as incoming:
            incoming.write(pdf())
            async with intake.taken(shop.box.db, shop.box.media, incoming, "a.pdf") as examined:
                return await shop.box.db.write(
                    keeping.keep, shop.asha.id, examined, origin="upload", disk_megabytes=9, now=shop.hands.now()
                )

    async def together() -> list[Kept]:
        return await asyncio.gather(*(one() for _ in range(8)))

    kept = asyncio.run(together())
    assert len({each.media.id for each in kept}) == 1 and sum(each.new for each in kept) == 1
    assert len(left(shop)) == 1


@pytest.mark.parametrize(
    ("given", "suffix", "wanted"),
    [
        ("bill.pdf", "pdf", "bill.pdf"),
        ("../../etc/passwd", "txt", "passwd.txt"),
        ("C:\\Users\\asha\\bill.pdf", "pdf", "bill.pdf"),
        ("invoice\u202efdp.exe", "pdf", "invoicefdp.exe.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "pdf", "aSet-Cookie x=1.pdf"),
        ('"quoted".pdf', "pdf", "quoted.pdf"),
        (None, "png", "file.png"),
        ("...", "png", "file.png"),
        ("photo.JPEG", "jpg", "photo.JPEG"),
        ("বিল.pdf", "pdf", "বিল.pdf"),
        ("x" * 500 + ".pdf", "pdf", "x" * 116 + ".pdf"),
    ],
)
def test_names_are_tidied(given: str | None, suffix: str, wanted: str) -> None:
    assert names.tidy(given, suffix) == wanted


@given(st.text(max_size=300), st.sampled_from(["pdf", "txt", "jpg"]))
def test_no_name_leaves_its_folder(given: str, suffix: str) -> None:
    made = names.tidy(given, suffix)
    assert 0 < len(made) <= names.LONGEST and not set(made) & set('/\\\0\r\n"') and made[0] != "."


@given(st.sampled_from([one for one in GOOD if one not in PICTURES]), st.data())
@settings(deadline=None, max_examples=200)
def test_no_bytes_break_the_look(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    hurt = bytearray(GOOD[name][0])
    for _ in range(data.draw(st.integers(1, 8))):
        hurt[data.draw(st.integers(0, len(hurt) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "hurt"
    path.write_bytes(hurt[: data.draw(st.integers(1, len(hurt)))])
    try:
        assert kinds.of(path, name).kind in stored.KINDS
    except Invalid as refusal:
        assert refusal.code == "bad_file"
