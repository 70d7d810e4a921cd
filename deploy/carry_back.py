"""Makes a database for the version before, of a copy from then and what is there now.

carry_back.py HOW COPY NOW MADE, where HOW is one of two:
carry: MADE has the schema of COPY and everything that NOW says, but for tables and columns which only the newer
version knows; so nothing goes twice and nothing is lost. Only where each table and column of COPY is in NOW still.
What a campaign asks in a way that the earlier version does not read, it asks in the earlier way.
hold: MADE is COPY, held: it sends nothing until the owner says what goes, for it does not know what was done
since; no id or invoice number that may have been given since is given again.
Runs as the user whom the data belongs to, while nobody has NOW open. Exit code 1: there is no MADE, and why.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

STRIDE = 1_000_000  # ids that the newer version may have given (wabox/backup/restoring.py)
KEPT = ("page_size", "auto_vacuum", "encoding", "application_id", "user_version")
OLD_ROWS = {"_sqlite_migrations"}  # what the earlier version must find as it left it
PARTS = "select name, sql from old.sqlite_master where type = ? and sql is not null order by rowid"


class NotDoneError(Exception):
    """Why, in a sentence."""


# -- carry ----------------------------------------------------------------------------------------


def carry(copy: Path, now: Path, made: sqlite3.Connection) -> None:
    """Filled as above. Raises NotDoneError, sqlite3.Error."""
    _fold_in(now)
    made.execute("attach ? as old", (_to_read(copy),))
    made.execute("attach ? as new", (_to_read(now),))
    for name in KEPT:
        value = made.execute(f"pragma old.{name}").fetchone()[0]
        made.execute(f"pragma main.{name} = '{value}'")
    made.execute("pragma main.journal_mode = off")
    made.execute("pragma main.synchronous = off")  # flushed once, at the end
    made.execute("begin")
    tables = [(name, sql) for name, sql in made.execute(PARTS, ("table",)) if not name.startswith("sqlite_")]
    for table, sql in tables:
        _fill(made, table, sql)
    _ask_as_before(made)
    if made.execute("select 1 from main.sqlite_master where name = 'sqlite_sequence'").fetchone():
        made.execute("delete from main.sqlite_sequence")
        made.execute("insert into main.sqlite_sequence select name, seq from new.sqlite_sequence")
        made.execute("delete from main.sqlite_sequence where name not in (select name from main.sqlite_master)")
    for kind in ("index", "view", "trigger"):
        for _, sql in made.execute(PARTS, (kind,)).fetchall():
            made.execute(sql)
    made.execute("commit")
    if made.execute("pragma main.foreign_key_check").fetchone():
        raise NotDoneError("what belongs together would be torn apart")


def _fill(made: sqlite3.Connection, table: str, sql: str) -> None:
    """The table has the rows of the newer one. Whatever the earlier version forbids, its checks refuse."""
    if sql.lower().startswith("create virtual"):
        raise NotDoneError(f"the table {table} is of a kind that cannot be carried")
    made.execute(sql)
    source = "old" if table in OLD_ROWS else "new"
    columns = _columns(made, "old", table)
    gone = sorted(set(columns) - set(_columns(made, source, table)))
    if gone:
        raise NotDoneError(f"the newer version has {table} without {', '.join(gone)}")
    listed = ", ".join(f'"{name}"' for name in columns)
    made.execute(f'insert into main."{table}" ({listed}) select {listed} from {source}."{table}"')  # noqa: S608


def _ask_as_before(made: sqlite3.Connection) -> None:
    """`not_contacted_days` of a campaign is a moment again, where the earlier version knows no saved audiences."""
    knows = made.execute("select 1 from old.sqlite_master where name = 'saved_audiences'").fetchone()
    if knows or not {"audience", "scheduled_for", "created_at"} <= set(_columns(made, "main", "campaigns")):
        return
    made.execute(
        """update main.campaigns set audience = json_set(
             json_remove(audience, '$.not_contacted_days'), '$.not_contacted_since',
             strftime('%Y-%m-%dT%H:%M:%f+00:00', min(
               julianday(coalesce(scheduled_for, created_at)) - json_extract(audience, '$.not_contacted_days'),
               coalesce(julianday(json_extract(audience, '$.not_contacted_since')), 1e7))))
           where json_extract(audience, '$.not_contacted_days') is not null"""
    )


def _fold_in(now: Path) -> None:
    """What its log held is in the file."""
    uri = f"{now.absolute().as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10, isolation_level=None)) as one:
        in_use = one.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
    if in_use or now.with_name(f"{now.name}-wal").exists():
        raise NotDoneError("another program has the database open")


def _columns(made: sqlite3.Connection, schema: str, table: str) -> list[str]:
    return [row[1] for row in made.execute(f'pragma {schema}.table_info("{table}")')]


# -- hold -----------------------------------------------------------------------------------------


def hold(copy: Path, _now: Path, made: sqlite3.Connection) -> None:
    """Filled as above. Raises sqlite3.Error."""
    with contextlib.closing(sqlite3.connect(_to_read(copy), uri=True)) as source:
        source.backup(made)
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    seen = made.execute("select value from box where key = 'seen_at'").fetchone()
    behind = None if seen is None else seen[0]
    fence = {"reason": "quarantined", "why": "restored", "since": at, "behind": behind, "other": ""}
    made.execute("begin")
    made.execute("insert or replace into box (key, value) values ('fence', ?)", (json.dumps(fence),))
    _jump(made, at)
    details = {"made_at": behind, "host": socket.gethostname(), "kind": "upgrade"}
    made.execute(
        "insert into audit (action, details, at) values ('box.restored', ?, ?)", (json.dumps(details), at)
    )
    made.execute("commit")


def _jump(made: sqlite3.Connection, at: str) -> None:
    counted = "select name from sqlite_master where type = 'table' and sql like '%autoincrement%'"
    made.execute(
        f"""insert into sqlite_sequence (name, seq)
            select name, 0 from ({counted}) where name not in (select name from sqlite_sequence)"""  # noqa: S608
    )
    made.execute("update sqlite_sequence set seq = seq + ?", (STRIDE,))
    if made.execute("select 1 from sqlite_master where name = 'invoice_jumps'").fetchone():
        made.execute(
            """insert into invoice_jumps (first, at) select max(n) + 1000, ? from (
                 select coalesce(max(number), 0) + 1 as n from invoices
                 union all select coalesce(max(first), 1) from invoice_jumps)""",
            (at,),
        )


# -- the file -------------------------------------------------------------------------------------


def make(how: str, copy: Path, now: Path, target: Path) -> None:
    """The file is there, whole and flushed; or there is none."""
    half = target.with_name(f"{target.name}.half")
    try:
        _remove(half)
        with contextlib.closing(sqlite3.connect(half, uri=True, isolation_level=None)) as made:
            {"carry": carry, "hold": hold}[how](copy, now, made)
            said = made.execute("pragma main.quick_check(1)").fetchone()[0]
        if said != "ok":
            raise NotDoneError(f"what was made is not whole ({said})")
        _flush(half)
        half.replace(target)
        _flush(target.parent)
    except (sqlite3.Error, OSError) as failed:
        raise NotDoneError(str(failed)) from None
    finally:
        with contextlib.suppress(OSError):
            _remove(half)


def _to_read(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"  # nobody writes it, and no log lies beside it


def _remove(half: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        half.with_name(f"{half.name}{ending}").unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def main(how: str, copy: Path, now: Path, target: Path) -> int:
    """The exit code."""
    os.umask(0o077)
    try:
        make(how, copy, now, target)
    except NotDoneError as failed:
        sys.stderr.write(f"The data could not be made ready for the version before: {failed}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(Path, sys.argv[2:5])))
