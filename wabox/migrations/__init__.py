"""The schema, as append-only steps: one transaction each, never edited once released.

A step's file bears the name under which a database records it: what it adds, behind its place in the order. The
steps and sqlite-utils are imported when there is a step to take: most starts find the file as it should be.
"""

from __future__ import annotations

import sqlite3
from importlib import import_module

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
    "0039_own_rules",
    "0040_report_counts",
    "0041_own_words",
    "0042_campaign_drafts",
    "0043_alerts",
    "0044_alert_services",
    "0045_saved_audiences",
    "0046_search_units",
    "0047_room",
    "0048_quotes_and_deleted",
    "0049_repeating_campaigns",
    "0050_shops",
    "0051_ends_of_runs",
)


def pending(connection: sqlite3.Connection) -> list[str]:
    """Names of the steps this file still needs."""
    taken = set(_taken(connection))
    return [name for name in NAMES if name not in taken]


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Bring the file up to date; returns the steps taken. Raises ConfigError if a newer wabox wrote it."""
    newer = [name for name in _taken(connection) if name not in NAMES]
    if newer:
        raise ConfigError(
            f"The database was written by a newer wabox (it knows {newer[0]}); install that version again, "
            "or restore the backup made before the upgrade."
        )
    due = pending(connection)
    if due:
        import_module(f"{__name__}.steps").take(connection)
    return due


def _taken(connection: sqlite3.Connection) -> list[str]:
    """Names of the steps that were taken, the first first."""
    if not connection.execute("select 1 from sqlite_master where name = '_sqlite_migrations'").fetchone():
        return []
    rows = connection.execute("select name from _sqlite_migrations where migration_set = 'wabox' order by rowid")
    return [row[0] for row in rows]
