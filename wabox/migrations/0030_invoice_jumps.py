"""Where a restored box goes on numbering invoices: past what the lost one may have given, on record."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
create table invoice_jumps (
    first integer primary key,
    at text not null
) strict;
drop trigger invoices_have_no_gap;
create trigger invoices_have_no_gap before insert on invoices
    when new.number <> max((select coalesce(max(number), 0) + 1 from invoices),
                           (select coalesce(max(first), 1) from invoice_jumps))
    begin select raise(abort, 'invoice numbers have no gap'); end;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
