"""What accounts of other people need: second factors, accepted terms, confirmed addresses, mails to send."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table users add column verified_at text;
alter table users add column approved_at text;
alter table users add column state_reason text;

create table totp (
    user_id integer primary key references users (id),
    secret text not null,
    started_at text not null,
    confirmed_at text,
    last_step integer not null default 0
) strict;

create table recovery_codes (
    user_id integer not null references users (id),
    code_hash text not null,
    used_at text,
    primary key (user_id, code_hash)
) strict, without rowid;

create table terms_acceptances (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    version text not null,
    ip text,
    at text not null
) strict;
create index terms_of on terms_acceptances (user_id, id);

create table mails (
    id integer primary key autoincrement,
    user_id integer references users (id),
    recipient text not null,
    subject text not null,
    body text,
    status text not null default 'queued' check (status in ('queued', 'sent', 'failed', 'skipped')),
    attempts integer not null default 0,
    due_at text,
    last_error text,
    created_at text not null,
    done_at text
) strict;
create index mails_due on mails (due_at) where status = 'queued';
create index mails_by_status on mails (status, id);
create index audit_of on audit (user_id, id);
create index audit_by_action on audit (action, id);
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
