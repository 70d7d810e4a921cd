"""Looks at the database: whole, of today's schema, and true to what wabox promises of its rows.

The doctor asks when it is called, the engine each night; what was found last is kept in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

import structlog

from wabox import migrations, times
from wabox.box import Box
from wabox.checkup import promises
from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.db import Rows, Tx, trouble
from wabox.errors import Unavailable

log = structlog.get_logger()

KEY = "last_check"
DAMAGED = "The database is damaged: %(what)s."
RESTORE = "Stop wabox and put the database back from a backup."
REPORT = "Keep a copy of the data directory and report this: it is a fault in wabox. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Checked:
    """When the database was last looked through, how long it took, and what was found."""

    at: datetime
    seconds: float
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Whether nothing was wrong."""
        return all(one.level == "ok" for one in self.findings)


def check(path: Path, *, quick: bool, now: datetime) -> Checked:
    """The database was looked through, on a connection that only reads. Slow: not for the loop.

    quick: leaves out whether indexes agree with their tables.
    """
    began = monotonic()
    found = tuple(findings(path, quick=quick))
    return Checked(now, round(monotonic() - began, 2), found)


def findings(path: Path, *, quick: bool = False) -> Iterator[Finding]:
    """The database is whole and says nothing impossible."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
            yield from _integrity(connection, quick=quick)
            waiting = migrations.pending(connection)
            if waiting:
                says = "The database needs an upgrade, in steps: %(n)s."
                cure = "Start wabox serve; it makes a copy and takes them."
                yield warning("schema", says, cure, n=len(waiting))
                return
            yield ok("schema", "The database is up to date.")
            yield from _promises(connection)
    except sqlite3.Error as error:
        if trouble.is_damage(error):
            yield bad("database", DAMAGED, RESTORE, what=error)
            return
        cure = "Look at the disk and at the log (journalctl -u wabox), then try again."
        told = trouble.refusal(error, path)
        if isinstance(told, Unavailable) and told.code == "storage_full":
            cure = "The disk is full: free some space, then try again."
        yield bad("database", "The database cannot be read: %(why)s.", cure, why=error)


def _integrity(connection: sqlite3.Connection, *, quick: bool) -> Iterator[Finding]:
    """SQLite finds the file whole, and no row points at nothing."""
    said = [
        row[0] for row in connection.execute("pragma quick_check(5)" if quick else "pragma integrity_check(5)")
    ]
    if said != ["ok"]:
        yield bad("database", DAMAGED, RESTORE, what=said[0])
        return
    loose = promises.loose(connection)
    for table, ids in loose.items():
        says = "Rows of %(table)s point at nothing: %(ids)s."
        yield bad("references", says, REPORT, table=table, ids=_shown(ids))
    yield ok("database", "The database is whole.")


def _promises(connection: sqlite3.Connection) -> Iterator[Finding]:
    """What wabox promises of its rows is true of them."""
    wrong = list(promises.broken(connection))
    for one in wrong:
        says = "Not true: %(promise)s. Rows: %(n)s, ids: %(ids)s."
        yield bad("invariants", says, REPORT, n=one.count, promise=one.promise, ids=_shown(one.ids))
    if not wrong:
        yield ok("invariants", "Nothing impossible is stored.")


def _shown(ids: tuple[int, ...] | list[int]) -> str:
    return ", ".join(map(str, ids))


async def look_through(box: Box) -> Checked:
    """The database was checked on a thread of its own; what was found is kept, and what is wrong is in the log.

    Damage is latched: then nothing is kept in the database any more.
    """
    checked = await asyncio.to_thread(check, box.db.path, quick=True, now=box.now())
    for one in checked.findings:
        if one.level != "ok":
            log.error("database check", found=one.says, cure=one.cure)
    log.info("database checked", seconds=checked.seconds, well=checked.well)
    for one in checked.findings:
        if one.text == DAMAGED:
            box.db.damage.latch(str(one.values["what"]))
    if not box.db.damaged:
        await box.db.write(keep, checked)
    return checked


# -- what was found last ---------------------------------------------------------------------------------


def keep(tx: Tx, checked: Checked) -> None:
    """This is the latest look at the database."""
    stored = {
        "at": times.stored(checked.at),
        "seconds": checked.seconds,
        "findings": [
            [one.name, one.level, one.text, one.remedy, {name: str(value) for name, value in one.values.items()}]
            for one in checked.findings
        ],
    }
    tx.run(
        "insert or replace into box (key, value) values (:key, :value)",
        key=KEY,
        value=json.dumps(stored, ensure_ascii=False),
    )


def last(rows: Rows) -> Checked | None:
    """The latest look at the database, None before the first."""
    value = rows.value("select value from box where key = :key", key=KEY)
    if value is None:
        return None
    stored = json.loads(value)
    found = tuple(Finding(*one) for one in stored["findings"])
    return Checked(times.read(stored["at"]), stored["seconds"], found)
