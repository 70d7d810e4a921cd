"""The sixteenth step: people and the ids WhatsApp gives them; an inbox that knows edits and automatic replies.

From here on a `phone` column of messages, chats and inbox holds an address: digits, or the LID chat id of a
person whose number WhatsApp hides.
"""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table people (
    id integer primary key autoincrement,
    user_id integer not null references users (id),
    phone text not null,
    name text,
    username text,
    joined_to integer,
    created_at text not null
) strict;
create unique index one_person on people (user_id, phone) where joined_to is null;
create index people_joined on people (joined_to) where joined_to is not null;
create index people_hidden on people (user_id, id) where joined_to is null and phone glob '*@*';

create table person_ids (
    user_id integer not null references users (id),
    wa_id text not null,
    person_id integer not null references people (id),
    primary key (user_id, wa_id)
) strict, without rowid;
create index ids_of_person on person_ids (person_id);

alter table inbox add column automatic integer not null default 0 check (automatic in (0, 1));
alter table inbox add column edited_at text;

create table known_lids (user_id integer, phone text, wa_id text, at text) strict;
insert into known_lids select user_id, phone, chat_id, checked_at from numbers where chat_id glob '*@lid';
insert into known_lids select n.user_id, n.phone, o.value, n.checked_at
    from numbers n, json_each(n.other_chat_ids) o where o.value glob '*@lid';
insert into known_lids select user_id, phone, wa_chat_id, queued_at from messages
    where phone <> '' and wa_chat_id glob '*@lid';
insert into known_lids select m.user_id, m.phone, o.value, m.queued_at from messages m, json_each(m.wa_chat_ids) o
    where m.phone <> '' and m.wa_chat_ids glob '*@lid*' and o.value glob '*@lid';
insert into people (user_id, phone, created_at)
    select user_id, phone, min(at) from inbox where phone <> '' group by user_id, phone;
insert into people (user_id, phone, created_at)
    select distinct user_id, phone, strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now') from known_lids k
    where not exists (select 1 from people p where p.user_id = k.user_id and p.phone = k.phone
                      and p.joined_to is null);
insert or ignore into person_ids (user_id, wa_id, person_id)
    select k.user_id, k.wa_id, p.id from known_lids k
    join people p on p.user_id = k.user_id and p.phone = k.phone and p.joined_to is null order by k.at desc;
drop table known_lids;
"""


def step(database: Database) -> None:
    """Make the tables, with everybody who wrote and every hidden id that a number was found behind."""
    run(database, SCHEMA)
