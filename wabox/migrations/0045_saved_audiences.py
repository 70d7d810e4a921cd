"""Audiences that are kept under a name; a campaign says which one it is for."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table saved_audiences (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    name text not null,
    name_key text not null,
    segment text not null,
    created_at text not null,
    updated_at text not null
) strict;
create unique index audience_names on saved_audiences (user_id, name_key);
alter table campaigns add column audience_id integer;
create index campaigns_for on campaigns (user_id, audience_id) where audience_id is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
