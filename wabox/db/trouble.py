"""What may befall the database: what SQLite's errors mean, and files that are gone, cut or exchanged.

An error is a damaged database, a full disk, a disk that cannot be read or written, or a lock.

A damaged database is latched: no later success says that it is whole again, only a new start that finds it
so. What the disk itself suffers is asked of the disk, since SQLite says `disk I/O error` of all of it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from pathlib import Path

import structlog

from wabox import shortage
from wabox.errors import Unavailable
from wabox.languages import later

log = structlog.get_logger()

DAMAGED = "database_damaged"
DAMAGED_SENTENCE = (
    "The database of this box is damaged, so nothing is sent or changed; whoever runs the box must stop wabox "
    "and put the database back from a backup."
)
GONE = later("the file wabox.db is gone")
EXCHANGED = later("another file stands in the place of wabox.db")
CUT = later("the file wabox.db was cut")
JOURNAL_GONE = later("the file wabox.db-wal is gone")
JOURNAL_EXCHANGED = later("another file stands in the place of wabox.db-wal")
PROBE = b"\0" * 65_536  # as much as SQLite asks for at once

# The primary codes (https://sqlite.org/rescode.html, seen 2026-11-26): Python's module names them from 3.11 on.
_BUSY, _LOCKED, _FULL = sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL
_HURT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_DISK = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_Identity = tuple[int, int]


class Damage:
    """Whether the box has found its database damaged, by whichever connection. Once set it stays."""

    def __init__(self) -> None:
        self.why: str | None = None
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return self.why is not None

    def latch(self, why: str) -> None:
        """From now on nothing is sent and nothing is written. From any thread."""
        with self._lock:
            if self.why is not None:
                return
            self.why = why
        log.critical("database damaged; nothing is sent or written until it is put back from a backup", found=why)

    def note(self, error: BaseException) -> bool:
        """Latch if this error says that the file is hurt. Returns whether it does."""
        if not is_damage(error):
            return False
        self.latch(str(error))
        return True


def is_damage(error: BaseException) -> bool:
    """Whether the error says that the file is no database, or no whole one."""
    return isinstance(error, sqlite3.Error) and _code(error) in _HURT


def refusal(error: Exception, beside: Path) -> Exception:
    """What the asker is told instead of this error; the error itself, if it is the asker's own.

    beside: the database, to ask the disk where it lies.
    """
    shortage.notice(error)
    if isinstance(error, MemoryError):
        return Unavailable(
            "out_of_memory", "The box has too little memory for this now; try again in a moment.", retry_after=10
        )
    if not isinstance(error, sqlite3.Error):
        return error
    code = _code(error)
    if code in _HURT:
        return damaged()
    if code == _FULL:
        return _full()
    if code in _DISK:
        return _asked_of_the_disk(beside)
    if code in (_BUSY, _LOCKED):
        return Unavailable("busy", "The box is busy; try again in a moment.", retry_after=5)
    if code == sqlite3.SQLITE_INTERRUPT:
        return too_long()
    return error


def damaged() -> Unavailable:
    """The database is hurt."""
    return Unavailable(DAMAGED, DAMAGED_SENTENCE, retry_after=3_600)


def too_long() -> Unavailable:
    """A reader was ended: what it held kept the journal from being tidied."""
    return Unavailable(
        "took_too_long", "This took too long and was stopped; ask for less at once, then try again.", retry_after=5
    )


def undone() -> Unavailable:
    """A fault of the box took the whole transaction along."""
    return Unavailable(
        "undone", "The box could not do this and nothing was stored; try again in a moment.", retry_after=2
    )


def _full() -> Unavailable:
    return Unavailable(
        "storage_full", "The disk of the box is full; free some space, then try again.", retry_after=60
    )


def _failing() -> Unavailable:
    return Unavailable(
        "storage_failing",
        "The disk of the box cannot be read or written (EIO); check the card or the disk. wabox goes on by itself "
        "once it can.",
        retry_after=60,
    )


def _asked_of_the_disk(database: Path) -> Unavailable:
    """Full, or failing: by what a small file beside the database suffers."""
    probe = database.with_name(f".probe-{os.getpid()}-{threading.get_ident()}")
    try:
        handle = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            if os.write(handle, PROBE) < len(PROBE):
                return _full()
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        shortage.notice(error)
        return _by_number(error.errno or 0)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return _failing()


def _by_number(number: int) -> Unavailable:
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _full()
    if number in (errno.EMFILE, errno.ENFILE):
        told = "The box has too many files open; try again in a moment."
        return Unavailable("too_many_files", told, retry_after=10)
    return _failing()


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary code; 0 if the error is not SQLite's own."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


class Trouble:
    """Says in the log that transactions fail, once, and that they are kept again, with what was lost meanwhile."""

    def __init__(self) -> None:
        self.why: str | None = None
        self.code: str | None = None
        self._transactions = self._verbs = 0

    def note(self, error: Exception | None, told: Exception | None, verbs: int) -> None:
        """A transaction failed for this, of which the askers were told that; or it was kept."""
        if error is None:
            if self.why is not None:
                lost = {"transactions": self._transactions, "verbs": self._verbs}
                log.warning("transactions are kept again", after=self.why, **lost)
            self.why = self.code = None
            self._transactions = self._verbs = 0
            return
        self._transactions += 1
        self._verbs += verbs
        why = str(error) or type(error).__name__
        if why != self.why:
            log.error("transaction failed", error=why, verbs=verbs)
        self.why = why
        self.code = told.code if isinstance(told, Unavailable) else None


class Files:
    """What was seen of the files so far. A file that SQLite keeps never gets shorter, nor does its journal go."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._journal = path.with_name(f"{path.name}-wal")
        self._file: _Identity | None = None
        self._longest = 0
        self._seen_journal: _Identity | None = None
        self._shrinks_from: int | None = None

    def hurt(self) -> str | None:
        """What somebody did to the files while they were in use; None: nothing."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return GONE
        except OSError:
            return None  # the disk's own trouble is told by those who write
        identity = (found.st_dev, found.st_ino)
        if self._file is None:
            self._file = identity
        if identity != self._file:
            return EXCHANGED
        if found.st_size < self._longest:
            return CUT
        if self._shrinks_from is None or found.st_size < self._shrinks_from:
            self._longest, self._shrinks_from = found.st_size, None
        return self._journal_hurt()

    def may_shrink(self, to: int) -> None:
        """wabox itself makes the file shorter, to so many bytes at least; a checkpoint does it, some time."""
        self._longest = min(self._longest, to)
        self._shrinks_from = self._path.stat().st_size

    def journal_bytes(self) -> int:
        """How long the journal is now; 0 = there is none."""
        found = self._journal_now()
        return 0 if found is None else found.st_size

    def _journal_hurt(self) -> str | None:
        before = self._seen_journal
        found = self._journal_now()
        if before is None:
            return None
        if found is None:
            return JOURNAL_GONE
        same = before == (found.st_dev, found.st_ino)
        return None if same else JOURNAL_EXCHANGED

    def _journal_now(self) -> os.stat_result | None:
        try:
            found = self._journal.stat()
        except OSError:
            return None
        if self._seen_journal is None:
            self._seen_journal = (found.st_dev, found.st_ino)
        return found
