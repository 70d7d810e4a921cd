"""Says whether an upgrade that failed may put the copy of the database back: can_go_back.py COPY NOW.

Exit code 3: the schema is the same, so the earlier version goes on with what is there, and nothing is lost.
0: nothing was accepted, sent, heard or decided since, so the copy goes back. 4: neither; the copy as it is would
send messages twice or lose them, so carry_back.py must first make of both what the earlier version can use.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path

SCHEMA = "select name from _sqlite_migrations order by name"
TABLES = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
OF_ITSELF = {"_sqlite_migrations", "box"}  # what a version writes by merely starting

Columns = dict[str, list[str]]


def columns_of(connection: sqlite3.Connection) -> Columns:
    """{table: columns}, of every table that tells of people's doing."""
    names = [name for (name,) in connection.execute(TABLES) if name not in OF_ITSELF]
    return {name: [row[1] for row in connection.execute(f'pragma table_info("{name}")')] for name in names}


def work(connection: sqlite3.Connection, tables: Columns) -> list[list[tuple[object, ...]]]:
    """What was done, as a look at each table tells: how many rows in each state, and the latest moments."""
    found = []
    for table, columns in tables.items():
        latest = [f'max("{name}")' for name in columns if name == "id" or name.endswith("_at") or name == "at"]
        state = "status" if "status" in columns else "1"
        found.append(
            connection.execute(
                f'select {", ".join([state, "count(*)", *latest])} from "{table}" group by 1 order by 1'  # noqa: S608
            ).fetchall()
        )
    return found


def main(copy: Path, now: Path) -> int:
    """The exit code."""
    if not copy.exists():
        return 3
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{copy.absolute().as_uri()}?immutable=1", uri=True)) as then,
            contextlib.closing(sqlite3.connect(f"{now.absolute().as_uri()}?mode=ro", uri=True)) as today,
        ):
            if then.execute(SCHEMA).fetchall() == today.execute(SCHEMA).fetchall():
                return 3
            tables = columns_of(then)
            return 0 if work(then, tables) == work(today, tables) else 4
    except sqlite3.Error:
        return 4


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
