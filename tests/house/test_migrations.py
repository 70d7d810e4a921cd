from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from wabox import db, migrations
from wabox.errors import ConfigError


def test_new_file_gets_every_step_once(tmp_path: Path) -> None:
    connection = db.connect(tmp_path / "wabox.db")
    due = migrations.pending(connection)
    assert due and migrations.migrate(connection) == due
    assert migrations.pending(connection) == []
    assert migrations.migrate(connection) == []
    connection.close()


def test_newer_file_is_not_touched(tmp_path: Path) -> None:
    connection = db.connect(tmp_path / "wabox.db")
    migrations.migrate(connection)
    connection.execute(
        """insert into _sqlite_migrations (migration_set, name, applied_at)
           values ('wabox', '9999_from_the_future', '2099-01-01')"""
    )
    with pytest.raises(ConfigError, match="newer wabox .*9999_from_the_future"):
        migrations.migrate(connection)
    connection.close()


def test_tables_are_strict_and_rows_belong_to_somebody(tmp_path: Path) -> None:
    connection = db.connect(tmp_path / "wabox.db")
    migrations.migrate(connection)
    tables = connection.execute(
        """select name, strict from pragma_table_list
           where schema = 'main' and type = 'table' and name not like '%sqlite%'"""
    ).fetchall()
    assert {row["name"] for row in tables if not row["strict"]} == set()
    boxes_own = {"box", "users", "plans"}
    for name in {row["name"] for row in tables} - boxes_own:
        columns = {row["name"] for row in connection.execute(f"pragma table_info({name})")}
        assert "user_id" in columns, f"{name} does not say whose its rows are"
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "insert into users (email, password_hash, role, created_at) values ('a', 'x', 'king', 'now')",
        """insert into users (email, password_hash, role, state, created_at)
           values ('a', 'x', 'user', 'odd', 'now')""",
        "insert into devices (user_id, label, profile, created_at) values (99, 'x', 'x', 'now')",
    ],
)
def test_impossible_rows_are_refused_by_the_file_itself(tmp_path: Path, statement: str) -> None:
    connection = db.connect(tmp_path / "wabox.db")
    migrations.migrate(connection)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    connection.close()
