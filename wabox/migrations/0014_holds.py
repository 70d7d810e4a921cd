"""The thirteenth step: what waits until a known time stands beside its device's line; a cancel in doubt is kept.

`held_until` is that time for whatever reason, a plan to send later among them; no claim walks over it, for the
line is what has none.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table messages add column cancel_asked integer not null default 0 check (cancel_asked in (0, 1));
update messages set held_until = scheduled_for, held_reason = 'scheduled'
    where status = 'queued' and scheduled_for is not null and held_until is null;
create index line on messages (device_id, in_review, campaign_id, priority desc, id)
    where status = 'queued' and held_until is null;
drop index queue_known;
create index line_known on messages (device_id, in_review, campaign_id, priority desc, id)
    where status = 'queued' and held_until is null and new_chat = 0;
create index held on messages (device_id, priority, held_until) where status = 'queued' and held_until is not null;
update messages set link_epoch = null where status = 'queued' and link_epoch is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
