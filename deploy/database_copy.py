"""Copies wabox's database before an upgrade, and puts a copy back: database_copy.py WHAT FROM TO.

room: says, by exit code 1 and a sentence, that the copy and a way back have no room beside TO. make: TO is a
checked copy of the database FROM, by SQLite's online backup, so that nobody who still writes can spoil it.
catch-up: the copy TO becomes what FROM is now, whom nobody uses; only what changed since is written, for wabox
stands still meanwhile. put-back: the database TO holds what the copy FROM holds; whenever this is killed, TO is
one or the other, whole. take: the database TO is what carry_back.py made, FROM; what it was lies beside FROM as
newer.db, for a person: it is no room lost, and what FROM could not take along is in it.
Runs as the user whom the data belongs to. Exit code 1: it was not done, and FROM and TO are as they were.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
from pathlib import Path

SPARE_BYTES = 64 * 1024 * 1024
MEGABYTE = 1024 * 1024


class NotDoneError(Exception):
    """Why, in a sentence."""


def room(database: Path, copies: Path) -> None:
    """There is room for the copy, for its way back beside the database, and some to spare."""
    files = (database, database.with_name(f"{database.name}-wal"))
    wanted = 2 * sum(one.stat().st_size for one in files if one.exists()) + SPARE_BYTES
    free = shutil.disk_usage(copies).free
    if free < wanted:
        raise NotDoneError(
            f"An upgrade copies the database first, which needs {wanted // MEGABYTE} MB in {copies}; only "
            f"{free // MEGABYTE} MB are free. Free some space, then run this again."
        )


def make(database: Path, copy: Path) -> None:
    """The copy is there, whole, looked through and flushed; or there is none."""
    half = copy.with_name(f"{copy.name}.half")
    try:
        _remove(half)
        with contextlib.closing(_open(database)) as source, contextlib.closing(sqlite3.connect(half)) as target:
            source.backup(target)
            said = target.execute("pragma quick_check(1)").fetchone()[0]
        if said != "ok":
            raise NotDoneError(f"The database {database} is damaged ({said}); `wabox doctor` says what to do.")
        _flush(half)
        half.replace(copy)
        _flush(copy.parent)
    except (sqlite3.Error, OSError) as failed:
        raise NotDoneError(f"The database {database} could not be copied to {copy.parent}: {failed}.") from None
    finally:
        with contextlib.suppress(OSError):
            _remove(half)


def catch_up(database: Path, copy: Path) -> None:
    """The copy is what the database is now, byte for byte; made anew where somebody still has that open."""
    half = copy.with_name(f"{copy.name}.half")
    try:
        if not copy.exists() or not _at_rest(database):
            make(database, copy)
            return
        copy.replace(half)
        _write_differences(database, half)
        _flush(half)
        half.replace(copy)
        _flush(copy.parent)
    except (sqlite3.Error, OSError) as failed:
        raise NotDoneError(f"The database {database} could not be copied to {copy.parent}: {failed}.") from None
    finally:
        with contextlib.suppress(OSError):
            _remove(half)


def _write_differences(source: Path, target: Path) -> None:
    with source.open("rb", buffering=0) as new, target.open("r+b", buffering=0) as old:
        while piece := new.read(MEGABYTE):
            at = new.tell() - len(piece)
            if old.read(len(piece)) != piece:
                old.seek(at)
                old.write(piece)
            old.seek(new.tell())
        old.truncate(new.tell())


def put_back(copy: Path, database: Path) -> None:
    """The database is what the copy holds.

    First the log beside it is folded in: a log left over would be taken for the copy's own, and spoil it. Then
    the whole copy takes the database's name in one step.
    """
    fresh = database.with_name(f"{database.name}.back")
    try:
        if not _at_rest(database):
            raise NotDoneError(f"Another program has the database {database} open.")
        make(copy, fresh)
        fresh.replace(database)
        _flush(database.parent)
    except (sqlite3.Error, OSError) as failed:
        raise NotDoneError(f"The copy in {copy.parent} could not be put back: {failed}.") from None


def take(made: Path, database: Path) -> None:
    """The database is what was made; whenever this is killed, it is one or the other, whole."""
    newer = _name_for(database, made.parent)
    try:
        if not _is_hurt(database) and not _at_rest(database):
            raise NotDoneError(f"Another program has the database {database} open.")
        os.link(database, newer)
        for ending in ("-wal", "-shm"):  # of a hurt one, which could not be folded in
            with contextlib.suppress(FileNotFoundError):
                database.with_name(f"{database.name}{ending}").replace(newer.with_name(f"{newer.name}{ending}"))
        made.replace(database)
        _flush(database.parent)
        _flush(newer.parent)
    except (sqlite3.Error, OSError) as failed:
        raise NotDoneError(f"What was made in {made.parent} could not be put in its place: {failed}.") from None


def _name_for(database: Path, place: Path) -> Path:
    """A free one, or that of a run which was killed: what a person may want is never overwritten."""
    n = 1
    while True:
        found = place / ("newer.db" if n == 1 else f"newer-{n}.db")
        if found.exists() and found.samefile(database):
            found.unlink()
        if not found.exists():
            return found
        n += 1


def _is_hurt(database: Path) -> bool:
    try:
        with contextlib.closing(_open(database)) as now:
            now.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:
        return True
    return False


def _at_rest(database: Path) -> bool:
    """Nobody else has it open, and what its log held is in it."""
    with contextlib.closing(_open(database)) as now:
        in_use = now.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
    return not in_use and not database.with_name(f"{database.name}-wal").exists()


def _open(path: Path) -> sqlite3.Connection:
    """An existing database, never a new one. To write, since a log without its index must be read in first."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10, isolation_level=None)


def _remove(half: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        half.with_name(f"{half.name}{ending}").unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def main(what: str, source: Path, target: Path) -> int:
    """The exit code."""
    os.umask(0o077)
    try:
        verbs = {"room": room, "make": make, "catch-up": catch_up, "put-back": put_back, "take": take}
        verbs[what](source, target)
    except NotDoneError as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
