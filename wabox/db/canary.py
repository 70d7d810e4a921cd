"""Looks at the first pages of every table as the file has them now, past what connections remember of them.

A page that was overwritten under a running box stays unseen as long as everybody reads it from memory.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from wabox.db import trouble
from wabox.db.trouble import Damage

_TABLES = """select name, sql like 'create virtual%' as is_virtual from sqlite_master
    where type = 'table' and name not like 'sqlite_stat%' order by name"""
_INDEXES = "select name, tbl_name from sqlite_master where type = 'index' order by name"


class Canary:
    """One connection that remembers nothing. Used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path, damage: Damage) -> None:
        self._connection = connection
        self._path = path
        self._damage = damage
        self._questions: dict[str, list[str]] = {}

    def look(self, table: str | None = None) -> None:
        """This table, or all of them, begin with a sound page. Raises Unavailable when one does not."""
        try:
            self._connection.execute("pragma shrink_memory")
            if not self._questions:
                self._questions = _questions(self._connection)
            for name, questions in self._questions.items():
                for question in questions if table in (None, name) else ():
                    self._connection.execute(question).fetchone()
        except sqlite3.Error as error:
            self._damage.note(error)
            raise trouble.refusal(error, self._path) from error

    def close(self) -> None:
        """Nobody looks any more."""
        self._connection.close()


def _questions(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """{table: what reads its first page, and that of each index which holds all rows}."""
    found: dict[str, list[str]] = {
        row["name"]: [f'select 1 from "{row["name"]}" not indexed limit 1']  # noqa: S608 - names of our own
        for row in connection.execute(_TABLES)
        if not row["is_virtual"]
    }
    for row in connection.execute(_INDEXES).fetchall():
        question = f'select 1 from "{row["tbl_name"]}" indexed by "{row["name"]}" limit 1'  # noqa: S608
        try:
            connection.execute(f"explain {question}").fetchone()
        except sqlite3.Error as error:
            if trouble.is_damage(error):
                raise
            continue  # a partial index answers no such question
        found.setdefault(row["tbl_name"], []).append(question)
    return found
