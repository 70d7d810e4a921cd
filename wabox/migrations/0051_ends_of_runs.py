"""A campaign says from when its messages are not sent any more; whom repeating campaigns reached is found."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table campaigns add column messages_end_at text;
create index repeat_people_of on repeat_people (user_id);
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
