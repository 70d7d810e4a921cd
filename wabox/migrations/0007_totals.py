"""How many messages each user has, kept beside them, and the log by time: a list says its total at once."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table message_totals (
    user_id integer primary key,
    n integer not null
) strict;
insert into message_totals (user_id, n) select user_id, count(*) from messages group by user_id;
create index log_by_time on messages (user_id, queued_at);
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
