"""The only place that says BEGIN: one writer thread with group commit, two reader threads, one file.

Whoever wants to write hands over a verb, a function whose first argument is a `Tx`. The writer runs all
verbs that wait in one transaction, commits with synchronous=FULL, and only then answers. A database that any
connection finds damaged is latched: nothing is written any more, and so nothing is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Concatenate, ParamSpec, TypeVar

from wabox import threads
from wabox.db import trouble
from wabox.db.batch import Batch, Job, fail
from wabox.db.canary import Canary
from wabox.db.rows import Reader, Row, Rows, Tx, Verb, reader
from wabox.db.trouble import DAMAGED, Damage, Files, Trouble
from wabox.errors import Unavailable
from wabox.threads import Pool

__all__ = ["DAMAGED", "Damage", "Database", "Functions", "Row", "Rows", "Tx", "Verb", "connect", "reader"]

P = ParamSpec("P")
T = TypeVar("T")
MOST_WAITING = 5_000
BATCH = 512
READERS = 2
LONGEST_READ_SECONDS = 30.0
PAGE_BYTES = 1024
WRITE_CACHE_KB = 16_000
READ_CACHE_KB = 2_000  # of each thread that asks: there are many, and the system keeps the pages besides
CHECKPOINT_PAGES = 4096  # of the journal, before they go into the file: hot pages go there once for many changes
SHRINK_PAGES = 500  # given back in one transaction
JOURNAL_BYTES = 16 * 1024 * 1024  # what is left of a journal that was longer
FORSAKEN_BYTES = 256 * 1024 * 1024  # whoever else should have taken care of the journal does not
JOURNAL_ALARM_BYTES = 64 * 1024 * 1024
TIDY_SECONDS, TIDY_WAIT_MS = 5.0, 100

Functions = Mapping[str, Callable[[str], str]]


def connect(path: Path, *, query_only: bool = False, functions: Functions | None = None) -> sqlite3.Connection:
    """A connection with wabox's pragmas. synchronous is FULL, and that is asserted: NORMAL loses 202s.

    functions: {name: text to text} that queries may call.
    """
    is_new = not query_only and (not path.exists() or path.stat().st_size == 0)
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=5.0
    )
    try:
        connection.row_factory = sqlite3.Row
        if is_new:
            connection.execute(f"pragma page_size = {PAGE_BYTES}")
            connection.execute("pragma auto_vacuum = incremental")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute(f"pragma journal_size_limit = {JOURNAL_BYTES}")
        connection.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("pragma foreign_keys = on")
        connection.execute(f"pragma cache_size = -{READ_CACHE_KB if query_only else WRITE_CACHE_KB}")
        for name, function in (functions or {}).items():
            connection.create_function(name, 1, function, deterministic=True)
        if query_only:
            connection.execute("pragma query_only = on")
        assert connection.execute("pragma synchronous").fetchone()[0] == 2
    except BaseException:
        connection.close()
        raise
    return connection


def _shares(rows: Rows) -> tuple[int, int, int]:
    """(pages that could be given back, pages, bytes of one)."""
    can = rows.value("pragma auto_vacuum") == 2
    free = int(rows.value("pragma freelist_count")) if can else 0
    return free, int(rows.value("pragma page_count")), int(rows.value("pragma page_size"))


def _vacuum(tx: Tx) -> None:
    for _ in range(SHRINK_PAGES):  # a page each: Python steps once through a statement that has no columns
        tx.run("pragma incremental_vacuum(1)")


class Database:
    """wabox's one file. start() before use, stop() drains the writer. damage: that it was found hurt.

    external_checkpoints: another program (Litestream) moves the journal into the file, so that it misses nothing.
    """

    def __init__(
        self,
        path: Path,
        functions: Functions | None = None,
        *,
        longest_read: float = LONGEST_READ_SECONDS,
        external_checkpoints: bool = False,
    ) -> None:
        self.path = path
        self.damage = Damage()
        self._functions = functions
        self._longest_read = longest_read
        self._external = external_checkpoints
        self._waiting: deque[Job] = deque()
        self._work = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._readers: Pool | None = None
        self._local = threading.local()
        self._opened: list[Reader] = []
        self._opened_lock = threading.Lock()
        self._handing: list[Job] = []
        self._trouble = Trouble()
        self._files = Files(path)
        self._canary: Canary | None = None
        self._canary_lock = threading.Lock()
        self._tidied_at = -TIDY_SECONDS
        self.on_commit: Callable[[], None] | None = None  # told, on the writer's thread, of every change

    def start(self) -> None:
        """Open the file and start the threads."""
        connection = connect(self.path, functions=self._functions)
        if self._external:
            connection.execute("pragma wal_autocheckpoint = 0")
        connection.execute("select 1 from sqlite_master limit 1").fetchall()  # makes the journal, if there is none
        self.look()
        self._readers = Pool(READERS, "reader")
        self._thread = threads.lasting("writer", lambda: self._serve(connection), asked=lambda: self._stopping)
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
            for reader in self._opened:
                reader.close()
            self._opened.clear()
        if self._canary is not None:
            self._canary.close()

    @property
    def waiting(self) -> int:
        """How many verbs wait for the writer."""
        return len(self._waiting)

    @property
    def failing(self) -> str | None:
        """Why transactions fail now; None while they are kept."""
        return self._trouble.why

    @property
    def failing_code(self) -> str | None:
        """The code that askers are given while transactions fail, if it has one."""
        return self._trouble.code

    @property
    def damaged(self) -> bool:
        """Whether the file was found hurt: nothing is written any more."""
        return bool(self.damage)

    @property
    def journal_bytes(self) -> int:
        """How long the journal is now."""
        return self._files.journal_bytes()

    async def shrink(self, *, over: float) -> bool:
        """Some free pages go back to the disk, if they are more than that share of the file. False: nothing to do.

        In a database that an older wabox made nothing happens.
        """
        free, pages, size = await self.read(_shares)
        if not free or free < pages * over:
            return False
        self._files.may_shrink((pages - SHRINK_PAGES) * size)
        await self.write(_vacuum)
        return True

    def look(self) -> None:
        """Latch the damage if the file is gone, cut or exchanged. Two questions to the file system."""
        if (why := self._files.hurt()) is not None:
            self.damage.latch(why)

    async def touch(self, table: str | None = None) -> None:
        """The file is there, and every table, or this one, begins with a sound page: in the file, not in memory.

        Latches the damage and raises Unavailable where that is not so.
        """
        assert self._readers is not None
        await asyncio.wrap_future(self._readers.submit(self._touch, table))

    def _touch(self, table: str | None) -> None:
        self.look()
        if self.damage:
            raise trouble.damaged()
        with self._canary_lock:
            if self._canary is None:
                self._canary = Canary(self._connect_to_read(), self.path, self.damage)
            self._canary.look(table)

    # -- writing ---------------------------------------------------------------------------------

    async def write(self, verb: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the verb in the writer's next transaction and return what it returned, once durable.

        For the loop: all verbs of one loop iteration are handed over together. Raises what the verb
        raised; Unavailable `busy` when too much waits, `storage_full` when the disk is full,
        `storage_failing` when it cannot be read or written, `database_damaged` once the file was found hurt.
        """
        loop = asyncio.get_running_loop()
        job = Job(lambda tx: verb(tx, *args, **kwargs))
        if not self._handing:
            loop.call_soon(self._hand_over)
        self._handing.append(job)
        result: T = await asyncio.wrap_future(job.future)
        return result

    def write_now(self, verb: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `write`, for threads: blocks until the transaction is durable."""
        job = Job(lambda tx: verb(tx, *args, **kwargs))
        self._queue([job])
        result: T = job.future.result()
        return result

    def _hand_over(self) -> None:
        jobs, self._handing = self._handing, []
        self._queue(jobs)

    def _queue(self, jobs: list[Job]) -> None:
        with self._work:
            refused = self._stopping or len(self._waiting) > MOST_WAITING
            if not refused and not self.damage:
                self._waiting.extend(jobs)
                self._work.notify()
                return
        busy = Unavailable("busy", "The box is busy; try again in a moment.", retry_after=2)
        fail(jobs, trouble.damaged() if self.damage else busy)

    def _serve(self, connection: sqlite3.Connection) -> None:
        """The writer, until it is asked to stop and nothing waits. What it raises ends the process."""
        while True:
            batch = Batch(connection, self.path, self.damage, self._trouble)
            try:
                if not self._take(batch.jobs):
                    break
                self._keep(batch, connection)
            except BaseException as error:
                if not batch.jobs:
                    raise
                batch.abandon(error)
                self._tell(batch)
        if not self._external:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("pragma wal_checkpoint(truncate)")
        connection.close()

    def _take(self, jobs: list[Job]) -> bool:
        """Jobs that wait, at least one; False: none will come any more."""
        with self._work:
            while not self._waiting and not self._stopping:
                self._work.wait()
            while self._waiting and len(jobs) < BATCH:
                jobs.append(self._waiting[0])
                self._waiting.popleft()
        return bool(jobs)

    def _keep(self, batch: Batch, connection: sqlite3.Connection) -> None:
        self.look()
        if self.damage:
            fail(batch.jobs, trouble.damaged())
            return
        batch.run()
        self._tell(batch)
        self._tidy(connection)

    def _tell(self, batch: Batch) -> None:
        """The world hears of a durable change; whoever fails at it harms nobody."""
        batch.tell()
        if self.on_commit is not None and batch.changed:
            batch.harmless(self.on_commit)

    def _tidy(self, connection: sqlite3.Connection) -> None:
        """A journal that readers have kept from starting anew does so, if they let go for a moment."""
        long = FORSAKEN_BYTES if self._external else JOURNAL_BYTES
        if self._files.journal_bytes() <= long or monotonic() - self._tidied_at < TIDY_SECONDS:
            return
        self._tidied_at = monotonic()
        with contextlib.suppress(sqlite3.Error):
            before = connection.execute("pragma busy_timeout").fetchone()[0]
            connection.execute(f"pragma busy_timeout = {TIDY_WAIT_MS}")
            connection.execute("pragma wal_checkpoint(truncate)").fetchall()
            connection.execute(f"pragma busy_timeout = {before}")

    # -- reading ---------------------------------------------------------------------------------

    async def read(self, verb: Callable[Concatenate[Rows, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask in a reader thread: for lists, searches, anything that may take over a millisecond."""
        assert self._readers is not None
        future = self._readers.submit(lambda: self.read_here(verb, *args, **kwargs))
        return await asyncio.wrap_future(future)

    def read_here(self, verb: Callable[Concatenate[Rows, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask on the calling thread's own connection: from workers, or a single row from the loop.

        The verb sees one snapshot, however many statements it runs. Raises Unavailable `took_too_long` after
        half a minute, since a held snapshot keeps the journal growing; ask in pieces.
        """
        return self._mine().ask(lambda rows: verb(rows, *args, **kwargs), seconds=self._longest_read)

    def _mine(self) -> Reader:
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = Reader(self._connect_to_read(), self.path, self.damage)
            self._local.reader = reader
            with self._opened_lock:
                self._opened.append(reader)
        return reader

    def _connect_to_read(self) -> sqlite3.Connection:
        try:
            return connect(self.path, query_only=True, functions=self._functions)
        except sqlite3.Error as error:
            self.damage.note(error)
            raise trouble.refusal(error, self.path) from error
