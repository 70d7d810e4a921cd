"""What reports count, kept beside the messages. What is there already is counted by `recounting.catch_up`."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table messages add column source text;
alter table messages add column replied_at text;

create table report_counts (
    user_id integer not null references users (id),
    day text not null,
    device_id integer not null,
    campaign_id integer not null,
    source text not null check (source in ('campaign', 'api', 'dashboard', 'other')),
    sent integer not null default 0,
    delivered integer not null default 0,
    read integer not null default 0,
    replied integer not null default 0,
    failed integer not null default 0,
    skipped integer not null default 0,
    cancelled integer not null default 0,
    unknown integer not null default 0,
    opted_out integer not null default 0,
    primary key (user_id, day, device_id, campaign_id, source)
) strict, without rowid;

create table campaign_hours (
    campaign_id integer not null references campaigns (id),
    bucket text not null,
    user_id integer not null references users (id),
    sent integer not null default 0,
    delivered integer not null default 0,
    read integer not null default 0,
    replied integer not null default 0,
    primary key (campaign_id, bucket)
) strict, without rowid;
create index campaign_hours_of on campaign_hours (user_id);

insert into box (key, value) select 'report_left', cast(seq as text) from sqlite_sequence where name = 'messages';
insert into box (key, value) select 'report_outs_left', cast(seq as text) from sqlite_sequence
    where name = 'suppression_log';
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
