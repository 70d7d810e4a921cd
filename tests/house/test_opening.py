"""A database that cannot be opened stops the start in one sentence; one that is hurt is latched."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wabox import config, datadir, open_box, opening
from wabox.__main__ import main
from wabox.config import Config
from wabox.datadir import DataDir
from wabox.db import PAGE_BYTES
from wabox.errors import ConfigError, Unavailable


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    return config.parse({"data": {"dir": str(tmp_path / "data")}}, base=tmp_path)


@pytest.fixture
def lived(settings: Config) -> DataDir:
    """A box that was made and stopped."""
    data = datadir.prepare(settings.data.dir)
    with open_box.opened(settings, data):
        pass
    return data


def empty(path: Path) -> None:
    os.truncate(path, 0)


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_by_a_page(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4096)


def garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1_000)


def without_tables(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.close()


def hurt_first_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(500))


def root_of_messages(path: Path) -> int:
    connection = sqlite3.connect(path)
    root: int = connection.execute("select rootpage from sqlite_master where name = 'messages'").fetchone()[0]
    connection.close()
    return root


def hurt_messages(path: Path, *, bytes_hurt: int = PAGE_BYTES) -> None:
    """The root page of `messages` is overwritten, or only its first byte flipped."""
    at = (root_of_messages(path) - 1) * PAGE_BYTES
    with path.open("r+b") as file:
        file.seek(at)
        before = file.read(bytes_hurt)
        file.seek(at)
        file.write(bytes(one ^ 0xFF for one in before))


LOST: list[Callable[[Path], None]] = [
    Path.unlink,
    empty,
    cut_in_half,
    cut_by_a_page,
    garbage,
    without_tables,
    hurt_first_page,
]


def typed(data: DataDir, *words: str) -> Result:
    settings = data.path.parent / "wabox.toml"
    settings.write_text(f'[data]\ndir = "{data.path}"\n')
    return CliRunner().invoke(main, [*words, "--config", str(settings)])


@pytest.mark.parametrize("bad_day", LOST)
def test_row_28_lost_database_stops_every_start_with_both_ways_out(
    settings: Config, lived: DataDir, bad_day: Callable[[Path], None]
) -> None:
    """Catalogue row 28."""
    lived.backups.mkdir()
    (lived.backups / "before-0008.db").write_bytes(b"")
    bad_day(lived.database)
    for damaged_too in (True, False):
        with (
            pytest.raises(ConfigError, match="before-0008.db to .* or begin anew with wabox begin-anew") as told,
            open_box.opened(settings, lived, damaged_too=damaged_too),
        ):
            pytest.fail("a lost box was opened")
        assert "\n" not in str(told.value)
    for words in (("user", "list"), ("serve",)):
        done = typed(lived, *words)
        assert (done.exit_code, "Traceback" in done.output) == (2, False), done.output
        assert "begin-anew" in done.output


@pytest.mark.parametrize("bytes_hurt", [1, PAGE_BYTES])
def test_row_28_hurt_page_is_found_at_start_and_latched(settings: Config, lived: DataDir, bytes_hurt: int) -> None:
    """Catalogue row 28."""
    hurt_messages(lived.database, bytes_hurt=bytes_hurt)
    with open_box.opened(settings, lived, damaged_too=True) as box:
        assert box.db.damaged
        with pytest.raises(Unavailable) as refusal:
            box.db.write_now(lambda tx: tx.run("delete from users"))
        assert refusal.value.code == "database_damaged"
    with pytest.raises(ConfigError, match="is damaged"), open_box.opened(settings, lived):
        pytest.fail("a command went to work on a damaged database")


def test_row_28_hurt_page_that_a_start_had_no_time_for_is_found_later(
    settings: Config, lived: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catalogue row 28."""
    hurt_messages(lived.database)
    monkeypatch.setattr(opening, "look_at_start", lambda _data: opening.Looked(whole=False))
    monkeypatch.setattr(opening.Looking, "stop", lambda looking: looking._thread.join(20))
    with open_box.opened(settings, lived, damaged_too=True) as box:
        pass
    assert box.db.damaged


def test_row_28_lost_journal_leaves_a_whole_database_that_opens(settings: Config, lived: DataDir) -> None:
    """Catalogue row 28."""
    for name in ("wabox.db-wal", "wabox.db-shm"):
        (lived.path / name).unlink(missing_ok=True)
    with open_box.opened(settings, lived) as box:
        assert not box.db.damaged


def test_whole_file_is_looked_through_and_found_well(lived: DataDir) -> None:
    assert opening.look(lived.database, seconds=60) == opening.Looked(whole=True, damage=None)
    assert not opening.is_cut(lived.database)


@pytest.mark.parametrize("made", ["nothing", "key", "empty database", "half the tables"])
def test_first_start_that_was_killed_is_begun_again(settings: Config, made: str) -> None:
    data = datadir.prepare(settings.data.dir)
    if made != "nothing":
        datadir.secret_key(data)
    if made == "empty database":
        data.database.write_bytes(b"")
    if made == "half the tables":
        without_tables_at(data.database)
    with open_box.opened(settings, data) as box:
        assert not box.db.damaged
    assert opening.has_lived(data)
    assert not data.first_start.exists()


def without_tables_at(path: Path) -> None:
    path.write_bytes(b"")
    without_tables(path)


def test_profiles_without_key_and_database_are_a_lost_box(settings: Config) -> None:
    data = datadir.prepare(settings.data.dir)
    (data.profiles / "0a1b").mkdir()
    with pytest.raises(ConfigError, match="is missing, but this box has lived"), open_box.opened(settings, data):
        pytest.fail("a lost box was made new")


@pytest.mark.parametrize("bad_day", [*LOST, hurt_messages])
def test_begin_anew_keeps_everything_aside_and_makes_room(
    settings: Config, lived: DataDir, bad_day: Callable[[Path], None]
) -> None:
    (lived.profiles / "0a1b").mkdir()
    (lived.path / "mine.txt").write_text("not wabox's")
    key = lived.key_file.read_bytes()
    bad_day(lived.database)
    held = lived.database.read_bytes() if lived.database.exists() else None
    done = typed(lived, "begin-anew", "--yes")
    assert done.exit_code == 0, done.output
    (place,) = lived.aside.iterdir()
    assert (place / "secret.key").read_bytes() == key
    assert (place / "profiles" / "0a1b").is_dir()
    assert held is None or (place / "wabox.db").read_bytes() == held
    assert (lived.path / "mine.txt").exists()
    with open_box.opened(settings, datadir.prepare(settings.data.dir)) as box:
        assert not box.db.damaged
    assert lived.key_file.read_bytes() != key


def test_begin_anew_touches_no_box_that_is_whole_or_not_there(settings: Config, lived: DataDir) -> None:
    before = lived.database.read_bytes()
    assert "is whole, so nothing was done" in typed(lived, "begin-anew", "--yes").output
    assert lived.database.read_bytes() == before
    nowhere = datadir.DataDir(lived.path.parent / "other")
    assert "There is no box" in typed(nowhere, "begin-anew", "--yes").output
    assert not nowhere.database.exists()


def test_begin_anew_waits_for_who_holds_the_directory(lived: DataDir) -> None:
    empty(lived.database)
    with datadir.held(lived, what="wabox serve"):
        done = typed(lived, "begin-anew", "--yes")
    assert done.exit_code == 2 and "in use" in done.output
