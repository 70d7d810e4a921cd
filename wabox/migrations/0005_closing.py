"""The fifth step: accounts that are deleted."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table users add column closed_at text;
alter table users add column forgotten_at text;
create index users_to_forget on users (id) where closed_at is not null and forgotten_at is null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
