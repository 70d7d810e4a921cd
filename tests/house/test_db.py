from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.some import some
from wabox import db
from wabox.db import Database, Rows, Tx
from wabox.errors import Invalid, Unavailable

SCHEMA = """
create table notes (id integer primary key, text text not null);
create table counts (name text primary key, n integer not null default 0);
create table replies (id integer primary key, note_id integer references notes (id) deferrable initially deferred);
insert into counts (name) values ('notes');
"""
COUNT = "update counts set n = n + :n where name = :name"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that any connection of the test runs."""
    statements: list[str] = []
    connect = db.connect

    def traced(path: Path, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(path, **kwargs)
        if not kwargs.get("query_only"):
            connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(db, "connect", traced)
    return statements


@pytest.fixture
def box(tmp_path: Path, said: list[str]) -> Iterator[Database]:
    connection = sqlite3.connect(tmp_path / "wabox.db")
    connection.executescript(SCHEMA)
    connection.close()
    database = Database(tmp_path / "wabox.db")
    database.start()
    said.clear()
    yield database
    database.stop()


def note(tx: Tx, text: str) -> int:
    return tx.insert("insert into notes (text) values (:text)", text=text)


def texts(rows: Rows) -> list[str]:
    return [row["text"] for row in rows.all("select text from notes order by id")]


def together(box: Database, verbs: Sequence[Callable[[Tx], Any]]) -> list[Any]:
    """Hands the verbs over in one loop iteration; returns results and errors."""

    async def ask() -> list[Any]:
        return await asyncio.gather(*(box.write(verb) for verb in verbs), return_exceptions=True)

    return asyncio.run(ask())


def test_every_connection_flushes_before_it_answers(box: Database) -> None:
    """Row 11: synchronous = full, on each."""

    def pragmas(rows: Rows) -> tuple[Any, ...]:
        return tuple(rows.value(f"pragma {one}") for one in ("synchronous", "journal_mode", "foreign_keys"))

    assert box.write_now(pragmas) == (2, "wal", 1)
    assert box.read_here(pragmas) == (2, "wal", 1)
    assert asyncio.run(box.read(pragmas)) == (2, "wal", 1)


def test_verbs_of_one_loop_iteration_are_one_transaction(box: Database, said: list[str]) -> None:
    ids = together(box, [lambda tx, n=n: note(tx, f"note {n}") for n in range(100)])  # type: ignore[misc]
    assert len(set(ids)) == 100
    assert said.count("begin immediate") == said.count("commit") == 1
    assert not any(one.startswith("savepoint") for one in said)


def test_a_verb_that_raises_costs_only_itself(box: Database) -> None:
    def fails(tx: Tx) -> None:
        note(tx, "lost")
        raise ZeroDivisionError

    results = together(box, [lambda tx: note(tx, "first"), fails, lambda tx: note(tx, "last")])
    assert isinstance(results[1], ZeroDivisionError)
    assert box.read_here(texts) == ["first", "last"]
    assert [results[0], results[2]] == [1, 2]


def test_a_constraint_costs_only_its_verb(box: Database) -> None:
    def twice(tx: Tx) -> None:
        tx.run("insert into notes (id, text) values (1, 'same')")

    results = together(box, [twice, twice, lambda tx: note(tx, "last")])
    assert isinstance(results[1], sqlite3.IntegrityError)
    assert box.read_here(texts) == ["same", "last"]


def test_rerun_forgets_what_the_first_run_handed_out(box: Database) -> None:
    told: list[str] = []

    def counts(tx: Tx) -> None:
        note(tx, "counted")
        tx.tally(COUNT, 1, name="notes")
        tx.after_commit(lambda: told.append("counted"))

    def fails(tx: Tx) -> None:
        note(tx, "lost")
        tx.tally(COUNT, 100, name="notes")
        tx.after_commit(lambda: told.append("lost"))
        raise ZeroDivisionError

    together(box, [counts, fails, counts])
    assert box.read_here(lambda rows: rows.value("select n from counts")) == 2
    box.write_now(lambda tx: None)  # the writer tells before it takes the next batch
    assert told == ["counted", "counted"]


def test_refusal_before_a_write_reruns_nobody(box: Database, said: list[str]) -> None:
    runs: list[int] = []

    def refuses(tx: Tx) -> None:
        tx.value("select 1")
        raise Invalid("no", "No.")

    results = together(box, [lambda tx: runs.append(note(tx, "kept")), refuses])
    assert isinstance(results[1], Invalid)
    assert len(runs) == 1
    assert said.count("begin immediate") == 1


def test_refusal_after_a_write_takes_it_back(box: Database) -> None:
    def refuses(tx: Tx) -> None:
        note(tx, "taken back")
        raise Invalid("no", "No.")

    results = together(box, [refuses, lambda tx: note(tx, "kept")])
    assert isinstance(results[0], Invalid)
    assert box.read_here(texts) == ["kept"]


def test_tallies_are_one_statement_a_counter(box: Database, said: list[str]) -> None:
    def counts(tx: Tx) -> None:
        note(tx, "counted")
        tx.tally(COUNT, 1, name="notes")

    def evens_out(tx: Tx) -> None:
        tx.tally(COUNT, 1, name="nobody")
        tx.tally(COUNT, -1, name="nobody")

    together(box, [counts] * 50 + [evens_out])
    assert box.read_here(lambda rows: rows.value("select n from counts where name = 'notes'")) == 50
    assert len([one for one in said if one.startswith("update counts")]) == 1


def test_world_is_told_after_the_commit(box: Database) -> None:
    seen: list[list[str]] = []

    def tells(tx: Tx) -> None:
        note(tx, "durable")
        tx.after_commit(lambda: seen.append(box.read_here(texts)))

    box.write_now(tells)
    box.write_now(lambda tx: None)
    assert seen == [["durable"]]


def test_a_listener_that_fails_harms_nobody(box: Database) -> None:
    told: list[int] = []

    def tells(tx: Tx) -> int:
        tx.after_commit(lambda: [][0])
        tx.after_commit(lambda: told.append(1))
        return note(tx, "kept")

    assert box.write_now(tells) == 1
    assert box.write_now(lambda tx: note(tx, "next")) == 2
    assert told == [1]


def test_full_disk_is_a_named_state_and_recovers(box: Database) -> None:
    """Row 26: nothing half, and 503 before any 202."""

    def limit(tx: Tx, pages: int) -> None:
        tx.value(f"pragma max_page_count = {pages}")

    pages = box.write_now(lambda tx: tx.value("pragma page_count"))
    box.write_now(limit, pages)
    with pytest.raises(Unavailable) as refusal:
        box.write_now(lambda tx: note(tx, "x" * 50_000))
    assert refusal.value.code == "storage_full" and refusal.value.retry_after
    results = together(box, [lambda tx: note(tx, "x" * 50_000), lambda tx: note(tx, "y" * 50_000)])
    assert [one.code for one in results] == ["storage_full", "storage_full"]
    assert box.read_here(texts) == []
    box.write_now(limit, 1_000_000)
    box.write_now(lambda tx: note(tx, "z" * 50_000))
    assert box.read_here(lambda rows: rows.value("select count(*) from notes")) == 1


def test_file_locked_by_another_is_a_named_state_and_recovers(box: Database) -> None:
    """Row 27."""
    box.write_now(lambda tx: tx.value("pragma busy_timeout = 20"))
    other = sqlite3.connect(box.path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(Unavailable) as refusal:
        box.write_now(lambda tx: note(tx, "not now"))
    assert refusal.value.code == "busy"
    assert box.read_here(texts) == []
    other.execute("rollback")
    other.close()
    assert box.write_now(lambda tx: note(tx, "now")) == 1


def test_failed_commit_fails_all_and_keeps_nothing(box: Database) -> None:
    def dangles(tx: Tx) -> None:
        tx.run("insert into replies (note_id) values (99)")

    results = together(box, [lambda tx: note(tx, "with it"), dangles])
    assert all(isinstance(one, sqlite3.IntegrityError) for one in some(results))
    assert box.read_here(texts) == []
    assert box.write_now(lambda tx: note(tx, "next")) == 1


def test_too_much_waiting_is_refused_at_once(box: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "MOST_WAITING", 3)
    entered, gate = threading.Event(), threading.Event()

    def holds(tx: Tx) -> None:
        entered.set()
        gate.wait(10)

    holder = threading.Thread(target=box.write_now, args=(holds,))
    holder.start()
    assert entered.wait(10)
    waiting = [threading.Thread(target=box.write_now, args=(note, f"{n}")) for n in range(4)]
    for one in waiting:
        one.start()
    while len(box._waiting) < 4:
        threading.Event().wait(0.001)
    with pytest.raises(Unavailable) as refusal:
        box.write_now(lambda tx: note(tx, "too many"))
    assert refusal.value.code == "busy" and refusal.value.retry_after
    gate.set()
    for one in [holder, *waiting]:
        one.join()
    assert sorted(box.read_here(texts)) == ["0", "1", "2", "3"]


def test_asker_who_left_does_not_stop_the_writer(box: Database) -> None:
    async def leaves() -> None:
        asked = asyncio.ensure_future(box.write(note, "left"))
        await asyncio.sleep(0)
        asked.cancel()
        assert await box.write(note, "stayed")

    asyncio.run(leaves())
    assert "stayed" in box.read_here(texts)


def test_readers_cannot_write(box: Database) -> None:
    def writes(rows: Rows) -> None:
        rows.all("insert into notes (text) values ('no') returning id")

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        box.read_here(writes)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        asyncio.run(box.read(writes))


def test_a_read_sees_one_snapshot(box: Database) -> None:
    def twice(rows: Rows) -> tuple[list[str], list[str]]:
        before = texts(rows)
        thread = threading.Thread(target=box.write_now, args=(note, "meanwhile"))
        thread.start()
        thread.join()
        return before, texts(rows)

    assert box.read_here(twice) == ([], [])
    assert box.read_here(texts) == ["meanwhile"]


def test_stop_finishes_what_waits_and_takes_no_more(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "wabox.db")
    connection.executescript(SCHEMA)
    connection.close()
    box = Database(tmp_path / "wabox.db")
    box.start()
    threads = [threading.Thread(target=box.write_now, args=(note, f"{n}")) for n in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    box.stop()
    with pytest.raises(Unavailable):
        box.write_now(lambda tx: note(tx, "late"))
    assert not (tmp_path / "wabox.db-wal").exists()
    kept = sqlite3.connect(tmp_path / "wabox.db")
    assert kept.execute("select count(*) from notes").fetchone()[0] == 20
    kept.close()


def test_failing_transactions_are_logged_once_and_counted_when_they_are_over(box: Database) -> None:
    def limit(tx: Tx, pages: int) -> None:
        tx.value(f"pragma max_page_count = {pages}")

    pages = box.write_now(lambda tx: tx.value("pragma page_count"))
    with structlog.testing.capture_logs() as logged:
        box.write_now(limit, pages)
        for _ in range(5):
            with pytest.raises(Unavailable):
                box.write_now(lambda tx: note(tx, "x" * 50_000))
        box.write_now(lambda tx: tx.value("select 1"))  # proves nothing
        assert box.failing is not None and "full" in box.failing
        box.write_now(limit, 1_000_000)
        for _ in range(2):
            box.write_now(lambda tx: note(tx, "y"))
    assert [one["event"] for one in logged] == ["transaction failed", "transactions are kept again"]
    assert (logged[1]["transactions"], logged[1]["verbs"]) == (5, 5)
    assert box.failing is None


@dataclass(frozen=True)
class Kept:
    id: int
    open: bool
    at: datetime
    ended_at: datetime | None
    name: str
    tags: tuple[str, ...]


def test_a_row_is_read_by_the_names_and_types_of_its_fields(box: Database) -> None:
    read = db.reader(Kept, name="label", tags=lambda row: tuple(row["words"].split()))
    row = box.read_here(
        lambda rows: rows.one(
            """select 'red green' as words, 'shop' as label, 7 as id, 'not asked for' as more, 0 as open,
               '2026-11-20T10:00:00.000000+00:00' as at, null as ended_at"""
        )
    )
    assert row is not None
    shop = Kept(7, False, datetime(2026, 11, 20, 10, tzinfo=UTC), None, "shop", ("red", "green"))
    assert read(row) == shop
    columns = ", ".join(reversed(row.keys()))
    turned = box.read_here(
        lambda rows: rows.one(
            f"""select {columns}, 'twice' as label from (
                select 'red green' as words, 'shop' as label, 7 as id, 1 as more, 0 as open,
                '2026-11-20T10:00:00.000000+00:00' as at, null as ended_at)"""
        )
    )
    assert turned is not None and read(turned) == read(row) == shop
