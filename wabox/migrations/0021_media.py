"""The twenty-first step: files, and the messages and campaigns that carry one.

A file's bytes lie in `data/media` under `stored_sha256`; `sha256` is of what was given, which differs where a
place and a camera were taken out of a picture. A row that is removed stays as long as the log names it.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

KINDS = "('image', 'video', 'audio', 'voice', 'document')"
SCHEMA = f"""
create table media (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    sha256 text not null check (length(sha256) = 64 and sha256 not glob '*[^0-9a-f]*'),
    stored_sha256 text not null check (length(stored_sha256) = 64 and stored_sha256 not glob '*[^0-9a-f]*'),
    kind text not null check (kind in {KINDS}),
    mime text not null,
    filename text not null check (filename <> ''),
    bytes integer not null check (bytes > 0),
    width integer,
    height integer,
    seconds real,
    origin text not null check (origin in ('upload', 'url', 'inbound')),
    created_at text not null,
    last_used_at text not null,
    removed_at text
) strict;
create unique index one_of_a_user on media (user_id, sha256, mime) where removed_at is null;
create index media_by_file on media (stored_sha256) where removed_at is null;
create index media_by_use on media (last_used_at, id) where removed_at is null;
create index media_removed on media (id) where removed_at is not null;

alter table messages add column media_id integer references media (id);
alter table messages add column media_kind text check (media_kind in {KINDS});
create index messages_with_media on messages (media_id, status) where media_id is not null;

alter table campaigns add column media_id integer references media (id);
alter table campaigns add column media_kind text check (media_kind in {KINDS});
create index campaigns_with_media on campaigns (media_id) where media_id is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
