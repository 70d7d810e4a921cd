"""A plan may limit the megabytes of new files a day."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table plans add column daily_megabytes integer not null default 0
    check (daily_megabytes between 0 and 1000000);
drop trigger plan_terms_stay;
create trigger plan_terms_stay before update of name, price_minor, currency, days, credits, daily_cap,
    max_wa_accounts, trial, daily_megabytes on plans
    begin select raise(abort, 'the terms of a plan never change'); end;
create index media_by_age on media (user_id, created_at);
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
