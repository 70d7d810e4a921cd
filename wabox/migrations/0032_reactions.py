"""An emoji to a message, of either side: the last of each side, empty when it was taken back.

due_at: when ours is tried next; null unless it is asked for and is neither there nor given up.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table reactions (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    device_id integer not null references devices (id),
    message_id integer references messages (id) on delete cascade,
    inbox_id integer references inbox (id) on delete cascade,
    ours integer not null check (ours in (0, 1)),
    emoji text not null,
    at text not null,
    due_at text,
    tries integer not null default 0,
    error text,
    check ((message_id is null) <> (inbox_id is null)),
    check (ours = 1 or (due_at is null and error is null))
) strict;
create unique index reaction_to_ours on reactions (message_id, ours) where message_id is not null;
create unique index reaction_to_theirs on reactions (inbox_id, ours) where inbox_id is not null;
create index reactions_due on reactions (device_id, due_at) where due_at is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
