"""Services that alerts go to besides, by sealed addresses, and what is owed to each."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table alert_services (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    address text not null,
    shown text not null,
    created_at text not null
) strict;
create table alert_calls (
    id integer primary key autoincrement,
    service_id integer not null references alert_services (id) on delete cascade,
    user_id integer not null references users (id),
    title text not null,
    body text not null,
    status text not null default 'queued' check (status in ('queued', 'sent', 'failed')),
    attempts integer not null default 0,
    due_at text not null,
    error text,
    created_at text not null,
    done_at text
) strict;
create index alert_calls_due on alert_calls (due_at) where status = 'queued';
create index alert_calls_of_service on alert_calls (service_id);
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
