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
LIVED = """
insert into users (email, password_hash, role, created_at) values ('asha@example.com', 'x', 'owner', '2025');
insert into devices (user_id, label, profile, state, created_at) values (1, 'primary', 'p1', 'ready', '2025');
insert into messages (user_id, device_id, phone, text, queued_at) values (1, 1, '8801711000001', 'Hi', '2025');
insert into campaigns (user_id, name, message, status, created_at) values (1, 'Eid', 'Hi', 'sending', '2025');
"""


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """The copy made before an upgrade, and the database after it."""
    copy, now = tmp_path / "copy.db", tmp_path / "wabox.db"
    connection = db.connect(now)
    migrations.migrate(connection)
    audit.note(Tx(connection), user_id=None, action="box.started", now=NOON)
    connection.executescript(LIVED)
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
MORE_WORK = (  # each of which a message, or its absence, hangs on
    "insert into suppressions (user_id, phone_hash, source, at) values (1, 'x', 'reply', '2025-11-03')",
    "update messages set revoke_asked_at = '2025-11-03'",
    "update campaigns set status = 'paused'",
    "update devices set linked_at = '2025-11-03'",
)
STEP = "insert into _sqlite_migrations (migration_set, name, applied_at) values ('wabox', '9999_next', 'now')"


def test_copy_goes_back_when_nothing_was_done_on_a_new_schema(two: tuple[Path, Path]) -> None:
    change(two[1], STEP, "insert into box (key, value) values ('seen_at', 'now')")
    assert verdict(*two) == 0


def test_on_the_same_schema_everything_stays(two: tuple[Path, Path]) -> None:
    assert verdict(*two) == 3
    change(two[1], WORK)
    assert verdict(*two) == 3


@pytest.mark.parametrize("work", [WORK, *MORE_WORK])
def test_no_work_that_was_done_on_a_new_schema_is_undone(two: tuple[Path, Path], work: str) -> None:
    change(two[1], work, STEP)
    assert verdict(*two) == 4


def test_the_copy_does_not_go_back_as_it_is_in_place_of_a_damaged_database(two: tuple[Path, Path]) -> None:
    two[1].write_bytes(b"damaged" * 1000)
    assert verdict(*two) == 4


def test_without_a_copy_the_data_stays(two: tuple[Path, Path], tmp_path: Path) -> None:
    assert verdict(tmp_path / "nothing.db", two[1]) == 3
