"""The record of deeds ends at a mark, a decided payment lets its picture go; all else of both stays as it is."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
drop trigger audit_is_kept;
create trigger audit_is_kept before delete on audit
    when old.at >= coalesce((select value from box where key = 'audit_kept_from'), '')
        or old.action in ('account.locked', 'account.unlocked')
    begin select raise(abort, 'audit is append-only'); end;
drop trigger approved_is_final;
create trigger approved_is_final before update on payments
    when old.status = 'approved' and not ((new.ip is null or new.ip is old.ip)
        and (new.receipt is null or new.receipt is old.receipt)
        and new.id is old.id and new.user_id is old.user_id and new.plan_id is old.plan_id
        and new.provider is old.provider and new.amount_minor is old.amount_minor
        and new.currency is old.currency and new.txid is old.txid and new.canon_txid is old.canon_txid
        and new.sender is old.sender and new.status is old.status and new.reason is old.reason
        and new.false_claim is old.false_claim and new.decided_by is old.decided_by
        and new.decided_at is old.decided_at and new.created_at is old.created_at)
    begin select raise(abort, 'an approved payment is final'); end;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
