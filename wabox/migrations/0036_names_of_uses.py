"""A file may be called otherwise by what carries it; null: as the file itself."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table messages add column media_name text;
alter table campaigns add column media_name text;
alter table texts add column media_name text;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
