"""The twenty-seventh step: a message may be deleted for everyone.

revoke_due_at: when it is tried next; null unless it was asked for and is neither done nor given up.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table messages add column revoke_asked_at text;
alter table messages add column revoke_due_at text;
alter table messages add column revoke_tries integer not null default 0;
alter table messages add column revoke_error text;
alter table messages add column revoked_at text;
create index revoking on messages (device_id, revoke_due_at) where revoke_due_at is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
