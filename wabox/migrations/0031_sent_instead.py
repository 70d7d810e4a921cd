"""The thirty-first step: the inbox holds places and contact cards.

instead: what the message is instead of a text, as JSON; null for all others.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table inbox add column instead text;
create index inbox_instead on inbox (user_id, phone) where instead is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
