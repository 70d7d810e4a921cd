"""The twenty-sixth step: the files that people send, as their writers tell of them, and where each is now."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table inbox_files (
    inbox_id integer primary key references inbox (id) on delete cascade,
    user_id integer not null references users (id),
    chat_id text not null,
    kind text not null check (kind in ('image', 'video', 'audio', 'voice', 'document')),
    mime text,
    filename text,
    bytes integer,
    seconds real,
    state text not null default 'waiting'
        check (state in ('waiting', 'here', 'expired', 'too_large', 'refused', 'failed')),
    reason text,
    asked_at text,
    by_itself integer not null default 0 check (by_itself in (0, 1)),
    tries integer not null default 0,
    retry_at text,
    media_id integer references media (id),
    check (state <> 'here' or media_id is not null)
) strict;
create index inbox_files_wanted on inbox_files (asked_at) where asked_at is not null;
create index inbox_files_with_media on inbox_files (media_id) where media_id is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
