"""What a verb is given: `Rows` to ask, `Tx` to change; and the connection that only asks.

A question has one snapshot, which is ended when it is held too long.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar, cast, get_type_hints

from wabox import times
from wabox.db import trouble
from wabox.db.trouble import Damage

Row = sqlite3.Row
T = TypeVar("T")
LOOK_EVERY = 20_000  # steps of SQLite's machine: a fraction of a millisecond


def reader(made: type[T], **how: str | Callable[[Row], Any]) -> Callable[[Row], T]:
    """What reads a row as this dataclass: each field from the column of its name, by the field's type.

    A bool is stored as 0 or 1, a datetime as `times.stored` writes it; all else is taken as it is. how: for a
    field that differs, the column it stands in, or what finds its value in the row.
    """
    types = get_type_hints(made)
    steps: list[tuple[str, Callable[[Any], Any] | None]] = []  # no column: the whole row
    places: dict[tuple[str, ...], list[tuple[int | None, Callable[[Any], Any] | None]]] = {}  # by a row's columns
    for name in (field.name for field in fields(cast(Any, made))):
        found = how.get(name, name)
        if not isinstance(found, str):
            steps.append(("", found))
        elif types[name] in (datetime, datetime | None):
            steps.append((found, times.read_or_none))
        else:
            steps.append((found, bool if types[name] is bool else None))

    def placed(names: tuple[str, ...]) -> list[tuple[int | None, Callable[[Any], Any] | None]]:
        at = {name: n for n, name in reversed([*enumerate(names)])}
        return [(at[column] if column else None, way) for column, way in steps]

    def read(row: Row) -> T:
        """By places: a Row looks through all of its names for each that it is asked for."""
        names, values = tuple(row.keys()), tuple(row)
        found = places.get(names) or places.setdefault(names, placed(names))
        return made(
            *[
                (row if at is None else values[at]) if way is None else way(row if at is None else values[at])
                for at, way in found
            ]
        )

    return read


class Rows:
    """A connection to ask. SQL takes :named parameters. damaged: the box knows that its database is hurt."""

    def __init__(self, connection: sqlite3.Connection, *, damaged: bool = False) -> None:
        self._connection = connection
        self.damaged = damaged

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


Verb = Callable[[Tx], Any]
