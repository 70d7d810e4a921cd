"""What the writer and the readers do on a bad day: each asker is answered, and what is hurt is named."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from wabox import db, threads
from wabox.db import Database, Rows, Tx, batch, trouble
from wabox.errors import Unavailable

SCHEMA = """
create table notes (id integer primary key, text text not null);
create table others (id integer primary key, text text not null);
"""
FOREVER = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
Ended = list[tuple[str, BaseException | None]]


class Thunder(BaseException):
    """Nothing that anybody catches by name."""


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Ended:
    """What would have ended the process."""
    found: Ended = []
    monkeypatch.setattr(threads, "end", lambda name, error: found.append((name, error)))
    return found


@pytest.fixture
def box(tmp_path: Path, ended: Ended) -> Iterator[Database]:
    connection = sqlite3.connect(tmp_path / "wabox.db")
    connection.executescript(SCHEMA)
    connection.executemany("insert into others (text) values (?)", [("o" * 500,)] * 2_000)
    connection.commit()
    connection.close()
    database = Database(tmp_path / "wabox.db")
    database.start()
    yield database
    database.stop()


def note(tx: Tx, text: str) -> int:
    return tx.insert("insert into notes (text) values (:text)", text=text)


def texts(rows: Rows) -> list[str]:
    return [row["text"] for row in rows.all("select text from notes order by id")]


def together(box: Database, *verbs: Callable[[Tx], Any]) -> list[Any]:
    """Hands the verbs over in one loop iteration; returns results and errors."""

    async def ask() -> list[Any]:
        return await asyncio.gather(*(box.write(verb) for verb in verbs), return_exceptions=True)

    return asyncio.run(asyncio.wait_for(ask(), 20))


def raising(error: BaseException) -> Callable[..., NoReturn]:
    def raises(*_: Any) -> NoReturn:
        raise error

    return raises


def once(error: BaseException, then: Callable[..., Any]) -> Callable[..., Any]:
    """Raises the error at the first call, does its work at all others."""
    errors = [error]

    def called(*args: Any) -> Any:
        if errors:
            raise errors.pop()
        return then(*args)

    return called


def codes(results: list[Any]) -> list[str]:
    return [one.code for one in results if isinstance(one, Unavailable)]


# -- the writer goes on ----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Thunder(), SystemExit(3), asyncio.CancelledError(), KeyboardInterrupt()])
def test_whatever_a_verb_raises_the_writer_answers_and_goes_on(box: Database, error: BaseException) -> None:
    results = together(box, lambda tx: note(tx, "with it"), raising(error))
    assert codes(results) == ["undone", "undone"]
    assert box.read_here(texts) == []
    assert box.write_now(note, "next") == 1


def test_verb_without_memory_is_unavailable_and_costs_only_itself(box: Database) -> None:
    results = together(box, lambda tx: note(tx, "kept"), raising(MemoryError()))
    assert (results[0], codes(results)) == (1, ["out_of_memory"])
    assert box.read_here(texts) == ["kept"]


@pytest.mark.parametrize("error", [MemoryError(), Thunder(), RuntimeError()])
def test_fault_of_the_writer_itself_rolls_back_and_fails_its_batch_alone(
    box: Database, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setattr(batch, "_add_up", once(error, batch._add_up))
    results = together(box, lambda tx: note(tx, "one"), lambda tx: note(tx, "two"))
    assert codes(results) == ["undone", "undone"]
    assert box.read_here(texts) == []
    assert together(box, lambda tx: note(tx, "three")) == [1]


def test_fault_after_the_commit_does_not_deny_what_is_kept(box: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = once(MemoryError(), batch.Batch._answer)
    monkeypatch.setattr(batch.Batch, "_answer", lambda self: failing(self))
    assert together(box, lambda tx: note(tx, "one"), lambda tx: note(tx, "two")) == [1, 2]
    assert box.read_here(texts) == ["one", "two"]


@pytest.mark.parametrize("error", [MemoryError(), Thunder(), RuntimeError()])
def test_listener_that_raises_anything_harms_nobody(box: Database, ended: Ended, error: BaseException) -> None:
    told: list[str] = []

    def tells(tx: Tx) -> int:
        tx.after_commit(raising(error))
        tx.after_commit(lambda: told.append("second"))
        return note(tx, "kept")

    box.on_commit = raising(error)
    assert together(box, tells, lambda tx: note(tx, "too")) == [1, 2]
    assert box.write_now(note, "next") == 3
    assert told == ["second"]
    assert ended == []


def test_transaction_that_cannot_be_ended_ends_the_process(
    box: Database, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch.Batch, "_roll_back", lambda self: None)
    results = together(box, lambda tx: note(tx, "one"), raising(Thunder()))
    assert codes(results) == ["undone", "undone"]
    assert box._thread is not None
    box._thread.join(20)
    assert [name for name, _ in ended] == ["writer"]


def test_writer_that_cannot_wait_any_more_ends_the_process(
    box: Database, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "_take", raising(MemoryError()))
    assert box.write_now(note, "the batch before") == 1
    assert box._thread is not None
    box._thread.join(20)
    assert [(name, type(error)) for name, error in ended] == [("writer", MemoryError)]


# -- damage ----------------------------------------------------------------------------------------


def hurt(box: Database, table: str) -> None:
    """The table's root page is overwritten in the file, as a failing card would."""
    root, size = (
        box.write_now(lambda tx: tx.value("select rootpage from sqlite_master where name = :name", name=table)),
        box.write_now(lambda tx: tx.value("pragma page_size")),
    )
    with box.path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(os.urandom(size))


def count(rows: Rows) -> int:
    return int(rows.value("select count(text) from others where text like '%o%'"))


def by_writer(box: Database) -> None:
    box.write_now(lambda tx: tx.run("update others set text = 'p'"))


def by_reader(box: Database) -> None:
    asyncio.run(box.read(count))


def by_thread(box: Database) -> None:
    box.read_here(count)


@pytest.mark.parametrize("finds", [by_writer, by_reader, by_thread])
def test_row_28_damage_that_any_connection_finds_stops_every_write(
    box: Database, finds: Callable[[Database], None]
) -> None:
    """Catalogue row 28."""
    assert box.write_now(note, "before") == 1
    hurt(box, "others")
    with pytest.raises(Unavailable) as refusal:
        finds(box)
    assert refusal.value.code == "database_damaged"
    assert "put the database back from a backup" in refusal.value.sentence
    assert box.damaged
    with pytest.raises(Unavailable) as refusal:
        box.write_now(note, "after")
    assert refusal.value.code == "database_damaged"
    assert codes(together(box, lambda tx: note(tx, "after"))) == ["database_damaged"]
    assert box.read_here(texts) == ["before"]  # what can be read is still shown
    assert box.damaged


def test_row_28_damage_found_in_a_batch_keeps_nothing_of_it(box: Database) -> None:
    """Catalogue row 28."""
    hurt(box, "others")
    results = together(
        box, lambda tx: note(tx, "with it"), lambda tx: tx.run("update others set text = 'p'"), lambda tx: 1 / 0
    )
    assert codes(results) == ["database_damaged"] * 3
    assert box.read_here(texts) == []


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def exchange(path: Path) -> None:
    path.with_name("other").write_bytes(path.read_bytes())
    path.with_name("other").rename(path)


def remove_journal(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


@pytest.mark.parametrize("bad_day", [cut_in_half, empty, exchange, Path.unlink, remove_journal])
def test_row_28_file_hurt_under_a_running_box_is_noticed_by_the_next_write(
    box: Database, bad_day: Callable[[Path], None]
) -> None:
    """Catalogue row 28."""
    assert box.write_now(note, "before") == 1
    bad_day(box.path)
    with pytest.raises(Unavailable) as refusal:
        box.write_now(note, "after")
    assert refusal.value.code == "database_damaged"


def test_ordinary_life_is_no_damage(box: Database) -> None:
    for _ in range(50):
        box.write_now(note, "x" * 10_000)
        assert box.read_here(count) == 2_000
    box.write_now(lambda tx: tx.run("delete from others"))
    other = sqlite3.connect(box.path)
    other.execute("pragma wal_checkpoint(truncate)")
    other.close()
    box.write_now(note, "y")
    assert not box.damaged


# -- the disk --------------------------------------------------------------------------------------


def disk_error(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = getattr(sqlite3, name)
    return error


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EIO, "storage_failing"),
        (errno.EROFS, "storage_failing"),
        (errno.ENOSPC, "storage_full"),
        (errno.EDQUOT, "storage_full"),
        (errno.EMFILE, "too_many_files"),
    ],
)
@pytest.mark.parametrize("kind", ["SQLITE_IOERR_FSYNC", "SQLITE_IOERR_SHMSIZE", "SQLITE_CANTOPEN"])
def test_row_26_disk_error_is_told_as_what_the_disk_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, number: int, code: str
) -> None:
    """Catalogue row 26."""
    monkeypatch.setattr(os, "fsync", raising(OSError(number, os.strerror(number))))
    told = trouble.refusal(disk_error(kind), tmp_path / "wabox.db")
    assert isinstance(told, Unavailable)
    assert told.code == code
    assert list(tmp_path.iterdir()) == []


def test_who_is_refused_finds_that_the_box_says_so_too(box: Database) -> None:
    """What fails is noted before its asker hears of it, and what is kept too."""
    seen: list[str | None] = []

    def ask(text: str) -> batch.Job:
        job = batch.Job(lambda tx: note(tx, text))
        job.future.add_done_callback(lambda _: seen.append(box.failing_code))
        box._queue([job])
        return job

    pages = box.read_here(lambda rows: rows.value("select page_count from pragma_page_count"))
    box.write_now(lambda tx: tx.value(f"pragma max_page_count = {pages}"))
    with pytest.raises(Unavailable, match="full"):
        ask("x" * 900_000).future.result(20)
    box.write_now(lambda tx: tx.value("pragma max_page_count = 1000000"))
    ask("there is room again").future.result(20)
    assert seen == ["storage_full", None]


def test_disk_error_without_a_sign_on_the_disk_is_no_full_disk(tmp_path: Path) -> None:
    told = trouble.refusal(disk_error("SQLITE_IOERR_READ"), tmp_path / "wabox.db")
    assert isinstance(told, Unavailable)
    assert (told.code, "full" in told.sentence) == ("storage_failing", False)


def test_row_27_locked_file_is_busy_and_no_damage(box: Database) -> None:
    """Catalogue row 27."""
    box.write_now(lambda tx: tx.value("pragma busy_timeout = 20"))
    other = sqlite3.connect(box.path, isolation_level=None)
    other.execute("begin immediate")
    assert codes(together(box, lambda tx: note(tx, "not now"))) == ["busy"]
    other.close()
    assert box.write_now(note, "now") == 1
    assert not box.damaged


# -- the journal -----------------------------------------------------------------------------------


@pytest.fixture
def hasty(box: Database) -> Iterator[Database]:
    """The same file, whose readers are ended after no time at all."""
    database = Database(box.path, longest_read=0.0)
    database.start()
    yield database
    database.stop()


def test_row_29_reader_that_computes_for_ever_is_ended(hasty: Database) -> None:
    """Catalogue row 29."""
    with pytest.raises(Unavailable) as refusal:
        asyncio.run(asyncio.wait_for(hasty.read(lambda rows: rows.one(FOREVER)), 30))
    assert refusal.value.code == "took_too_long"
    assert not hasty.damaged


def test_row_29_reader_in_the_middle_of_a_statement_is_interrupted(
    box: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catalogue row 29."""
    monkeypatch.setattr(box, "_longest_read", 0.05)
    with pytest.raises(Unavailable) as refusal:
        asyncio.run(asyncio.wait_for(box.read(lambda rows: rows.one(FOREVER)), 30))
    assert refusal.value.code == "took_too_long"
    monkeypatch.setattr(box, "_longest_read", 30.0)
    assert box.write_now(note, "next") == 1
    assert asyncio.run(box.read(texts)) == ["next"]


def test_row_29_journal_that_a_reader_kept_growing_is_short_again_when_it_ends(
    box: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catalogue row 29."""
    monkeypatch.setattr(db, "JOURNAL_BYTES", 1_000_000)
    monkeypatch.setattr(db, "TIDY_SECONDS", 0.0)
    other = sqlite3.connect(box.path, isolation_level=None)
    other.execute("begin")
    other.execute("select count(*) from notes").fetchone()
    for _ in range(20):
        box.write_now(note, "x" * 100_000)
    assert box.journal_bytes > 1_000_000
    other.execute("rollback")
    box.write_now(note, "last")
    other.close()
    box.write_now(lambda tx: tx.value("select 1"))  # the writer tidies before it takes the next batch
    assert box.journal_bytes < 1_000_000


def test_every_writing_connection_bounds_the_journal(box: Database) -> None:
    assert box.write_now(lambda tx: tx.value("pragma journal_size_limit")) == db.JOURNAL_BYTES
