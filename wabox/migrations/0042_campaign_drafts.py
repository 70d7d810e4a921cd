"""Campaigns that are being written: what their form says, until they are planned or begun."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table campaign_drafts (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    ticket text not null,
    name text not null,
    form text not null,
    updated_at text not null
) strict;
create unique index one_draft on campaign_drafts (user_id, ticket);
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
