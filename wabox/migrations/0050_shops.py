"""What an account's shop is called, and who is meant on invoices to it."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table shops (
    user_id integer primary key references users (id),
    name text,
    person text,
    phone text,
    updated_at text not null
) strict;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
