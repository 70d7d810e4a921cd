from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlite_utils

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


@pytest.mark.parametrize("released", ["0002_campaigns", "0003_accounts", "0004_billing", "0005_closing"])
def test_a_box_of_any_earlier_release_comes_up_to_date_with_its_rows(tmp_path: Path, released: str) -> None:
    connection = db.connect(tmp_path / "wabox.db")
    migrations.STEPS.apply(sqlite_utils.Database(connection), stop_before=released)
    connection.execute(
        "insert into users (email, password_hash, role, created_at) values ('a', 'x', 'owner', 'now')"
    )
    connection.execute(
        "insert into devices (user_id, label, profile, created_at) values (1, 'primary', 'p', 'now')"
    )
    connection.execute("insert into audit (user_id, action, details, at) values (1, 'box.set_up', '{}', 'now')")
    assert migrations.migrate(connection)[0] == released
    assert migrations.pending(connection) == []
    assert connection.execute("select count(*) from users join devices on user_id = users.id").fetchone()[0] == 1
    fresh = db.connect(tmp_path / "fresh.db")
    migrations.migrate(fresh)
    shape = "select type, name, sql from sqlite_master where name not like '%sqlite%' order by name"
    assert [tuple(row) for row in connection.execute(shape)] == [tuple(row) for row in fresh.execute(shape)]
    connection.close()
    fresh.close()
