"""The twenty-second step: texts that are kept to be sent again, and which of them a campaign came from."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table texts (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    name text not null,
    name_key text not null,
    message text not null,
    category text not null check (category in ('service', 'advertising')),
    language text,
    version integer not null default 1,
    created_at text not null,
    updated_at text not null,
    unique (user_id, name_key)
) strict;

alter table campaigns add column text_id integer;
create index campaigns_from_text on campaigns (user_id, text_id) where text_id is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
