"""The schema, as append-only steps: one transaction each, never edited once released.

A step's file bears the name under which a database records it: what it adds, behind its place in the order.
"""

from __future__ import annotations

import sqlite3
from importlib import import_module

import sqlite_utils
from sqlite_utils.migrations import Migrations

from wabox.errors import ConfigError

NAMES = (
    "0001_first",
    "0002_campaigns",
    "0003_accounts",
    "0004_billing",
    "0005_closing",
    "0006_content",
    "0007_totals",
    "0008_addresses",
    "0009_leftovers",
    "0010_sessions",
    "0011_known_browsers",
    "0012_rotations",
    "0013_txids",
    "0014_holds",
    "0015_limits",
    "0016_people",
    "0017_numbers",
    "0018_linking",
    "0019_idling",
    "0020_refusals_of_numbers",
    "0021_media",
    "0022_texts",
    "0023_own_fields",
    "0024_files_of_texts",
    "0025_enclosed",
    "0026_files_from_people",
    "0027_revokes",
    "0028_plan_megabytes",
    "0029_revokes_of_campaigns",
    "0030_invoice_jumps",
    "0031_sent_instead",
    "0032_reactions",
    "0033_engines",
    "0034_edits",
    "0035_removals",
    "0036_names_of_uses",
    "0037_lists_by_change",
    "0038_ends_of_records",
)
STEPS = Migrations("wabox")
for _name in NAMES:
    STEPS(name=_name)(import_module(f"{__name__}.{_name}").step)


def pending(connection: sqlite3.Connection) -> list[str]:
    """Names of the steps this file still needs."""
    return [one.name for one in STEPS.pending(sqlite_utils.Database(connection))]


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Bring the file up to date; returns the steps taken. Raises ConfigError if a newer wabox wrote it."""
    database = sqlite_utils.Database(connection)
    newer = [one.name for one in STEPS.applied(database) if one.name not in NAMES]
    if newer:
        raise ConfigError(
            f"The database was written by a newer wabox (it knows {newer[0]}); install that version again, "
            "or restore the backup made before the upgrade."
        )
    taken = [one.name for one in STEPS.pending(database)]
    STEPS.apply(database)
    return taken
