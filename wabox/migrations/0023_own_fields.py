"""The twenty-third step: fields of a user's own, and what contacts have in them."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table contact_fields (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    name text not null,
    kind text not null check (kind in ('text', 'number', 'date')),
    display text not null check (display in ('plain', 'thousands', 'money', 'day', 'day_and_month', 'digits')),
    currency text,
    created_at text not null,
    check ((display = 'money') = (currency is not null))
) strict;
create unique index one_field on contact_fields (user_id, name);

create table field_values (
    contact_id integer not null references contacts (id) on delete cascade,
    field_id integer not null references contact_fields (id) on delete cascade,
    user_id integer not null references users (id),
    value text not null,
    key any not null,
    primary key (contact_id, field_id)
) strict, without rowid;
create index valued on field_values (field_id, key, contact_id);
"""


def step(database: Database) -> None:
    """Make the tables."""
    run(database, SCHEMA)
