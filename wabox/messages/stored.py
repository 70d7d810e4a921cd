"""A message as the log holds it: its row, its statuses, and how one is found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from wabox import times
from wabox.contacts import identities
from wabox.db import Row, Rows
from wabox.errors import NotFound

Status = Literal["queued", "sending", "sent", "delivered", "read", "failed", "skipped", "cancelled", "unknown"]

OPEN: tuple[Status, ...] = ("queued", "sending")
REACHED: tuple[Status, ...] = ("sent", "delivered", "read")
STATUSES: tuple[Status, ...] = (*OPEN, *REACHED, "failed", "skipped", "cancelled", "unknown")


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the log. text: as rendered. priority: 2 system, 1 single, 0 campaign.

    account: digits of the number it was handed over from last, None if it never was.
    phone: the recipient's address, digits or a hidden id. person_id: None for somebody who never wrote.
    """

    id: int
    user_id: int
    device_id: int
    device_label: str
    campaign_id: int | None
    contact_id: int | None
    phone: str
    text: str
    status: Status
    error: str | None
    error_text: str | None
    priority: int
    system: bool
    scheduled_for: datetime | None
    expires_at: datetime | None
    held_until: datetime | None
    held_reason: str | None
    number_tries: int
    wa_message_id: str | None
    wa_chat_id: str | None
    wa_chat_ids: tuple[str, ...]
    link_epoch: int | None
    account: str | None
    machine_boot: str | None
    in_review: bool
    cancel_asked: bool
    attempts: int
    recoveries: int
    doubt_stage: int
    rest_until: datetime | None
    queued_at: datetime
    claimed_at: datetime | None
    handed_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    person_id: int | None

    @property
    def number(self) -> str | None:
        """The recipient's digits; None while WhatsApp hides them."""
        return identities.number(self.phone)


COLUMNS = """select m.*, d.label as device_label, (select p.id from people p where p.user_id = m.user_id
    and p.phone = m.phone and p.joined_to is null) as person_id
    from messages m join devices d on d.id = m.device_id"""


def by_id(rows: Rows, message_id: int) -> Message:
    """The message, whoever's. For the engine."""
    row = rows.one(f"{COLUMNS} where m.id = :id", id=message_id)
    if row is None:
        raise NotFound("not_found", "There is no such message.")
    return of_row(row)


def of_user(rows: Rows, user_id: int, message_id: int) -> Message:
    """The user's message. Raises NotFound, for somebody else's too."""
    row = rows.one(f"{COLUMNS} where m.id = :id and m.user_id = :user_id", id=message_id, user_id=user_id)
    if row is None:
        raise NotFound("not_found", "There is no such message; GET /messages lists yours.")
    return of_row(row)


def in_doubt(rows: Rows, device_id: int) -> Message | None:
    """The device's one message that is being handed over, or was when somebody crashed."""
    row = rows.one(f"{COLUMNS} where m.device_id = :device_id and m.status = 'sending'", device_id=device_id)
    return None if row is None else of_row(row)


def of_row(row: Row) -> Message:
    """A row of COLUMNS as a Message."""
    return Message(
        id=row["id"],
        user_id=row["user_id"],
        device_id=row["device_id"],
        device_label=row["device_label"],
        campaign_id=row["campaign_id"],
        contact_id=row["contact_id"],
        phone=row["phone"],
        text=row["text"],
        status=cast(Status, row["status"]),
        error=row["error"],
        error_text=row["error_text"],
        priority=row["priority"],
        system=bool(row["is_system"]),
        scheduled_for=times.read_or_none(row["scheduled_for"]),
        expires_at=times.read_or_none(row["expires_at"]),
        held_until=times.read_or_none(row["held_until"]),
        held_reason=row["held_reason"],
        number_tries=row["number_tries"],
        wa_message_id=row["wa_message_id"],
        wa_chat_id=row["wa_chat_id"],
        wa_chat_ids=tuple(json.loads(row["wa_chat_ids"] or "[]")),
        link_epoch=row["link_epoch"],
        account=row["account"],
        machine_boot=row["machine_boot"],
        in_review=bool(row["in_review"]),
        cancel_asked=bool(row["cancel_asked"]),
        attempts=row["attempts"],
        recoveries=row["recoveries"],
        doubt_stage=row["doubt_stage"],
        rest_until=times.read_or_none(row["rest_until"]),
        queued_at=times.read(row["queued_at"]),
        claimed_at=times.read_or_none(row["claimed_at"]),
        handed_at=times.read_or_none(row["handed_at"]),
        sent_at=times.read_or_none(row["sent_at"]),
        delivered_at=times.read_or_none(row["delivered_at"]),
        read_at=times.read_or_none(row["read_at"]),
        person_id=row["person_id"],
    )
