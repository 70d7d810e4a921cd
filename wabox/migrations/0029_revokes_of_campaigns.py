"""What has gone of a whole campaign may be deleted for everyone.

revoke_after: messages of the campaign up to this id were looked at; null once all were. revoke_bulk: deleted with
its campaign, after whatever else its phone has to do. next_revoke_at: when the phone may delete the next one.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table campaigns add column revoke_asked_at text;
alter table campaigns add column revoke_after integer;
alter table messages add column revoke_bulk integer not null default 0 check (revoke_bulk in (0, 1));
alter table devices add column next_revoke_at text;
drop index revoking;
create index revoking on messages (device_id, revoke_bulk, revoke_due_at) where revoke_due_at is not null;
create index revoked_with_campaign on messages (campaign_id, revoke_error)
    where campaign_id is not null and revoke_asked_at is not null;
create index campaigns_revoked on campaigns (id) where revoke_after is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
