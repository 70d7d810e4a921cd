"""Copies that upgrades leave: one at a time, only with room, and none for ever."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.test_can_go_back import PROGRAM
from tests.house.test_upgrades import asked, names, old
from wabox import db, earlier, open_box
from wabox.datadir import DataDir
from wabox.errors import ConfigError


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A box of the release before the last step, which was seen running."""
    made = old(tmp_path / "data", names()[-1])
    change(made, "insert into box (key, value) values ('seen_at', '2025-11-03T12:00:00')")
    return made


def change(data: DataDir, sql: str) -> None:
    connection = db.connect(data.database)
    connection.executescript(sql)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()


def of_the_installer(data: DataDir) -> Path:
    """As `./install.sh service` makes it while the box stands still."""
    copy = data.backups / "before-20251103T120000Z/wabox.db"
    copy.parent.mkdir(parents=True)
    program = PROGRAM.with_name("database_copy.py")
    for what in ("make", "catch-up"):
        subprocess.run([sys.executable, program, what, data.database, copy], check=True)
    return copy


def own(data: DataDir) -> list[str]:
    return sorted(one.name for one in data.backups.glob("before-*.db*"))


def test_a_copy_is_made_before_a_step_and_is_whole(data: DataDir) -> None:
    open_box.upgrade(data)
    assert own(data) == [f"before-{names()[-1]}.db"]
    [copy] = earlier.copies(data)
    assert asked(copy, "pragma integrity_check") == "ok"
    assert asked(copy, "select count(*) from _sqlite_migrations") == len(names()) - 1
    assert copy.stat().st_mode & 0o077 == 0


def test_without_room_for_the_copy_nothing_is_changed(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 99, earlier.SPARE_BYTES))
    with pytest.raises(ConfigError, match=r"needs 6\d MB in .*; only 64 MB are free. Free some space"):
        open_box.upgrade(data)
    assert own(data) == []
    assert asked(data.database, "select count(*) from _sqlite_migrations") == len(names()) - 1


def test_the_installers_copy_of_the_same_data_is_as_good(data: DataDir) -> None:
    copy = of_the_installer(data)
    open_box.upgrade(data)
    assert own(data) == [] and earlier.copies(data) == [copy]
    assert asked(data.database, "select count(*) from _sqlite_migrations") == len(names())


@pytest.mark.parametrize(
    "sql",
    [
        "update box set value = '2025-11-03T12:01:00' where key = 'seen_at'",
        "update messages set text = 'changed since'",
        "delete from box where key = 'seen_at'",
    ],
)
def test_a_copy_from_before_the_box_ran_again_is_not(data: DataDir, sql: str) -> None:
    of_the_installer(data)
    change(data, sql)
    open_box.upgrade(data)
    assert own(data) == [f"before-{names()[-1]}.db"]


def test_a_start_that_was_cut_off_leaves_the_copy_from_before_its_first_step(tmp_path: Path) -> None:
    data = old(tmp_path / "data", names()[-3])
    change(data, "insert into box (key, value) values ('seen_at', '2025-11-03T12:00:00')")
    connection = db.connect(data.database)
    copy = earlier.make_sure(data, connection, names()[-3])
    connection.close()
    (data.backups / "before-0001.db.half").write_text("of one that was killed")
    (data.backups / "before-0001.db").write_text("of an upgrade long ago")
    change(data, f"insert into _sqlite_migrations (migration_set, name) values ('other', '{names()[-3]}')")
    open_box.upgrade(data)
    assert own(data) == [copy.name]
    assert asked(copy, "select count(*) from _sqlite_migrations") == len(names()) - 3


def test_after_a_month_none_is_left(data: DataDir) -> None:
    open_box.upgrade(data)
    of_the_installer(data)
    assert earlier.forget(data, at=datetime.now(UTC) + timedelta(days=29)) == 0
    assert earlier.forget(data, at=datetime.now(UTC) - timedelta(days=900)) == 0  # a clock that was set back
    (data.backups / "wabox-2025-11-03.age").write_text("a backup is no copy of an upgrade")
    new = data.backups / "before-20251201T120000Z"
    new.mkdir()
    later = (datetime.now(UTC) + timedelta(days=20)).timestamp()
    os.utime(new, (later, later))
    assert earlier.forget(data, at=datetime.now(UTC) + timedelta(days=31)) == 2
    assert sorted(one.name for one in data.backups.iterdir()) == [new.name, "wabox-2025-11-03.age"]
