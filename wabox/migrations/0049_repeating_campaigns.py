"""Campaigns that repeat: what is sent to whom and on which days; a campaign says of which one it is a run."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table repeats (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    name text not null,
    message text not null,
    text_id integer,
    audience text not null,
    audience_id integer,
    device_ids text,
    media_id integer references media (id),
    media_kind text,
    media_name text,
    every text not null check (every in ('week', 'month', 'date')),
    days text not null default '[]',
    field_id integer,
    days_before integer not null default 0,
    at text not null,
    ends_on text,
    most_runs integer,
    status text not null check (status in ('active', 'paused', 'ended')),
    status_reason text,
    version integer not null default 1,
    next_day text,
    next_at text,
    zone text not null,
    counted_at text not null,
    skip_to text,
    runs integer not null default 0,
    missed integer not null default 0,
    last_day text,
    last_result text,
    created_at text not null,
    updated_at text not null,
    check ((status = 'active') = (next_at is not null) and (next_at is null) = (next_day is null))
) strict;
create index repeats_of on repeats (user_id);
create index repeats_due on repeats (next_at) where next_at is not null;
create index repeats_with_media on repeats (media_id) where media_id is not null;
create table repeat_people (
    user_id integer not null references users (id),
    repeat_id integer not null references repeats (id) on delete cascade,
    contact_id integer not null references contacts (id) on delete cascade,
    day text not null,
    primary key (repeat_id, contact_id)
) strict, without rowid;
create index repeats_to on repeat_people (contact_id);
alter table campaigns add column repeat_id integer;
alter table campaigns add column repeat_day text;
create unique index one_run_a_day on campaigns (repeat_id, repeat_day) where repeat_id is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
