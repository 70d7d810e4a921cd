"""A transaction id counts once over all providers; a second person's claim of it waits beside the first."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

# Who gave an id that somebody else had given was counted a liar. Triggers, not unique indexes: an older file may
# hold one id twice, by two providers.
SCHEMA = """
drop index one_txid;
delete from false_claims where kind = 'reused';
create index payments_txid on payments (canon_txid);
create trigger txid_counts_once before update of status on payments
    when new.status = 'approved' and old.status <> 'approved' and exists (select 1 from payments
        where canon_txid = new.canon_txid and status = 'approved' and id <> new.id)
    begin select raise(abort, 'a transaction id counts once'); end;
create trigger txid_claimed_once before insert on payments
    when exists (select 1 from payments where canon_txid = new.canon_txid
        and (user_id = new.user_id or (status = 'approved' and new.status = 'approved')))
    begin select raise(abort, 'a transaction id is claimed once by each user'); end;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
