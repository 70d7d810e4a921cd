"""The eighth step: an old IP address may go from what otherwise never changes."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
drop trigger audit_stays;
create trigger audit_stays before update on audit
    when not (new.ip is null and new.id is old.id and new.user_id is old.user_id and new.action is old.action
        and new.subject is old.subject and new.details is old.details and new.at is old.at)
    begin select raise(abort, 'audit is append-only'); end;
create index audit_with_ip on audit (at) where ip is not null;
drop trigger approved_is_final;
create trigger approved_is_final before update on payments
    when old.status = 'approved' and not (new.ip is null and new.id is old.id and new.user_id is old.user_id
        and new.plan_id is old.plan_id and new.provider is old.provider
        and new.amount_minor is old.amount_minor and new.currency is old.currency
        and new.txid is old.txid and new.canon_txid is old.canon_txid and new.sender is old.sender
        and new.receipt is old.receipt and new.status is old.status and new.reason is old.reason
        and new.false_claim is old.false_claim and new.decided_by is old.decided_by
        and new.decided_at is old.decided_at and new.created_at is old.created_at)
    begin select raise(abort, 'an approved payment is final'); end;
create index payments_with_ip on payments (created_at) where ip is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
