"""What people delete for everyone after they wrote it: as on a phone, all that is left is that it was there.

What it asked for stays done: a STOP that is deleted is a STOP. A file that was fetched is the box's, and stays.
"""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.contacts import identities
from wabox.db import Tx
from wabox.webhooks import deliveries
from wabox.whatsapp.driver import Withdrawn


def hear(tx: Tx, event: Withdrawn, *, now: datetime) -> bool:
    """The message says nothing any more, nor do quotes of it, and its file can no more be asked for.

    False: it is not in the inbox, or was deleted before, or another person's: the id is what the deletion claims.
    """
    row = tx.one(
        """select id, user_id, phone from inbox
           where device_id = :device_id and wa_message_id = :id and revoked_at is null""",
        device_id=event.device_id,
        id=event.message_id,
    )
    if row is None or not _is_in_chat_of(tx, event.chat_id, row["user_id"], row["phone"]):
        return False
    tx.run(
        """update inbox set text = '', instead = null, quoted = null, revoked_at = :now,
             verdict = iif(verdict = 'near_miss', null, verdict) where id = :id""",
        id=row["id"],
        now=times.stored(now),
    )
    tx.run(
        """update inbox set quoted = json_set(quoted, '$.text', '')
           where user_id = :user_id and phone = :phone and quoted ->> 'message_id' = :id""",
        user_id=row["user_id"],
        phone=row["phone"],
        id=event.message_id,
    )
    tx.run("delete from inbox_files where inbox_id = :id and state <> 'here'", id=row["id"])
    tx.run("update inbox_files set asked_at = null, retry_at = null where inbox_id = :id", id=row["id"])
    _owe(tx, row["user_id"], row["id"], row["phone"], now)
    return True


def _is_in_chat_of(tx: Tx, chat_id: str, user_id: int, address: str) -> bool:
    return chat_id.removesuffix("@c.us") in identities.every(tx, user_id, address)


def _owe(tx: Tx, user_id: int, inbox_id: int, address: str, now: datetime) -> None:
    person = identities.find(tx, user_id, address)
    payload: dict[str, object] = {
        "event": "message.revoked",
        "job_id": None,
        "message_id": inbox_id,
        "phone": identities.number(address),
        "person_id": None if person is None else person.id,
        "error": None,
        "revoked_at": times.wire(now),
    }
    deliveries.owe(tx, user_id=user_id, event="message.revoked", payload=payload, now=now)
