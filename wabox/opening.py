"""Whether the box's database can be opened at all; where it cannot, one sentence and both ways out.

A box that has lived has its secret key, or phones' profiles. Beside these an empty or missing database is
no new box: it is a lost one, and to begin anew behind the owner's back would forget every opt-out.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from wabox import db, earlier
from wabox.datadir import DataDir
from wabox.db import Damage, trouble
from wabox.errors import ConfigError, Unavailable

log = structlog.get_logger()

START_SECONDS = 3.0  # what a start may spend on looking the database through
STOP_SECONDS = 2.0
MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at every page found. whole: it came to its end; damage: what is hurt, None: nothing."""

    whole: bool
    damage: str | None = None


def check(data: DataDir) -> None:
    """Raises ConfigError if the database is gone, empty or no database, although the box has lived."""
    lived = has_lived(data)
    if not data.database.exists():
        if lived:
            raise lost(data, f"The database {data.database} is missing, but this box has lived")
        return
    with data.database.open("rb") as file:
        head = file.read(len(MAGIC))
    if head and head != MAGIC:
        raise lost(data, f"{data.database} is no database")
    if not head and lived:
        raise lost(data, f"The database {data.database} is empty, but this box has lived")


def is_lost(data: DataDir) -> bool:
    """Whether the box has lived and its database cannot be used any more, or is hurt."""
    if not data.database.exists():
        return has_lived(data)
    try:
        with connected(data, query_only=True):
            return look(data.database, seconds=None).damage is not None
    except ConfigError:
        return has_lived(data)


def has_lived(data: DataDir) -> bool:
    """Whether there was a database here once. A first start that was cut short does not count."""
    if data.first_start.exists():
        return False
    return data.key_file.exists() or (data.profiles.is_dir() and any(data.profiles.iterdir()))


@contextlib.contextmanager
def connected(data: DataDir, *, query_only: bool = False) -> Iterator[sqlite3.Connection]:
    """The database, for a moment. Raises ConfigError for what SQLite finds wrong with the file or the disk."""
    check(data)
    try:
        connection = db.connect(data.database, query_only=query_only)
        try:
            _check_tables(connection, data)
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise unfit(data, error) from error


def unfit(data: DataDir, error: sqlite3.Error) -> ConfigError:
    """What the owner is told of an error that stops a start or a command."""
    told = trouble.refusal(error, data.database)
    if isinstance(told, Unavailable) and told.code == db.DAMAGED:
        return lost(data, f"{data.database} {'is cut off' if is_cut(data.database) else 'is damaged'} ({error})")
    if isinstance(told, Unavailable):
        return ConfigError(told.sentence)
    return ConfigError(f"The database {data.database} cannot be used ({error}); run wabox doctor.")


def lost(data: DataDir, what: str) -> ConfigError:
    """The sentence with both ways out."""
    return ConfigError(
        f"{what}; {restore(data)}, or begin anew with wabox begin-anew, which keeps the old files aside."
    )


def restore(data: DataDir) -> str:
    """How a backup is put back, with the newest copy that lies here."""
    copy = next(iter(earlier.copies(data)), "your own copy")
    return (
        f"with wabox stopped, put a backup back (move wabox.db, wabox.db-wal and wabox.db-shm out of {data.path}, "
        f"then copy {copy} to {data.database})"
    )


def look(path: Path, *, seconds: float | None) -> Looked:
    """Every page was looked at, in so many seconds at most. None: however long it takes. Raises sqlite3.Error."""
    connection = _to_look(path)
    timer = threading.Timer(seconds or 0, connection.interrupt)
    timer.daemon = True
    try:
        if seconds is not None:
            timer.start()
        return _look(connection)
    finally:
        timer.cancel()
        if seconds is not None:
            timer.join()  # it may be interrupting this very moment
        connection.close()


def look_at_start(data: DataDir) -> Looked:
    """As `look`, within what a start may take. Raises ConfigError if the file is cut: its end is nowhere."""
    cut = is_cut(data.database)  # the journal may hold the end, after a crash: then nothing is hurt
    found = look(data.database, seconds=None if cut else START_SECONDS)
    if cut and found.damage is not None:
        raise lost(data, f"{data.database} is cut off")
    return found


class Looking:
    """The rest of a look that a start had no time for, on a thread and a connection of its own."""

    def __init__(self, path: Path, damage: Damage) -> None:
        self._path = path
        self._damage = damage
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._look, name="looking", daemon=True)

    def start(self) -> None:
        """Begin; what is found is latched."""
        self._connection = _to_look(self._path)
        self._thread.start()

    def stop(self) -> None:
        """Broken off, if it still runs."""
        if self._connection is None:
            return
        self._connection.interrupt()
        self._thread.join(STOP_SECONDS)

    def _look(self) -> None:
        assert self._connection is not None
        try:
            found = _look(self._connection)
        except sqlite3.Error as error:
            log.warning("the look through the database was broken off", error=str(error))
            return
        if found.damage is not None:
            self._damage.latch(found.damage)
        log.info("database looked through", whole=found.whole, well=found.damage is None)


def is_cut(path: Path) -> bool:
    """Whether the file is shorter than it says of itself, as a copy that was broken off is."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
        size = path.stat().st_size
    except OSError:
        return False
    if len(head) < 100:
        return True
    page: int = struct.unpack(">H", head[16:18])[0]
    pages: int = struct.unpack(">I", head[28:32])[0]
    return size < pages * (65_536 if page == 1 else page)


def _to_look(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5, check_same_thread=False)


def _look(connection: sqlite3.Connection) -> Looked:
    try:
        said = [str(row[0]) for row in connection.execute("pragma quick_check(1)")]
    except sqlite3.Error as error:
        if trouble.is_damage(error):
            return Looked(whole=True, damage=str(error))
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            return Looked(whole=False)
        raise
    return Looked(whole=True, damage=None if said == ["ok"] else " ".join(said[0].split()))


def _check_tables(connection: sqlite3.Connection, data: DataDir) -> None:
    if has_lived(data) and connection.execute("select 1 from sqlite_master").fetchone() is None:
        raise lost(data, f"The database {data.database} holds nothing, but this box has lived")
