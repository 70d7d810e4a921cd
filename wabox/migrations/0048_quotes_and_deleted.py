"""The inbox holds what a reply quotes, as JSON, and when its writer deleted a message for everyone."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table inbox add column quoted text;
alter table inbox add column revoked_at text;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
