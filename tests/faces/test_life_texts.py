"""Whatever backup, restore, move and engine say on a page of what went wrong is said in Bengali, place and all."""

from __future__ import annotations

import ast
import errno
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event
from zoneinfo import ZoneInfo

import pytest

import wabox
from tests.cast import Stage, stage
from wabox.backup import age, making, nightly, reading, record
from wabox.backup.age import Key, Lock
from wabox.checkup.findings import bad
from wabox.dashboard.admin.health import said_of
from wabox.dashboard.voice import Voice
from wabox.datadir import DataDir
from wabox.errors import Invalid

HOME = Path(wabox.__file__).parent
BENGALI = Voice("bn", ZoneInfo("Asia/Dhaka"), datetime.now(UTC))
REFUSALS = {
    "Unavailable",
    "Invalid",
    "Damaged",
    "Told",
    "Unreadable",
    "NoRoom",
    "damaged",
    "Refusal",
    "ConfigError",
}
MODULES = (
    *(f"backup/{one.name}" for one in sorted((HOME / "backup").glob("*.py"))),
    *(f"renewal/{one}.py" for one in ("archive", "store", "switching")),
    *(f"dashboard/admin/{one}.py" for one in ("backups", "engine", "held", "move")),
    "dashboard/login/restore.py",
    "fence.py",
)
# What is no text: the code of a refusal, and the text of one with values, which is marked where it is written.
CODE = re.compile(r"[a-z_]+")
NAMES = re.compile(
    r"wabox-\d+\.tar(\.age)?|[\w./-]*\.(db|key|json|toml)|(media|receipts)/[\w/]+|wabox|age|kept\.tar"
)


def told(path: Path) -> Iterator[str]:
    """Each text that the module refuses with, with something in place of its values."""
    for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(getattr(one, "func", None), "id", getattr(getattr(one, "func", None), "attr", ""))
        if isinstance(one, ast.Call) and name in REFUSALS:
            for given in one.args:
                if isinstance(given, ast.Constant | ast.JoinedStr):
                    parts = given.values if isinstance(given, ast.JoinedStr) else [given]
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)


@pytest.mark.parametrize("name", MODULES)
def test_no_refusal_is_only_english(name: str) -> None:
    texts = [one for one in told(HOME / name) if not CODE.fullmatch(one)]
    assert [one for one in texts if BENGALI.say(one) == one] == []


def test_the_texts_are_found_where_they_are_said() -> None:
    found = [one for name in MODULES for one in told(HOME / name)]
    assert "in 7, which changed while it was packed" in found
    assert "The backup was not made: 7 has 7 MB free, and it takes 7 MB. Free some space." in found
    assert len(found) > 40


def english(said: str) -> list[str]:
    """Words of English in it, but for names of files."""
    return re.findall(r"[a-z]{2,}", NAMES.sub("", said))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = stage(tmp_path_factory.mktemp("box"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(box: Stage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, Key | None]]:
    """{name: (a backup, its key)}: open, and sealed for a key."""
    data, place = DataDir(box.box.config.data.dir), tmp_path_factory.mktemp("kept")
    own = age.identity()
    wanted = {"open": making.Wanted(place / "wabox-1.tar")}
    lock, key = Lock(recipients=(age.recipient_of(own),)), Key(identity=own)
    wanted["sealed"] = making.Wanted(place / "wabox-1.tar.age", lock, key)
    for one in wanted.values():
        making.make(box.box.config, data, one, now=box.hands.now())
    return {name: (one.path.read_bytes(), one.key) for name, one in wanted.items()}


@pytest.mark.parametrize("kind", ["open", "sealed"])
def test_damage_anywhere_is_told_in_bengali_with_its_place(
    kind: str, whole: dict[str, tuple[bytes, Key | None]], tmp_path: Path
) -> None:
    raw, key = whole[kind]
    path, dice = tmp_path / "kept.tar", Random(7)
    heads = [0, 200, 600, 5_000]
    flips = [
        bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]) for at in heads + dice.sample(range(len(raw)), 12)
    ]
    cuts = [raw[:at] for at in heads + dice.sample(range(len(raw)), 6)]
    for hurt in (*flips, *cuts, raw + b"x"):
        path.write_bytes(hurt)
        with pytest.raises(Invalid) as refused:
            reading.check(path, key)
        if refused.value.code == "wrong_passphrase":
            continue  # its own sentence, told with the file's name by the page
        said = BENGALI.say(refused.value.sentence)
        assert english(said) == [], (refused.value.sentence, said)


DISK = (
    errno.ENOSPC,
    errno.EIO,
    errno.EACCES,
    errno.EROFS,
    errno.EDQUOT,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ESTALE,
)


@pytest.mark.parametrize("number", DISK)
def test_a_disk_that_fails_at_night_is_told_in_bengali(
    number: int, box: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> making.Made:
        with making._told(Path("/media/stick/wabox-1.tar")):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(making, "make", fails)
    (tmp_path / "place").mkdir()
    monkeypatch.setattr(nightly, "place_of", lambda _: tmp_path / "place")
    data, now = DataDir(box.box.config.data.dir), box.hands.now()
    entry = nightly.run(box.box.config, data, nightly.Work(Event()), by="night", now=now)
    assert os.strerror(number) in record.entries(data)[0].why
    found = next(iter(nightly.judged(box.box.config, [entry], now=now)))
    said, cure = said_of(BENGALI, found)
    assert english(said.replace("/media/stick", "")) == []
    assert cure != found.cure


def test_what_the_owners_command_said_stays_and_what_became_of_it_is_told() -> None:
    said = BENGALI.say("It ended with 3 and said: quota\nof remote:shop")
    assert said == "৩ কোড দিয়ে শেষ হয়েছে, আর বলেছে: quota\nof remote:shop"


def test_a_step_of_the_engine_is_called_by_its_name() -> None:
    finding = bad("engine", "The engine stands still: %(steps)s.", "", steps="poster, devices")
    assert english(said_of(BENGALI, finding)[0]) == []
