"""Known chats and what was sent belong to the number; a device knows which one it is to send from.

`sends_as` is the number that its owner wants it to send from; a device that is linked with another one waits for
their word. `account` of a message is the number it was handed over from.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

# Only what may still be counted or heard of needs its account: a long log is not written anew.
SCHEMA = """
alter table devices add column sends_as text;
alter table devices add column logout_reason text;
update devices set sends_as = phone;
alter table messages add column account text;
update messages set account = (select coalesce(phone, '') from devices where id = device_id)
    where status in ('sending', 'unknown')
       or spent_at >= (select date(max(spent_at), '-3 days') from messages where spent_at is not null);
create index spent_by on messages (user_id, account, spent_at) where spent_at is not null;
alter table chats rename to chats_of_devices;
create table chats (
    user_id integer not null references users (id),
    account text not null,
    phone text not null,
    first_at text not null,
    last_out_at text,
    last_in_at text,
    primary key (user_id, account, phone)
) strict, without rowid;
insert into chats (user_id, account, phone, first_at, last_out_at, last_in_at)
    select k.user_id, coalesce(d.phone, ''), k.phone, min(k.first_at), max(k.last_out_at), max(k.last_in_at)
    from chats_of_devices k join devices d on d.id = k.device_id
    group by k.user_id, coalesce(d.phone, ''), k.phone;
drop table chats_of_devices;
create index chats_of on chats (user_id, phone);
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
