"""Contacts are listed by their last change and by who opted out. is_out: null until `suppression.settle`."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table contacts add column is_out integer check (is_out in (0, 1));
create index contacts_by_change on contacts (user_id, updated_at);
create index contacts_by_out on contacts (user_id, is_out);
create index contacts_not_settled on contacts (id) where is_out is null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
