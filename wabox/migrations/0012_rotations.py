"""A key knows the Idempotency-Key it was made under: a rotation whose answer is lost can be asked again."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table api_keys add column rotated_under text;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
