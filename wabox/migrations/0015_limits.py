"""The fifteenth step: what WhatsApp allows an account just now, and how gently it is asked.

`lock_…` and `quota_…` are as the page tells them. `cold_…`: refusals of messages to new people that nobody
explained. `checks_…`: the pause after WhatsApp wanted fewer questions about numbers. Of a number, `warm` is
the page's word on whether a limited account may write there, and `no_since` when it first was not there.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table devices drop column restricted_until;
alter table devices add column limits_told integer not null default 0 check (limits_told in (0, 1));
alter table devices add column lock_type text;
alter table devices add column lock_until text;
alter table devices add column quota_status text
    check (quota_status in ('none', 'first_warning', 'second_warning', 'capped'));
alter table devices add column quota_used integer;
alter table devices add column quota_total integer;
alter table devices add column quota_resets_at text;
alter table devices add column cold_refusals integer not null default 0;
alter table devices add column cold_rests_until text;
alter table devices add column checks_gap_seconds integer not null default 0;
alter table devices add column checks_rest_until text;
update devices set detail = null, detail_text = null where detail = 'restricted';
alter table numbers add column warm integer check (warm in (0, 1));
alter table numbers add column no_since text;
update numbers set no_since = checked_at where answer = 'no';
create index held_why on messages (device_id, held_reason, priority desc, id)
    where status = 'queued' and held_reason is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
