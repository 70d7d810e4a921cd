from __future__ import annotations

import sqlite3
from importlib import import_module
from pathlib import Path

import pytest
import sqlite_utils

from wabox import db, migrations
from wabox.errors import ConfigError
from wabox.migrations.steps import STEPS


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
    boxes_own = {"box", "users", "plans", "invoice_jumps", "engines", "engine_choices", "removals"}
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


@pytest.mark.parametrize(
    "released",
    [
        "0002_campaigns",
        "0003_accounts",
        "0004_billing",
        "0005_closing",
        "0006_content",
        "0007_totals",
        "0008_addresses",
        "0009_leftovers",
    ],
)
def test_a_box_of_any_earlier_release_comes_up_to_date_with_its_rows(tmp_path: Path, released: str) -> None:
    connection = db.connect(tmp_path / "wabox.db")
    STEPS.apply(sqlite_utils.Database(connection), stop_before=released)
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
    assert _shape(connection) == _todays_shape(tmp_path)
    connection.close()


def test_every_step_has_a_file_of_its_recorded_name_in_their_order() -> None:
    home = Path(migrations.__file__).parent
    files = sorted(path.stem for path in home.glob("[0-9]*.py"))
    assert files == list(migrations.NAMES)
    assert [name[:4] for name in files] == [f"{number:04}" for number in range(1, len(files) + 1)]


def test_a_file_that_took_the_fourth_step_before_the_third_ends_the_same(tmp_path: Path) -> None:
    connection = db.connect(tmp_path / "wabox.db")
    database = sqlite_utils.Database(connection)
    STEPS.apply(database, stop_before="0003_accounts")
    connection.execute(
        "insert into users (email, password_hash, role, created_at) values ('a', 'x', 'user', 'now')"
    )
    import_module("wabox.migrations.0004_billing").step(database)
    connection.execute(
        """insert into _sqlite_migrations (migration_set, name, applied_at)
           values ('wabox', '0004_billing', '2025-11-03')"""
    )
    assert migrations.migrate(connection)[:2] == ["0003_accounts", "0005_closing"]
    assert migrations.pending(connection) == []
    assert connection.execute("select email from users").fetchone()[0] == "a"
    assert _shape(connection) == _todays_shape(tmp_path)
    connection.close()


def test_a_file_in_which_one_transaction_id_counted_twice_goes_on(tmp_path: Path) -> None:
    connection = db.connect(tmp_path / "wabox.db")
    STEPS.apply(sqlite_utils.Database(connection), stop_before="0013_txids")
    connection.execute(
        "insert into users (email, password_hash, role, created_at) values ('a', 'x', 'user', 'now')"
    )
    connection.execute(
        "insert into plans (name, price_minor, currency, days, created_at) values ('Basic', 5, 'BDT', 30, 'now')"
    )
    for provider in ("bkash", "nagad"):
        connection.execute(
            """insert into payments (user_id, plan_id, provider, amount_minor, currency, txid, canon_txid, sender,
               status, created_at) values (1, 1, ?, 5, 'BDT', 'A1B2', 'a1b2', '017', 'approved', 'now')""",
            (provider,),
        )
    connection.execute("insert into false_claims (user_id, payment_id, kind, at) values (1, 1, 'reused', 'now')")
    assert "0013_txids" in migrations.migrate(connection)
    assert connection.execute("select count(*) from payments where status = 'approved'").fetchone()[0] == 2
    assert connection.execute("select count(*) from false_claims").fetchone()[0] == 0
    connection.close()


def test_chats_and_todays_messages_become_those_of_the_number_that_sent(tmp_path: Path) -> None:
    connection = db.connect(tmp_path / "wabox.db")
    STEPS.apply(sqlite_utils.Database(connection), stop_before="0017_numbers")
    connection.execute(
        "insert into users (email, password_hash, role, created_at) values ('a', 'x', 'owner', 'now')"
    )
    for label, phone in (("primary", "8801700000001"), ("second", "8801700000001"), ("third", None)):
        connection.execute(
            "insert into devices (user_id, label, profile, phone, created_at) values (1, ?, ?, ?, 'now')",
            (label, label, phone),
        )
    for device, at in ((1, "2026-03-01"), (2, "2026-02-01"), (3, "2026-01-01")):
        connection.execute(
            "insert into chats (device_id, user_id, phone, first_at, last_out_at) values (?, 1, '88018', ?, ?)",
            (device, at, at),
        )
    for status, at in (("sent", "2026-03-10T06:00:00+00:00"), ("sent", "2025-03-10T06:00:00+00:00")):
        connection.execute(
            """insert into messages (user_id, device_id, phone, text, status, spent_at, queued_at)
               values (1, 2, '88018', 'x', ?, ?, 'now')""",
            (status, at),
        )
    assert "0017_numbers" in migrations.migrate(connection)
    chats = connection.execute("select account, first_at, last_out_at from chats order by account").fetchall()
    assert [tuple(row) for row in chats] == [
        ("", "2026-01-01", "2026-01-01"),
        ("8801700000001", "2026-02-01", "2026-03-01"),
    ]
    accounts = connection.execute("select account from messages order by id").fetchall()
    assert [row["account"] for row in accounts] == ["8801700000001", None]
    sends = connection.execute("select sends_as from devices order by id").fetchall()
    assert [row["sends_as"] for row in sends] == ["8801700000001", "8801700000001", None]
    connection.close()


def _shape(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Everything the file is made of, as it was written."""
    rows = connection.execute(
        "select type, name, sql from sqlite_master where name not like '%sqlite%' order by name"
    )
    return [(row["type"], row["name"], row["sql"]) for row in rows]


def _todays_shape(path: Path) -> list[tuple[str, str, str]]:
    fresh = db.connect(path / "fresh.db")
    migrations.migrate(fresh)
    shape = _shape(fresh)
    fresh.close()
    return shape
