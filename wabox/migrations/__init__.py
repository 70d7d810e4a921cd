"""The schema, as append-only steps: one transaction each, never edited once released."""

from __future__ import annotations

import sqlite3

import sqlite_utils
from sqlite_utils.migrations import Migrations

from wabox.errors import ConfigError
from wabox.migrations import (
    eighth,
    fifth,
    first,
    fourth,
    holds,
    idling,
    known_browsers,
    leftovers,
    limits,
    linking,
    numbers,
    people,
    rotations,
    second,
    sessions,
    seventh,
    sixth,
    third,
    txids,
)

STEPS = Migrations("wabox")
STEPS(name="0001_first")(first.step)
STEPS(name="0002_campaigns")(second.step)
STEPS(name="0003_accounts")(third.step)
STEPS(name="0004_billing")(fourth.step)
STEPS(name="0005_closing")(fifth.step)
STEPS(name="0006_content")(sixth.step)
STEPS(name="0007_totals")(seventh.step)
STEPS(name="0008_addresses")(eighth.step)
STEPS(name="0009_leftovers")(leftovers.step)
STEPS(name="0010_sessions")(sessions.step)
STEPS(name="0011_known_browsers")(known_browsers.step)
STEPS(name="0012_rotations")(rotations.step)
STEPS(name="0013_txids")(txids.step)
STEPS(name="0014_holds")(holds.step)
STEPS(name="0015_limits")(limits.step)
STEPS(name="0016_people")(people.step)
STEPS(name="0017_numbers")(numbers.step)
STEPS(name="0018_linking")(linking.step)
STEPS(name="0019_idling")(idling.step)


def pending(connection: sqlite3.Connection) -> list[str]:
    """Names of the steps this file still needs."""
    return [one.name for one in STEPS.pending(sqlite_utils.Database(connection))]


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Bring the file up to date; returns the steps taken. Raises ConfigError if a newer wabox wrote it."""
    database = sqlite_utils.Database(connection)
    known = _names()
    newer = [one.name for one in STEPS.applied(database) if one.name not in known]
    if newer:
        raise ConfigError(
            f"The database was written by a newer wabox (it knows {newer[0]}); install that version again, "
            "or restore the backup made before the upgrade."
        )
    taken = [one.name for one in STEPS.pending(database)]
    STEPS.apply(database)
    return taken


def _names() -> set[str]:
    """Every step this wabox knows."""
    empty = sqlite_utils.Database(memory=True)
    try:
        return {one.name for one in STEPS.pending(empty)}
    finally:
        empty.close()
