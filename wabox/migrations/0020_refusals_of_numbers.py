"""The twentieth step: until when WhatsApp refuses new people to a number, wherever it is linked."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table linked_phones add column cold_rests_until text;
update linked_phones set cold_rests_until = (select max(d.cold_rests_until) from devices d
    where d.user_id = linked_phones.user_id and d.phone = linked_phones.phone);
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
