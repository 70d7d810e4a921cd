"""A connection that only asks: one snapshot a question, ended when it is held too long."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from wabox.db import trouble
from wabox.db.rows import Row, Rows
from wabox.db.trouble import Damage

T = TypeVar("T")
LOOK_EVERY = 20_000  # steps of SQLite's machine: a fraction of a millisecond


class _Timed(Rows):
    """Rows that may be asked until a moment of the clock that only runs forward."""

    def __init__(self, connection: sqlite3.Connection, ends: float, *, damaged: bool) -> None:
        super().__init__(connection, damaged=damaged)
        self._ends = ends

    def all(self, sql: str, **params: Any) -> list[Row]:
        self._check()
        return super().all(sql, **params)

    def one(self, sql: str, **params: Any) -> Row | None:
        self._check()
        return super().one(sql, **params)

    def value(self, sql: str, **params: Any) -> Any:
        self._check()
        return super().value(sql, **params)

    def _check(self) -> None:
        if monotonic() > self._ends:
            raise trouble.too_long()


class Reader:
    """One thread's connection to ask."""

    def __init__(self, connection: sqlite3.Connection, path: Path, damage: Damage) -> None:
        self._connection = connection
        self._path = path
        self._damage = damage
        self._ends = 0.0
        connection.set_progress_handler(self._is_over, LOOK_EVERY)

    def ask(self, verb: Callable[[Rows], T], *, seconds: float) -> T:
        """What the verb returns, of one snapshot.

        Raises Unavailable `took_too_long` after so many seconds, `database_damaged` and what else the file
        suffers; any other fault of SQL as it is.
        """
        self._ends = monotonic() + seconds
        try:
            self._connection.execute("begin")
            return verb(_Timed(self._connection, self._ends, damaged=bool(self._damage)))
        except sqlite3.Error as error:
            self._damage.note(error)
            told = trouble.refusal(error, self._path)
            if told is error:
                raise
            raise told from error
        finally:
            self._ends = monotonic() + seconds
            with contextlib.suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("rollback")

    def close(self) -> None:
        """Nobody asks any more."""
        self._connection.close()

    def _is_over(self) -> bool:
        return monotonic() > self._ends
