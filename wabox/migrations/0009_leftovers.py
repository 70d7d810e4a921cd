"""The ninth step: a stopped campaign of which something still waits is found among however many."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create index campaigns_left on campaigns (id) where status = 'stopped'
    and total > sent + failed + skipped + cancelled + unknown;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
