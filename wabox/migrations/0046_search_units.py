"""The index of words, of units of a user's rows. Units are made and marked by `finding.index`, in small pieces."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table search_units (
    id integer primary key autoincrement,
    kind text not null check (kind in ('message', 'inbox')),
    user_id integer not null references users (id),
    first_id integer not null,
    last_id integer not null,
    ends text not null,
    stale integer not null
) strict;
create unique index search_units_of on search_units (kind, user_id, last_id);
create index search_units_by_user on search_units (user_id);
create index search_units_stale on search_units (id) where stale > 0;

create table search_marks (
    unit_id integer not null references search_units (id) on delete cascade,
    user_id integer not null references users (id),
    part integer not null,
    marks blob not null,
    primary key (unit_id, part)
) strict;
"""
CHANGED = """
create trigger {table}_says_otherwise after update of text, {more} on {table}
when old.text is not new.text or old.{more} is not new.{more} begin
    update search_units set stale = stale + 1 where first_id <= new.id and id = (
        select id from search_units where kind = '{kind}' and user_id = new.user_id and last_id >= new.id
        order by last_id limit 1);
end
"""
GONE = """
create trigger {table}_says_nothing after delete on {table} begin
    update search_units set stale = stale + 1 where first_id <= old.id and id = (
        select id from search_units where kind = '{kind}' and user_id = old.user_id and last_id >= old.id
        order by last_id limit 1);
end
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
    for kind, table, more in (("message", "messages", "enclosed"), ("inbox", "inbox", "instead")):
        for trigger in (CHANGED, GONE):
            database.execute(trigger.format(kind=kind, table=table, more=more))
