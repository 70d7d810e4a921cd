"""What is found out of somebody means for what waits for them: it is skipped. An opt-out is told, too."""

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


def skip_twins(tx: Tx, user_id: int, phone: str, wa_id: str, *, had: str, now: datetime) -> None:
    """Of a campaign that went, or may have gone, into this chat under the number they had, no second one goes.

    One that was claimed meanwhile is skipped where it would be handed over.
    """
    found = tx.all(
        """select m.id, m.status from messages m join messages twin on twin.user_id = m.user_id
             and twin.phone = :had and twin.campaign_id = m.campaign_id
             and twin.status in ('sending', 'sent', 'delivered', 'read', 'unknown')
             and (twin.wa_chat_id = :wa_id or instr(twin.wa_chat_ids, :quoted) > 0)
           where m.user_id = :user_id and m.phone = :phone and m.status in ('queued', 'sending')""",
        user_id=user_id,
        phone=phone,
        had=had,
        wa_id=wa_id,
        quoted=f'"{wa_id}"',
    )
    for row in found:
        if row["status"] == "queued":
            outbox.skip(tx, stored.by_id(tx, row["id"]), outbox.SAME_PERSON, now=now)
        else:
            tx.run(
                "update messages set cancel_asked = 1, error = :error where id = :id",
                id=row["id"],
                error=outbox.SAME_PERSON,
            )
