"""The only module that says BEGIN: one writer thread with group commit, two reader threads, one file.

Whoever wants to write hands over a verb, a function whose first argument is a `Tx`. The writer runs all
verbs that wait in one transaction, commits with synchronous=FULL, and only then answers. A verb that
raises costs only itself: the batch is rolled back and run again with a savepoint per verb.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog

from wabox.errors import Refusal, Unavailable
from wabox.threads import Pool

P = ParamSpec("P")
T = TypeVar("T")
Row = sqlite3.Row
MOST_WAITING = 5_000
BATCH = 512
READERS = 2

log = structlog.get_logger()


class Rows:
    """A connection to ask. SQL takes :named parameters."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, sql: str, **params: Any) -> list[Row]:
        """Every row."""
        return self._connection.execute(sql, params).fetchall()

    def one(self, sql: str, **params: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, params).fetchone()
        return row

    def value(self, sql: str, **params: Any) -> Any:
        """The first column of the first row, or None."""
        row = self._connection.execute(sql, params).fetchone()
        return None if row is None else row[0]


class Tx(Rows):
    """One verb's share of the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.committed: list[Callable[[], None]] = []
        self.tallies: dict[tuple[str, tuple[tuple[str, Any], ...]], int] = {}

    def run(self, sql: str, **params: Any) -> int:
        """Change rows; returns how many."""
        return self._connection.execute(sql, params).rowcount

    def insert(self, sql: str, **params: Any) -> int:
        """Insert one row; returns its rowid."""
        rowid = self._connection.execute(sql, params).lastrowid
        assert rowid is not None
        return rowid

    def many(self, sql: str, rows: list[Mapping[str, Any]] | list[tuple[Any, ...]]) -> int:
        """Run one statement for each of many rows; returns how many rows changed in all."""
        return self._connection.executemany(sql, rows).rowcount

    def tally(self, sql: str, n: int, **key: Any) -> None:
        """Add n to a counter when the batch commits: one statement a counter, however many verbs.

        sql takes the key's parameters and :n.
        """
        name = (sql, tuple(sorted(key.items())))
        self.tallies[name] = self.tallies.get(name, 0) + n

    def after_commit(self, tell: Callable[[], None]) -> None:
        """Call this, quickly, on the writer's thread once the transaction is durable."""
        self.committed.append(tell)


Verb = Callable[[Tx], Any]


class _Job:
    __slots__ = ("future", "outcome", "tx", "verb")

    def __init__(self, verb: Verb) -> None:
        self.verb = verb
        self.future: Future[Any] = Future()
        self.outcome: tuple[Any, BaseException | None] = (None, None)
        self.tx: Tx | None = None


Functions = Mapping[str, Callable[[str], str]]


def connect(path: Path, *, query_only: bool = False, functions: Functions | None = None) -> sqlite3.Connection:
    """A connection with wabox's pragmas. synchronous is FULL, and that is asserted: NORMAL loses 202s.

    functions: {name: text to text} that queries may call.
    """
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=5.0
    )
    connection.row_factory = sqlite3.Row
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma cache_size = -16000")
    for name, function in (functions or {}).items():
        connection.create_function(name, 1, function, deterministic=True)
    if query_only:
        connection.execute("pragma query_only = on")
    assert connection.execute("pragma synchronous").fetchone()[0] == 2
    return connection


class Database:
    """wabox's one file. start() before use, stop() drains the writer."""

    def __init__(self, path: Path, functions: Functions | None = None) -> None:
        self.path = path
        self._functions = functions
        self._waiting: deque[_Job] = deque()
        self._work = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._readers: Pool | None = None
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._opened_lock = threading.Lock()
        self._handing: list[_Job] = []
        self._trouble = _Trouble()
        self.on_commit: Callable[[], None] | None = None  # told, on the writer's thread, of every change

    def start(self) -> None:
        """Open the file and start the threads."""
        connection = connect(self.path, functions=self._functions)
        self._readers = Pool(READERS, "reader")
        self._thread = threading.Thread(target=self._serve, args=(connection,), name="writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what waits, close everything."""
        with self._work:
            self._stopping = True
            self._work.notify()
        if self._thread:
            self._thread.join()
        if self._readers:
            self._readers.shutdown(wait=True)
        with self._opened_lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()

    @property
    def waiting(self) -> int:
        """How many verbs wait for the writer."""
        return len(self._waiting)

    @property
    def failing(self) -> str | None:
        """Why transactions fail now; None while they are kept."""
        return self._trouble.why

    # -- writing ---------------------------------------------------------------------------------

    async def write(self, verb: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the verb in the writer's next transaction and return what it returned, once durable.

        For the loop: all verbs of one loop iteration are handed over together. Raises what the verb
        raised; Unavailable `busy` when too much waits, `storage_full` when the disk is full.
        """
        loop = asyncio.get_running_loop()
        job = _Job(lambda tx: verb(tx, *args, **kwargs))
        if not self._handing:
            loop.call_soon(self._hand_over)
        self._handing.append(job)
        result: T = await asyncio.wrap_future(job.future)
        return result

    def write_now(self, verb: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `write`, for threads: blocks until the transaction is durable."""
        job = _Job(lambda tx: verb(tx, *args, **kwargs))
        self._queue([job])
        result: T = job.future.result()
        return result

    def _hand_over(self) -> None:
        jobs, self._handing = self._handing, []
        self._queue(jobs)

    def _queue(self, jobs: list[_Job]) -> None:
        with self._work:
            refused = self._stopping or len(self._waiting) > MOST_WAITING
            if not refused:
                self._waiting.extend(jobs)
                self._work.notify()
        if refused:
            for job in jobs:
                job.future.set_exception(
                    Unavailable("busy", "The box is busy; try again in a moment.", retry_after=2)
                )

    def _serve(self, connection: sqlite3.Connection) -> None:
        while True:
            with self._work:
                while not self._waiting and not self._stopping:
                    self._work.wait()
                if not self._waiting:
                    break
                jobs = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            before = connection.total_changes
            error = _transact(connection, jobs)
            changed = connection.total_changes != before
            if error is not None or changed:  # one that changed nothing proves nothing
                self._trouble.note(error, len(jobs))
            if self.on_commit is not None and changed:
                self.on_commit()
        with contextlib.suppress(sqlite3.Error):
            connection.execute("pragma wal_checkpoint(truncate)")
        connection.close()

    # -- reading ---------------------------------------------------------------------------------

    async def read(self, verb: Callable[Concatenate[Rows, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask in a reader thread: for lists, searches, anything that may take over a millisecond."""
        assert self._readers is not None
        future = self._readers.submit(lambda: self.read_here(verb, *args, **kwargs))
        return await asyncio.wrap_future(future)

    def read_here(self, verb: Callable[Concatenate[Rows, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask on the calling thread's own connection: from workers, or a single row from the loop.

        The verb sees one snapshot, however many statements it runs.
        """
        connection = self._mine()
        connection.execute("begin")
        try:
            return verb(Rows(connection), *args, **kwargs)
        finally:
            connection.execute("rollback")

    def _mine(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.path, query_only=True, functions=self._functions)
            self._local.connection = connection
            with self._opened_lock:
                self._opened.append(connection)
        return connection


class _Trouble:
    """Says in the log that transactions fail, once, and that they are kept again, with what was lost meanwhile."""

    def __init__(self) -> None:
        self.why: str | None = None
        self._transactions = self._verbs = 0

    def note(self, error: str | None, verbs: int) -> None:
        """A transaction failed for this, or was kept."""
        if error is None:
            if self.why is not None:
                lost = {"transactions": self._transactions, "verbs": self._verbs}
                log.warning("transactions are kept again", after=self.why, **lost)
            self.why, self._transactions, self._verbs = None, 0, 0
            return
        self._transactions += 1
        self._verbs += verbs
        if error != self.why:
            log.error("transaction failed", error=error, verbs=verbs)
        self.why = error


def _transact(connection: sqlite3.Connection, jobs: list[_Job]) -> str | None:
    """Run the jobs in one transaction; answer every one of them. Returns why it failed, None if it is kept."""
    try:
        connection.execute("begin immediate")
        if not _run_together(connection, jobs):
            if connection.in_transaction:
                connection.execute("rollback")
            connection.execute("begin immediate")
            _run_apart(connection, jobs)
        _add_up(connection, jobs)
        connection.execute("commit")
    except sqlite3.Error as error:
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("rollback")
        _fail_all(jobs, _bad_day(error))
        return str(error)
    _answer(jobs)
    return None


def _run_together(connection: sqlite3.Connection, jobs: list[_Job]) -> bool:
    """Run every job without savepoints. False: one failed after writing, so all must be run again."""
    for job in jobs:
        before = connection.total_changes
        job.tx = Tx(connection)
        try:
            job.outcome = (job.verb(job.tx), None)
        except Refusal as refusal:
            if connection.total_changes != before or refusal.leaves is not None:
                return False
            job.tx = None
            job.outcome = (None, refusal)
        except Exception:  # noqa: BLE001 - the second run gives it to the one who asked
            return False
    return True


def _run_apart(connection: sqlite3.Connection, jobs: list[_Job]) -> None:
    """Run every job under a savepoint of its own, so that a failure costs only itself."""
    for job in jobs:
        connection.execute("savepoint verb")
        job.tx = Tx(connection)
        try:
            job.outcome = (job.verb(job.tx), None)
        except Exception as error:
            job.tx = None
            job.outcome = (None, _bad_day(error) if isinstance(error, sqlite3.OperationalError) else error)
            if not connection.in_transaction:
                raise sqlite3.OperationalError(str(error)) from error
            connection.execute("rollback to verb")
            _leave(connection, job, error)
        connection.execute("release verb")


def _leave(connection: sqlite3.Connection, job: _Job, error: Exception) -> None:
    """What a refusal leaves on record, where the verb itself left nothing."""
    if not isinstance(error, Refusal) or error.leaves is None:
        return
    job.tx = Tx(connection)
    try:
        error.leaves(job.tx)
    except Exception:
        log.exception("refusal not on record", code=error.code)
        job.tx = None
        connection.execute("rollback to verb")


def _add_up(connection: sqlite3.Connection, jobs: list[_Job]) -> None:
    total: dict[tuple[str, tuple[tuple[str, Any], ...]], int] = {}
    for job in jobs:
        for name, n in job.tx.tallies.items() if job.tx else ():
            total[name] = total.get(name, 0) + n
    for (sql, key), n in total.items():
        if n:
            connection.execute(sql, {**dict(key), "n": n})


def _bad_day(error: Exception) -> Exception:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return Unavailable(
            "storage_full", "The disk of the box is full; free some space, then try again.", retry_after=60
        )
    if "locked" in text or "busy" in text:
        return Unavailable("busy", "The box is busy; try again in a moment.", retry_after=5)
    return error


def _fail_all(jobs: list[_Job], error: Exception) -> None:
    for job in jobs:
        with contextlib.suppress(InvalidStateError):
            job.future.set_exception(error)


def _answer(jobs: list[_Job]) -> None:
    for job in jobs:
        result, error = job.outcome
        with contextlib.suppress(InvalidStateError):  # the asker may have gone
            if error is not None:
                job.future.set_exception(error)
            else:
                job.future.set_result(result)
    for job in jobs:
        for tell in job.tx.committed if job.tx else ():
            try:
                tell()
            except Exception:
                log.exception("after commit failed")
