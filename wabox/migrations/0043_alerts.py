"""What ails a box or a phone and was told, and by which roads somebody wants to hear of it."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table alerts (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    kind text not null,
    about text not null default '',
    words text not null default '{}',
    began_at text not null,
    told_at text,
    times integer not null default 0,
    due_at text not null,
    over_at text
) strict;
create unique index one_alert on alerts (user_id, kind, about) where over_at is null;
create index alerts_told on alerts (user_id, told_at) where times > 0;
create table alert_choices (
    user_id integer primary key references users (id),
    off text not null default '[]',
    mail integer not null default 1 check (mail in (0, 1)),
    phone text,
    mail_id integer,
    message_id integer,
    updated_at text not null
) strict;
delete from box where key = 'review_told';
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
