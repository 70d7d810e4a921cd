"""What an account answers to STOP and START, and which further words of its count as STOP."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table own_words (
    user_id integer primary key references users (id),
    words text not null default '[]',
    opt_out text,
    opt_in text
) strict;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
