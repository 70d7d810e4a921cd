"""The sixth step: rules for what is written, what waits for a person's eye, and complaints."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table filter_rules (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    kind text not null check (kind in ('word', 'pattern')),
    text text not null,
    action text not null check (action in ('refuse', 'hold')),
    reason text not null,
    enabled integer not null default 1 check (enabled in (0, 1)),
    made_at text not null,
    changed_at text not null
) strict;
create unique index one_rule on filter_rules (kind, text);

create table filter_builtins (
    name text primary key,
    user_id integer not null references users (id),
    action text not null check (action in ('refuse', 'hold', 'off')),
    changed_at text not null
) strict, without rowid;

create table reviews (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    message_id integer,
    campaign_id integer,
    rules text not null,
    reason text not null,
    since text not null,
    decision text check (decision in ('yes', 'no', 'over')),
    said text,
    decided_by integer references users (id),
    decided_at text,
    check (message_id is not null or campaign_id is not null),
    check ((decision is null) = (decided_at is null))
) strict;
create index reviews_open on reviews (id) where decision is null;
create unique index one_review on reviews (message_id) where decision is null and message_id is not null;
create unique index one_campaign_review on reviews (campaign_id) where decision is null and message_id is null;
create index reviews_of_message on reviews (message_id) where message_id is not null;
create index reviews_of_campaign on reviews (campaign_id, rules, id) where decision is null;
create index reviews_decided on reviews (decided_at) where decided_at is not null;

create table content_passes (
    campaign_id integer not null references campaigns (id),
    rule text not null,
    user_id integer not null references users (id),
    at text not null,
    primary key (campaign_id, rule)
) strict, without rowid;

create table content_refusals (
    user_id integer not null references users (id),
    hour text not null,
    rule text not null,
    n integer not null,
    primary key (user_id, hour, rule)
) strict, without rowid;

create table complaints (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    phone_hash text not null,
    tail text not null,
    source text not null check (source in ('reply', 'owner')),
    note text,
    noted_by integer references users (id),
    at text not null
) strict;
create index complaints_of on complaints (user_id, at);

alter table messages add column in_review integer not null default 0 check (in_review in (0, 1));
drop index queue;
create index queue on messages (device_id, in_review, campaign_id, priority desc, id) where status = 'queued';
drop index queue_known;
create index queue_known on messages (device_id, in_review, campaign_id, priority desc, id)
    where status = 'queued' and new_chat = 0;

create trigger message_review_is_over after update of status on messages
    when old.in_review = 1 and old.status = 'queued' and new.status <> 'queued'
begin
    update reviews set decision = 'over', decided_at = coalesce(new.finished_at, since)
        where message_id = new.id and decision is null; end;
create trigger campaign_review_is_over after update of status on campaigns
    when new.status in ('stopped', 'failed', 'completed') and old.status <> new.status
begin
    update reviews set decision = 'over', decided_at = coalesce(new.finished_at, since)
        where campaign_id = new.id and message_id is null and decision is null; end;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
