"""The nineteenth step: since when the phone and the box have given no sign of life to WhatsApp.

Of the time before this step nothing is known, so both are counted from it.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table devices add column phone_silent_since text;
alter table devices add column connected_at text;
alter table devices add column idle_told text check (idle_told in ('phone', 'box'));
update devices set phone_silent_since = strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', 'now'),
    connected_at = strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', 'now') where linked = 1;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
