"""A wa-js that the owner installs: what came of trying it, when it was chosen, and which phone has which."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table engines (
    id integer primary key autoincrement,
    version text not null,
    sha256 text not null unique check (length(sha256) = 64),
    sha512 text not null check (length(sha512) = 128),
    origin text not null,
    state text not null default 'waiting' check (state in ('waiting', 'trying', 'good', 'refused', 'gone')),
    step text,
    reason text,
    lacks text not null default '[]',
    tries integer not null default 0,
    canary integer not null default 0 check (canary in (0, 1)),
    added_at text not null,
    tried_at text
) strict;
create unique index one_engine_tried on engines ((1)) where state in ('waiting', 'trying');
create table engine_choices (
    id integer primary key autoincrement,
    engine_id integer references engines (id),
    chosen_at text not null,
    stopped_at text,
    reason text,
    canary integer not null default 0 check (canary in (0, 1))
) strict;
create table device_engines (
    device_id integer primary key references devices (id) on delete cascade,
    user_id integer not null references users (id),
    engine_id integer references engines (id),
    before_id integer references engines (id),
    since text not null,
    move text check (move in ('opening', 'proving', 'back')),
    was_well integer not null default 1 check (was_well in (0, 1)),
    reason text,
    canary_id integer
) strict;
create table device_pages (
    device_id integer primary key references devices (id) on delete cascade,
    user_id integer not null references users (id),
    page_version text,
    wajs_version text,
    missing text not null default '[]',
    lacks text not null default '[]',
    patches text not null default '{}',
    seen_at text,
    told_at text
) strict;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
