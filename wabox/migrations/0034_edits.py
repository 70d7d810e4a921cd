"""The text of a message that has just gone may be changed; edit_text is the one it is to have."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table messages add column edit_text text;
alter table messages add column edit_asked_at text;
alter table messages add column edit_due_at text;
alter table messages add column edit_tries integer not null default 0;
alter table messages add column edit_error text;
alter table messages add column edited_at text;
create index editing on messages (device_id, edit_due_at) where edit_due_at is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
