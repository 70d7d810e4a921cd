"""What somebody's opt-out means for what waits: it is skipped, and the webhook hears of the opt-out."""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.contacts import identities
from wabox.db import Tx
from wabox.messages import outbox, stored
from wabox.webhooks import deliveries


def silence(tx: Tx, user_id: int, address: str, *, source: str, now: datetime) -> None:
    """What waits for this person is skipped, and `contact.opted_out` is owed. The caller has opted them out.

    address: digits, or the hidden id.
    """
    skip_waiting(tx, user_id, address, now=now)
    person = identities.find(tx, user_id, address)
    payload = {
        "event": "contact.opted_out",
        "phone": identities.number(address),
        "person_id": None if person is None else person.id,
        "source": source,
        "at": times.wire(now),
    }
    deliveries.owe(tx, user_id=user_id, event="contact.opted_out", payload=payload, now=now)


def skip_waiting(tx: Tx, user_id: int, address: str, *, now: datetime) -> None:
    """Everything that waits for somebody who opted out is skipped now, on every device."""
    waiting = tx.all(
        """select id from messages where user_id = :user_id and phone = :address
           and status = 'queued' and is_system = 0""",
        user_id=user_id,
        address=address,
    )
    for row in waiting:
        outbox.skip(tx, stored.by_id(tx, row["id"]), "opted_out", now=now)
