from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wabox import db, migrations
from wabox.accounts import audit
from wabox.db import Tx

PROGRAM = Path(__file__).parents[2] / "deploy" / "can_go_back.py"
NOON = datetime(2025, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """The copy made before an upgrade, and the database after it."""
    copy, now = tmp_path / "copy.db", tmp_path / "wabox.db"
    connection = db.connect(now)
    migrations.migrate(connection)
    audit.note(Tx(connection), user_id=None, action="box.started", now=NOON)
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    shutil.copy(now, copy)
    return copy, now


def verdict(copy: Path, now: Path) -> int:
    return subprocess.run([sys.executable, PROGRAM, copy, now], check=False).returncode


def change(path: Path, *statements: str) -> None:
    connection = db.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.close()


WORK = "insert into audit (action, at) values ('key.rotated', '2025-11-03')"
STEP = "insert into _sqlite_migrations (migration_set, name, applied_at) values ('wabox', '9999_next', 'now')"


def test_copy_goes_back_when_nothing_was_done(two: tuple[Path, Path]) -> None:
    assert verdict(*two) == 0
    change(two[1], STEP)
    assert verdict(*two) == 0


def test_work_done_on_the_same_schema_is_kept(two: tuple[Path, Path]) -> None:
    change(two[1], WORK)
    assert verdict(*two) == 3


def test_work_done_on_a_new_schema_needs_a_person(two: tuple[Path, Path]) -> None:
    change(two[1], WORK, STEP)
    assert verdict(*two) == 4


def test_damaged_database_needs_a_person(two: tuple[Path, Path]) -> None:
    two[1].write_bytes(b"damaged" * 1000)
    assert verdict(*two) == 4


def test_without_a_copy_the_data_stays(two: tuple[Path, Path], tmp_path: Path) -> None:
    assert verdict(tmp_path / "nothing.db", two[1]) == 3
