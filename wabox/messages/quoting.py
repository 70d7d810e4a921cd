"""Which message a reply quotes, where this box has it: one of ours to that person, or one of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.contacts import inbox
from wabox.contacts.inbox import Received
from wabox.db import Rows
from wabox.whatsapp.driver import Inbound, Quoted


@dataclass(frozen=True, slots=True)
class Found:
    """The quoted message: of ours its job_id, of theirs its message_id; neither if it is not here.

    own: whether it is ours. at: when theirs came.
    """

    own: bool
    job_id: int | None = None
    message_id: int | None = None
    at: datetime | None = None


def found(rows: Rows, user_id: int, device_id: int, phone: str, quoted: Quoted) -> Found:
    """What it is of the talk with this address; nobody quotes from another's talk."""
    whose = {"user_id": user_id, "phone": phone, "id": quoted.message_id}
    job_id = rows.value(
        "select id from messages where wa_message_id = :id and user_id = :user_id and phone = :phone", **whose
    )
    if job_id is not None:
        return Found(own=True, job_id=job_id)
    theirs = rows.one(
        """select id, at from inbox where device_id = :device_id and wa_message_id = :id and user_id = :user_id
           and phone = :phone""",
        device_id=device_id,
        **whose,
    )
    if theirs is not None:
        return Found(own=False, message_id=theirs["id"], at=times.read(theirs["at"]))
    return Found(quoted.own)


def of(rows: Rows, user_id: int, received: Received) -> Found | None:
    """What this message quotes; None if it quotes nothing."""
    quoted = received.quoted
    return None if quoted is None else found(rows, user_id, received.device_id, received.phone, quoted)


def told(rows: Rows, user_id: int, event: Inbound) -> dict[str, object] | None:
    """As a webhook tells it, of a message that stands in the inbox; null if it quotes nothing."""
    inbox_id = inbox.id_of(rows, event)
    if event.quoted is None or inbox_id is None:
        return None
    where = found(rows, user_id, event.device_id, inbox.address_of(rows, inbox_id), event.quoted)
    return {
        "job_id": where.job_id,
        "message_id": where.message_id,
        "own": where.own,
        "kind": event.quoted.kind,
        "text": event.quoted.text,
    }
