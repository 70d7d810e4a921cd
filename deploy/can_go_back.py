"""Says whether an upgrade that failed may put the copy of the database back: can_go_back.py COPY NOW.

Exit code 0: nothing was accepted or sent since, put it back. 3: something was, but the schema is the same,
so the earlier version can go on with what is there. 4: neither; putting it back would send messages twice
or lose them, so a person must look.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path

WORK = (
    "select max(id), count(*), max(claimed_at), max(sent_at), max(finished_at) from messages",
    "select max(id) from deliveries",
    "select max(id) from audit",
)
SCHEMA = "select name from _sqlite_migrations order by name"


def look(path: Path) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """What was done in this database, and which schema it has."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        work = [row for question in WORK for row in connection.execute(question)]
        return work, connection.execute(SCHEMA).fetchall()


def main(copy: Path, now: Path) -> int:
    """The exit code."""
    if not copy.exists():
        return 3
    try:
        work_then, schema_then = look(copy)
        work_now, schema_now = look(now)
    except sqlite3.Error:
        return 4
    if work_then == work_now:
        return 0
    return 3 if schema_then == schema_now else 4


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
