"""A message's row has the room that it grows into, and an index forgets the state that lasts a moment."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table messages add column room blob;
drop index log_by_status;
create index log_by_status on messages (user_id, status, id) where status <> 'sending';
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
