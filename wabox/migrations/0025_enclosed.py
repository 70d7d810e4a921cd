"""The twenty-fifth step: what a message is instead of a text, a place or a contact card, as JSON."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table messages add column enclosed text check (enclosed is null or json_valid(enclosed));
create index messages_enclosed on messages (user_id, id) where enclosed is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
