"""What was taken away because it was old enough is counted."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table removals (
    kind text not null,
    month text not null,
    n integer not null,
    primary key (kind, month)
) strict, without rowid;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
