"""Closes an account for good: at once nobody can use it, then what it held is forgotten a piece at a time.

What stays is what the house and the law must know: payments, invoices, periods and ledger, who did what and
when, which terms were accepted, complaints (without the number), and the hashes by which a second free trial
is refused.
"""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.accounts import states, users
from wabox.accounts.states import Actor
from wabox.accounts.users import User
from wabox.billing import invoices, ledger, payments, subscriptions, trials
from wabox.campaigns import control
from wabox.contacts.lists import imports
from wabox.db import Rows, Tx
from wabox.messages import leaving

PIECE = 500

# Tables whose rows go with their user, those that others point at last; by what a row is found.
FORGOTTEN: dict[str, str] = {
    "deliveries": "id",
    "imports": "id",
    "audiences": "campaign_id, part",
    "messages": "id",
    "message_totals": "user_id",
    "reviews": "id",
    "content_passes": "campaign_id, rule",
    "content_refusals": "user_id, hour, rule",
    "campaign_hours": "campaign_id, bucket",
    "campaigns": "id",
    "campaign_drafts": "id",
    "repeat_people": "repeat_id, contact_id",
    "repeats": "id",
    "saved_audiences": "id",
    "texts": "id",
    "inbox": "id",
    "search_units": "id",
    "media": "id",
    "person_ids": "user_id, wa_id",
    "people": "id",
    "contacts": "id",
    "contact_fields": "id",
    "suppressions": "user_id, phone_hash",
    "suppression_log": "id",
    "message_counts": "user_id, bucket, status",
    "report_counts": "user_id, day, device_id, campaign_id, source",
    "numbers": "device_id, phone",
    "chats": "user_id, account, phone",
    "webhooks": "user_id",
    "own_words": "user_id",
    "shops": "user_id",
    "idempotency": "user_id, method, path, key",
    "alerts": "id",
    "alert_choices": "user_id",
    "alert_calls": "id",
    "alert_services": "id",
    "mails": "id",
    "sessions": "token_hash",
    "known_browsers": "token_hash, user_id",
    "links": "token_hash",
    "totp": "user_id",
    "recovery_codes": "user_id, code_hash",
    "api_keys": "id",
    "linked_phones": "user_id, phone",
    "devices": "id",
}
CASCADED = frozenset(
    {
        "delivery_attempts",
        "import_refusals",
        "contact_tags",
        "field_values",
        "inbox_files",
        "reactions",
        "search_marks",
        "device_engines",
        "device_pages",
    }
)  # they go with what they belong to
KEPT = frozenset(
    {
        "audit",
        "complaints",
        "false_claims",
        "filter_builtins",  # the owner's
        "filter_rules",  # the owner's
        "invoices",
        "ledger",
        "notices",
        "payments",
        "subscriptions",
        "terms_acceptances",
        "trials",
    }
)
# A device goes when the engine has logged it out and wiped its profile.
_AND_ONLY = {"devices": "and command is null and removed_at is not null"}


def close(tx: Tx, user_id: int, *, by: Actor, reason: str = "", now: datetime) -> User:
    """Nothing goes out for the user any more, and nobody gets in. `forget` does the rest; again: as it was.

    Raises NotFound; Invalid `owner_stays`.
    """
    gone = states.close(tx, user_id, by=by, reason=reason, now=now)
    for row in tx.all(
        "select id from campaigns where user_id = :user_id and status in ('scheduled', 'sending', 'paused')",
        user_id=user_id,
    ):
        control.stop(tx, user_id, row["id"], now=now, most=0)
    for row in tx.all(
        "select id from imports where user_id = :user_id and status in ('uploaded', 'running')", user_id=user_id
    ):
        imports.cancel(tx, user_id, row["id"], now=now)
    leaving.user_leaves(tx, user_id, now=now)
    trials.leaves(tx, user_id, now=now)
    payments.withdraw(tx, user_id, now=now)
    invoices.void_open(tx, user_id, now=now)
    subscriptions.end(tx, user_id, because="closed", now=now)
    _take_credits(tx, user_id, now)
    return gone


def _take_credits(tx: Tx, user_id: int, now: datetime) -> None:
    """What was left, and what came back since: some of it with the last of what waited."""
    left = ledger.balance(tx, user_id)
    ledger.take_away(tx, user_id, left, note="account closed", by=None, now=now)


def due(rows: Rows) -> list[int]:
    """Ids of closed accounts of which something is left to forget."""
    return [
        row["id"]
        for row in rows.all(
            "select id from users where closed_at is not null and forgotten_at is null order by id"
        )
    ]


def forget(tx: Tx, user_id: int, *, now: datetime, most: int = PIECE) -> bool:
    """A piece of what the closed account held is gone. False: nothing is left, or a phone must be logged out."""
    if leaving.of_user(tx, user_id, now=now).cancelled:
        _take_credits(tx, user_id, now)
        return True
    if _of_its_phones(tx, user_id):
        return True
    for table, key in FORGOTTEN.items():
        gone = tx.run(
            f"""delete from {table} where ({key}) in
                  (select {key} from {table} where user_id = :user_id {_AND_ONLY.get(table, "")} limit :most)""",  # noqa: S608
            user_id=user_id,
            most=most,
        )
        if gone:
            return True
    if not any(_left(tx, user_id, table) for table in FORGOTTEN):
        users.forget_first_steps(tx, user_id)
        tx.run("update users set forgotten_at = :now where id = :id", id=user_id, now=times.stored(now))
    return False


def _of_its_phones(tx: Tx, user_id: int) -> int:
    """What the owner of the box was told of the account's phones."""
    return tx.run(
        """delete from alerts where kind = 'engine_incompatible' and user_id <> :user_id
             and about in (select 'device ' || id from devices where user_id = :user_id)""",
        user_id=user_id,
    )


def _left(rows: Rows, user_id: int, table: str) -> bool:
    found = rows.value(f"select 1 from {table} where user_id = :user_id limit 1", user_id=user_id)  # noqa: S608
    return found is not None
