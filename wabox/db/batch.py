"""The verbs that wait, in one transaction: run together, kept together, answered one by one.

A verb that raises costs only itself: the batch is rolled back and run again with a savepoint per verb.
Whatever happens, every asker is answered: with what became of the verb, or that nothing was stored.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from typing import Any

import structlog

from wabox.db import trouble
from wabox.db.rows import Tx, Verb
from wabox.db.trouble import Damage, Trouble
from wabox.errors import Refusal

log = structlog.get_logger()


class Job:
    """One verb, and who waits for it."""

    __slots__ = ("future", "outcome", "tx", "verb")

    def __init__(self, verb: Verb) -> None:
        self.verb = verb
        self.future: Future[Any] = Future()
        self.outcome: tuple[Any, BaseException | None] = (None, None)
        self.tx: Tx | None = None


class Batch:
    """Jobs that share a transaction. kept: it is durable.

    trouble: hears what became of it before any asker does, so that who was refused finds the box's state to match.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, damage: Damage, trouble: Trouble) -> None:
        self.jobs: list[Job] = []
        self.kept = False
        self.changed = False
        self._connection = connection
        self._path = path
        self._damage = damage
        self._trouble = trouble

    def run(self) -> None:
        """The jobs are in one durable transaction, or none of them is; every one of them is answered.

        What is no fault of SQLite's or of a verb's own is raised: then call `abandon`.
        """
        before = self._connection.total_changes
        try:
            self._transact()
        except sqlite3.Error as error:
            self._roll_back()
            self._fail(error)
            if self._connection.in_transaction:
                raise RuntimeError("the transaction cannot be ended") from error
            return
        self.changed = self._connection.total_changes != before
        if self.changed:  # one that changed nothing proves nothing
            self._trouble.note(None, None, len(self.jobs))
        self._answer()

    def abandon(self, error: BaseException) -> None:
        """After `run` raised: nothing stays open, and every job is answered. Raises if that cannot be.

        A commit that came through although something failed after it is kept, and answered so.
        """
        log.error("the writer failed", jobs=len(self.jobs), kept=self.kept, exc_info=error)
        self._roll_back()
        if self.kept:
            self._answer()
        else:
            self.changed = False
            fail(self.jobs, trouble.undone())
        if self._connection.in_transaction:
            raise RuntimeError("the transaction cannot be ended") from error

    def tell(self) -> None:
        """What the verbs want told of a durable change is told; whoever fails at it harms nobody."""
        for job in self.jobs if self.kept else ():
            for listener in job.tx.committed if job.tx else ():
                self.harmless(listener)

    def harmless(self, listener: Callable[[], None]) -> None:
        """It is told; what it raises is logged, since what it is told of is durable."""
        try:
            listener()
        except BaseException:
            log.exception("after commit failed")

    def _transact(self) -> None:
        connection = self._connection
        connection.execute("begin immediate")
        if not self._run_together():
            if connection.in_transaction:
                connection.execute("rollback")
            connection.execute("begin immediate")
            self._run_apart()
        _add_up(connection, self.jobs)
        try:
            connection.execute("commit")
        except sqlite3.Error:
            raise
        except BaseException:
            self.kept = not connection.in_transaction
            raise
        self.kept = True

    def _run_together(self) -> bool:
        """Run every job without savepoints. False: one failed after writing, so all must be run again."""
        connection = self._connection
        for job in self.jobs:
            before = connection.total_changes
            job.tx = Tx(connection)
            try:
                job.outcome = (job.verb(job.tx), None)
            except Refusal as refusal:
                if connection.total_changes != before or refusal.leaves is not None:
                    return False
                job.tx = None
                job.outcome = (None, refusal)
            except Exception as error:
                if self._damage.note(error):
                    raise
                return False
        return True

    def _run_apart(self) -> None:
        """Run every job under a savepoint of its own, so that a failure costs only itself."""
        connection = self._connection
        for job in self.jobs:
            connection.execute("savepoint verb")
            job.tx = Tx(connection)
            try:
                job.outcome = (job.verb(job.tx), None)
            except Exception as error:
                job.tx = None
                if self._damage.note(error):
                    raise
                job.outcome = (None, trouble.refusal(error, self._path))
                if not connection.in_transaction:  # SQLite has rolled all of it back
                    raise _as_sqlite(error) from error
                connection.execute("rollback to verb")
                _leave(connection, job, error)
            connection.execute("release verb")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("rollback")

    def _fail(self, error: sqlite3.Error) -> None:
        self._damage.note(error)
        told = trouble.refusal(error, self._path)
        self._trouble.note(error, told, len(self.jobs))
        fail(self.jobs, told)

    def _answer(self) -> None:
        for job in self.jobs:
            result, error = job.outcome
            with contextlib.suppress(InvalidStateError):  # the asker may have gone, or has its answer
                if error is not None:
                    job.future.set_exception(error)
                else:
                    job.future.set_result(result)


def fail(jobs: Sequence[Job], error: BaseException) -> None:
    """Whoever waits for one of these and has no answer yet is told this."""
    for job in jobs:
        with contextlib.suppress(InvalidStateError):
            job.future.set_exception(error)


def _as_sqlite(error: Exception) -> sqlite3.Error:
    return error if isinstance(error, sqlite3.Error) else sqlite3.OperationalError(str(error))


def _leave(connection: sqlite3.Connection, job: Job, error: Exception) -> None:
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


def _add_up(connection: sqlite3.Connection, jobs: list[Job]) -> None:
    total: dict[tuple[str, tuple[tuple[str, Any], ...]], int] = {}
    for job in jobs:
        for name, n in job.tx.tallies.items() if job.tx else ():
            total[name] = total.get(name, 0) + n
    for (sql, key), n in total.items():
        if n:
            connection.execute(sql, {**dict(key), "n": n})
