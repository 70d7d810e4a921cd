"""What must be true in every database: each promise with a question that finds the rows that break it.

Nothing is put right here: whoever finds a broken promise shows it, with ids, to a person.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

SHOWN_IDS = 10

# What campaigns and posts rest on may have been forgotten by the housekeeping; it writes down how far, in `box`.

PROMISES: dict[str, str] = {
    "every account has a primary device": """
        select id from users where closed_at is null and not exists (select 1 from devices
            where devices.user_id = users.id and devices.label = 'primary' and devices.removed_at is null)""",
    "no device has two messages in doubt": """
        select device_id as id from messages where status = 'sending' group by device_id having count(*) > 1""",
    "a message belongs to its device's account": """
        select messages.id from messages join devices on devices.id = messages.device_id
            where devices.user_id <> messages.user_id""",
    "a sent message has its time": """
        select id from messages where status in ('sent', 'delivered', 'read') and sent_at is null""",
    "no two messages share WhatsApp's id": """
        select min(id) as id from messages where wa_message_id is not null
            group by wa_message_id having count(*) > 1""",
    "a log knows how many messages it has": """
        select id from users where closed_at is null and
            coalesce((select n from message_totals where user_id = users.id), 0) <>
            (select count(*) from messages where user_id = users.id)""",
    "credits are the sum of the ledger": """
        select id from users where credits <>
            (select coalesce(sum(amount), 0) from ledger where ledger.user_id = users.id)""",
    "invoices have no gap": """
        select number as id from invoices where number > 1
            and not exists (select 1 from invoices before where before.number = invoices.number - 1)
            and number not in (select first from invoice_jumps)""",
    "an approved payment has its invoice": """
        select id from payments where status = 'approved' and not exists
            (select 1 from invoices where invoices.payment_id = payments.id)""",
    "a campaign counts what became of its messages": """
        select campaigns.id from campaigns join users on users.id = campaigns.user_id left join (
            select campaign_id, sum(status in ('sent', 'delivered', 'read')) as sent,
                sum(status in ('delivered', 'read')) as delivered, sum(status = 'read') as read,
                sum(status = 'failed') as failed, sum(status = 'unknown') as unknown,
                sum(status = 'skipped') as skipped, sum(status = 'cancelled') as cancelled,
                sum(status in ('queued', 'sending')) as open
            from messages where campaign_id is not null group by campaign_id) found
            on found.campaign_id = campaigns.id
        where users.closed_at is null and campaigns.created_at >= coalesce(
            (select value from box where key = 'messages_forgotten_to'), '') and (
            campaigns.sent <> coalesce(found.sent, 0) or campaigns.delivered <> coalesce(found.delivered, 0)
            or campaigns.read <> coalesce(found.read, 0) or campaigns.unknown <> coalesce(found.unknown, 0)
            or campaigns.failed <> coalesce(found.failed, 0) or campaigns.skipped < coalesce(found.skipped, 0)
            or campaigns.cancelled < coalesce(found.cancelled, 0)
            or campaigns.total - campaigns.sent - campaigns.failed - campaigns.skipped - campaigns.cancelled
                - campaigns.unknown < coalesce(found.open, 0))""",
    "what a contact has in a field is its account's, and is found by what it says": """
        select v.contact_id as id from field_values v join contacts c on c.id = v.contact_id
            join contact_fields f on f.id = v.field_id
        where v.user_id <> c.user_id or v.user_id <> f.user_id
            or iif(f.kind = 'number', typeof(v.key) <> 'real' or v.key <> cast(v.value as real),
                   typeof(v.key) <> 'text' or (f.kind = 'date' and v.key <> v.value))""",
    "a webhook was owed what became of each message": """
        select distinct messages.id from webhooks join users on users.id = webhooks.user_id
            join json_each(webhooks.events) asked on asked.value like 'delivery.%'
            cross join messages on messages.user_id = webhooks.user_id
        where webhooks.url is not null and users.closed_at is null and messages.is_system = 0
            and messages.phone <> ''
            and case asked.value when 'delivery.sent' then messages.sent_at
                when 'delivery.delivered' then messages.delivered_at when 'delivery.read' then messages.read_at
                else iif(asked.value = 'delivery.' || messages.status, messages.finished_at, null) end
                > max(webhooks.updated_at, coalesce(
                    (select value from box where key = 'posts_forgotten_to'), ''))
            and not exists (select 1 from deliveries where deliveries.message_id = messages.id
                and deliveries.event = asked.value)""",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that does not hold. ids: the first of the rows; count: of them all."""

    promise: str
    count: int
    ids: tuple[int, ...]


def broken(connection: sqlite3.Connection) -> Iterator[Broken]:
    """Every promise that does not hold; each question sees the database at a moment of its own."""
    for promise, question in PROMISES.items():
        found = [row[0] for row in connection.execute(question)]
        if found:
            yield Broken(promise, len(found), tuple(found[:SHOWN_IDS]))


def loose(connection: sqlite3.Connection) -> dict[str, list[int]]:
    """{table: the first rows that point at nothing}."""
    found: dict[str, list[int]] = {}
    for table, row_id, _, _ in connection.execute("pragma foreign_key_check"):
        ids = found.setdefault(table, [])
        if row_id is not None and len(ids) < SHOWN_IDS:
            ids.append(row_id)
    return found
