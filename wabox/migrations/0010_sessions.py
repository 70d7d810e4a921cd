"""Each session of a device has a number; a logout that WhatsApp could not be told of is tried again."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table devices add column session integer not null default 0;
alter table devices add column logout_tries integer not null default 0;
alter table devices add column logout_due_at text;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
