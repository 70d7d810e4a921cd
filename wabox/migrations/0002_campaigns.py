"""Contacts, campaigns, the inbox and credits."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table users add column unlimited integer not null default 1 check (unlimited in (0, 1));
alter table users add column credits integer not null default 0;

create table contacts (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    phone text not null,
    flagged integer not null default 0 check (flagged in (0, 1)),
    name text,
    custom text,
    consent_source text,
    consent_at text,
    consent_by text,
    consent_note text,
    last_out_at text,
    last_in_at text,
    created_at text not null,
    updated_at text not null
) strict;
create unique index one_phone on contacts (user_id, phone);
create index contacts_by_id on contacts (user_id, id);
create index contacts_by_name on contacts (user_id, name collate nocase);

create table contact_tags (
    contact_id integer not null references contacts (id) on delete cascade,
    user_id integer not null references users (id),
    tag text not null,
    key text not null,
    position integer not null default 0,
    primary key (contact_id, key)
) strict, without rowid;
create index tagged on contact_tags (user_id, key, contact_id);

create table suppressions (
    user_id integer not null references users (id),
    phone_hash text not null,
    source text not null,
    word text,
    campaign_id integer,
    by text,
    at text not null,
    primary key (user_id, phone_hash)
) strict, without rowid;

create table suppression_log (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    phone_hash text not null,
    change text not null check (change in ('out', 'in')),
    source text not null,
    word text,
    by text,
    at text not null
) strict;
create index suppression_log_of on suppression_log (user_id, phone_hash, id);

create table imports (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    name text not null,
    file text not null,
    encoding text not null,
    dialect text not null,
    mapping text,
    tag text,
    consent_by text,
    status text not null default 'uploaded'
        check (status in ('uploaded', 'running', 'done', 'failed', 'cancelled')),
    error_text text,
    position integer not null default 0,
    line integer not null default 0,
    total integer not null default 0,
    done integer not null default 0,
    created integer not null default 0,
    updated integer not null default 0,
    unchanged integer not null default 0,
    refused integer not null default 0,
    created_at text not null,
    started_at text,
    finished_at text
) strict;
create index imports_of on imports (user_id, id);
create index imports_running on imports (id) where status = 'running';

create table import_refusals (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    import_id integer not null references imports (id) on delete cascade,
    line integer not null,
    reason text not null,
    row text not null
) strict;
create index refusals_of on import_refusals (import_id, id);

create table campaigns (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    name text not null,
    message text not null,
    audience text not null default '{}',
    device_ids text,
    status text not null check (status in
        ('scheduled', 'sending', 'paused', 'completed', 'stopped', 'failed')),
    status_reason text,
    scheduled_for text,
    created_at text not null,
    launched_at text,
    finished_at text,
    total integer not null default 0,
    cursor integer not null default 0,
    expanded integer not null default 0 check (expanded in (0, 1)),
    sent integer not null default 0,
    delivered integer not null default 0,
    read integer not null default 0,
    failed integer not null default 0,
    skipped integer not null default 0,
    cancelled integer not null default 0,
    unknown integer not null default 0,
    not_on_whatsapp integer not null default 0,
    opted_out_after integer not null default 0,
    failures_in_row integer not null default 0,
    acknowledged text not null default '',
    reserved integer not null default 0
) strict;
create index campaigns_of on campaigns (user_id, id);
create index campaigns_live on campaigns (status, user_id) where status in ('scheduled', 'sending', 'paused');

create table audiences (
    campaign_id integer not null references campaigns (id),
    user_id integer not null references users (id),
    part integer not null,
    contact_ids blob not null,
    primary key (campaign_id, part)
) strict, without rowid;

alter table messages add column held_reason text;
alter table messages rename column number_retry_at to held_until;
drop index queue;
create index queue on messages (device_id, campaign_id, priority desc, id) where status = 'queued';
create index queue_known on messages (device_id, campaign_id, priority desc, id)
    where status = 'queued' and new_chat = 0;
create index queue_phone on messages (user_id, phone) where status = 'queued';
create unique index one_per_contact on messages (campaign_id, contact_id) where campaign_id is not null;
create index log_by_campaign on messages (campaign_id, status, id) where campaign_id is not null;
create index campaign_to_phone on messages (user_id, phone, spent_at)
    where campaign_id is not null and spent_at is not null;

create table inbox (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    device_id integer not null references devices (id),
    wa_message_id text not null,
    phone text not null,
    name text,
    text text not null,
    kind text not null,
    at text not null,
    seen_at text,
    verdict text check (verdict in ('opt_out', 'opt_in', 'near_miss')),
    reviewed_at text
) strict;
create unique index inbox_once on inbox (device_id, wa_message_id);
create index inbox_of on inbox (user_id, phone, id);
create index inbox_latest on inbox (user_id, id);
create index inbox_unseen on inbox (user_id, phone) where seen_at is null;
create index inbox_tray on inbox (user_id, id) where verdict = 'near_miss' and reviewed_at is null;

create table ledger (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    kind text not null check (kind in ('grant', 'adjust', 'take', 'return', 'reserve', 'release')),
    amount integer not null check (amount <> 0),
    message_id integer,
    campaign_id integer,
    note text,
    by text,
    at text not null,
    check (kind in ('grant', 'adjust', 'return', 'release') or amount < 0),
    check (kind in ('adjust', 'take', 'reserve') or amount > 0),
    check ((kind in ('take', 'return')) = (message_id is not null))
) strict;
create unique index once_per_message on ledger (message_id, kind) where message_id is not null;
create index ledger_of on ledger (user_id, id);
create trigger ledger_stays before update on ledger begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_is_kept before delete on ledger begin select raise(abort, 'the ledger is append-only'); end;
"""


def step(database: Database) -> None:
    """Make the tables, and let the queue know campaigns."""
    run(database, SCHEMA)
