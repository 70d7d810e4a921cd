"""Browsers that have logged in as somebody before, so that strangers cannot lock the owner out."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table known_browsers (
    token_hash text not null,
    user_id integer not null references users (id),
    ip text,
    made_at text not null,
    seen_at text not null,
    primary key (token_hash, user_id)
) strict;
create index known_browsers_of on known_browsers (user_id, seen_at);
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
