"""Plans, subscriptions, payments, invoices, trials and notices."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table plans (
    id integer primary key autoincrement,
    family integer,
    name text not null,
    price_minor integer not null check (price_minor between 0 and 100000000000),
    currency text not null check (length(currency) = 3),
    days integer check (days between 1 and 3660),
    credits integer check (credits between 1 and 1000000000),
    daily_cap integer not null default 0 check (daily_cap between 0 and 1000000),
    max_wa_accounts integer not null default 1 check (max_wa_accounts between 1 and 50),
    trial integer not null default 0 check (trial in (0, 1)),
    active integer not null default 1 check (active in (0, 1)),
    created_at text not null,
    check (days is not null or credits is not null),
    check (trial = 0 or (days is not null and price_minor = 0))
) strict;
create trigger plan_terms_stay before update of name, price_minor, currency, days, credits, daily_cap,
    max_wa_accounts, trial on plans begin select raise(abort, 'the terms of a plan never change'); end;

create table subscriptions (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    plan_id integer not null references plans (id),
    starts_at text not null,
    expires_at text not null,
    ended_at text,
    ended_because text,
    created_at text not null,
    check (starts_at < expires_at)
) strict;
create index subscriptions_of on subscriptions (user_id, starts_at) where ended_at is null;
create index subscriptions_ending on subscriptions (expires_at) where ended_at is null;

create table payments (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    plan_id integer not null references plans (id),
    provider text not null check (provider in ('bkash', 'nagad', 'bank')),
    amount_minor integer not null check (amount_minor > 0),
    currency text not null,
    txid text not null,
    canon_txid text not null check (canon_txid <> '' and canon_txid not glob '*[^0-9a-z]*'),
    sender text not null,
    receipt text,
    status text not null default 'pending' check (status in ('pending', 'approved', 'rejected')),
    reason text,
    false_claim integer not null default 0 check (false_claim in (0, 1)),
    decided_by integer references users (id),
    decided_at text,
    ip text,
    created_at text not null
) strict;
create unique index one_txid on payments (provider, canon_txid);
create index payments_of on payments (user_id, id);
create index payments_waiting on payments (id) where status = 'pending';
create trigger approved_is_final before update on payments when old.status = 'approved'
    begin select raise(abort, 'an approved payment is final'); end;
create trigger claims_stay before update of user_id, plan_id, provider, amount_minor, currency, txid, canon_txid,
    sender, created_at on payments begin select raise(abort, 'a claim never changes'); end;
create trigger payments_are_kept before delete on payments begin select raise(abort, 'payments are kept'); end;

create table false_claims (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    payment_id integer not null references payments (id),
    kind text not null check (kind in ('rejected', 'reused')),
    at text not null
) strict;
create unique index counted_once on false_claims (user_id, payment_id, kind);

alter table ledger add column payment_id integer references payments (id);
create unique index one_grant on ledger (payment_id) where payment_id is not null;

create table invoices (
    number integer primary key,
    user_id integer not null references users (id),
    plan_id integer not null references plans (id),
    kind text not null check (kind in ('sale', 'renewal')),
    payment_id integer unique references payments (id),
    renews integer unique references subscriptions (id),
    amount_minor integer not null,
    currency text not null,
    seller text not null,
    buyer text not null,
    from_at text,
    to_at text,
    issued_at text not null,
    paid_at text,
    void_at text,
    check ((kind = 'renewal') = (renews is not null)),
    check ((paid_at is null) = (payment_id is null))
) strict;
create index invoices_of on invoices (user_id, number);
create trigger invoices_have_no_gap before insert on invoices
    when new.number <> (select coalesce(max(number), 0) + 1 from invoices)
    begin select raise(abort, 'invoice numbers have no gap'); end;
create trigger invoices_stay before update of number, user_id, plan_id, kind, renews, amount_minor, currency,
    seller, buyer, issued_at on invoices begin select raise(abort, 'an invoice never changes'); end;
create trigger invoices_are_kept before delete on invoices begin select raise(abort, 'invoices are kept'); end;

create table trials (
    id integer primary key autoincrement,
    user_id integer not null,
    kind text not null check (kind in ('user', 'email', 'phone', 'ip')),
    hash text not null,
    at text not null
) strict;
create unique index trial_once on trials (kind, hash) where kind <> 'ip';
create index trials_from on trials (hash, at) where kind = 'ip';
create trigger trials_stay before update on trials begin select raise(abort, 'trials are kept'); end;
create trigger trials_are_kept before delete on trials begin select raise(abort, 'trials are kept'); end;

create table notices (
    subscription_id integer not null references subscriptions (id),
    user_id integer not null references users (id),
    days integer not null,
    channel text not null check (channel in ('mail', 'whatsapp')),
    at text not null,
    primary key (subscription_id, days, channel)
) strict, without rowid;

create trigger newcomers_are_limited after insert on users
    when new.role = 'user' and exists (select 1 from box where key = 'billing')
    begin update users set unlimited = 0 where id = new.id; end;
"""


def step(database: Database) -> None:
    """Make the tables; what must never change is refused by the file itself."""
    run(database, SCHEMA)
