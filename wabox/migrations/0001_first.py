"""The first schema: accounts, devices, messages, webhooks."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table box (
    key text primary key,
    value text not null
) strict;

create table users (
    id integer primary key autoincrement,
    email text not null unique collate nocase,
    password_hash text not null,
    role text not null check (role in ('owner', 'user')),
    state text not null default 'active' check (state in ('pending', 'active', 'suspended', 'locked')),
    language text,
    timezone text,
    disclaimer_version text,
    disclaimer_at text,
    disclaimer_ip text,
    created_at text not null
) strict;

create table sessions (
    token_hash text primary key,
    user_id integer not null references users (id),
    csrf text not null,
    ip text,
    agent text,
    created_at text not null,
    seen_at text not null
) strict;
create index sessions_of on sessions (user_id);

create table links (
    token_hash text primary key,
    user_id integer references users (id),
    purpose text not null check (purpose in ('setup', 'reset', 'verify')),
    created_at text not null,
    expires_at text not null,
    used_at text
) strict;

create table api_keys (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    name text not null,
    prefix text not null,
    key_hash text not null unique,
    scopes text not null default '[]',
    created_at text not null,
    last_used_at text,
    last_used_ip text,
    revoked_at text
) strict;
create unique index one_live_name on api_keys (user_id, name) where revoked_at is null;

create table idempotency (
    user_id integer not null references users (id),
    method text not null,
    path text not null,
    key text not null,
    fingerprint text not null,
    status integer not null,
    body text not null,
    created_at text not null,
    primary key (user_id, method, path, key)
) strict, without rowid;
create index idempotency_age on idempotency (created_at);

create table audit (
    id integer primary key autoincrement,
    user_id integer references users (id),
    action text not null,
    subject text,
    details text not null default '{}',
    ip text,
    at text not null
) strict;
create trigger audit_stays before update on audit begin select raise(abort, 'audit is append-only'); end;
create trigger audit_is_kept before delete on audit begin select raise(abort, 'audit is append-only'); end;

create table devices (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    label text not null,
    profile text not null unique,
    wanted integer not null default 0 check (wanted in (0, 1)),
    command text check (command in ('restart', 'logout', 'forget', 'pair')),
    state text not null default 'not_started'
        check (state in ('not_started', 'starting', 'qr', 'ready', 'disconnected')),
    detail text,
    detail_text text,
    linked integer not null default 0 check (linked in (0, 1)),
    synced integer not null default 0 check (synced in (0, 1)),
    phone text,
    pushname text,
    qr text,
    qr_at text,
    restricted_until text,
    link_epoch integer not null default 0,
    linked_at text,
    seen_at text,
    next_send_at text,
    anchor_chat_id text,
    anchor_message_id text,
    pairing_phone text,
    pairing_code text,
    pairing_reason text,
    pairing_expires_at text,
    created_at text not null,
    removed_at text
) strict;
create unique index one_label on devices (user_id, label) where removed_at is null;

create table linked_phones (
    user_id integer not null references users (id),
    phone text not null,
    first_linked_at text not null,
    primary key (user_id, phone)
) strict, without rowid;

create table messages (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    device_id integer not null references devices (id),
    campaign_id integer,
    contact_id integer,
    phone text not null,
    text text not null,
    status text not null default 'queued' check (status in
        ('queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'skipped', 'cancelled', 'unknown')),
    error text,
    error_text text,
    priority integer not null default 1,
    is_system integer not null default 0 check (is_system in (0, 1)),
    scheduled_for text,
    expires_at text,
    number_retry_at text,
    number_tries integer not null default 0,
    wa_message_id text,
    wa_chat_id text,
    wa_chat_ids text,
    link_epoch integer,
    machine_boot text,
    new_chat integer not null default 0 check (new_chat in (0, 1)),
    attempts integer not null default 0,
    recoveries integer not null default 0,
    doubt_stage integer not null default 0,
    rest_until text,
    spent_at text,
    queued_at text not null,
    claimed_at text,
    handed_at text,
    sent_at text,
    delivered_at text,
    read_at text,
    finished_at text
) strict;
create unique index one_in_doubt on messages (device_id) where status = 'sending';
create index queue on messages (device_id, priority desc, id) where status = 'queued';
create index expiring on messages (expires_at) where status = 'queued' and expires_at is not null;
create unique index wa_message on messages (wa_message_id) where wa_message_id is not null;
create index spent on messages (device_id, spent_at) where spent_at is not null;
create index log_of on messages (user_id, id);
create index log_by_status on messages (user_id, status, id);
create index log_by_phone on messages (user_id, phone, id);

create table message_counts (
    user_id integer not null references users (id),
    bucket text not null,
    status text not null,
    n integer not null default 0,
    primary key (user_id, bucket, status)
) strict, without rowid;

create table numbers (
    device_id integer not null references devices (id),
    user_id integer not null references users (id),
    phone text not null,
    answer text not null check (answer in ('yes', 'no')),
    chat_id text,
    other_chat_ids text not null default '[]',
    link_epoch integer not null,
    checked_at text not null,
    primary key (device_id, phone)
) strict, without rowid;

create table chats (
    device_id integer not null references devices (id),
    user_id integer not null references users (id),
    phone text not null,
    first_at text not null,
    last_out_at text,
    last_in_at text,
    primary key (device_id, phone)
) strict, without rowid;
create index chats_of on chats (user_id, phone);

create table webhooks (
    user_id integer primary key references users (id),
    url text,
    secret text not null,
    previous_secret text,
    previous_until text,
    events text not null,
    deliveries integer not null default 0,
    failing_since text,
    created_at text not null,
    updated_at text not null
) strict;

create table deliveries (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    message_id integer,
    device_id integer,
    line text,
    webhook_id text not null unique,
    event text not null,
    payload text not null,
    status text not null default 'owed' check (status in ('owed', 'delivered', 'parked', 'dropped')),
    attempts integer not null default 0,
    tries integer not null default 0,
    due_at text not null,
    give_up_at text,
    created_at text not null,
    last_at text,
    last_status integer,
    last_error text,
    last_excerpt text
) strict;
create index owed on deliveries (user_id, due_at, id) where status = 'owed';
create index owed_in_line on deliveries (line, id) where status = 'owed' and line is not null;
create index deliveries_of on deliveries (user_id, id);
create index deliveries_by_status on deliveries (user_id, status, id);
create index deliveries_of_message on deliveries (message_id, id) where message_id is not null;

create table delivery_attempts (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    delivery_id integer not null references deliveries (id) on delete cascade,
    at text not null,
    status integer,
    error text,
    milliseconds integer not null
) strict;
create index attempts_of on delivery_attempts (delivery_id);
"""


def step(database: Database) -> None:
    """Make every table."""
    run(database, SCHEMA)
