"""What waits and will never go: of a stopped campaign, of a phone that is gone, for somebody who opted out.

A piece is cancelled with the stop itself, and the rest piece by piece, so that nobody's writes wait long:
by whoever stopped it, and by the engine, which goes on after a crash. None of it can go meanwhile, for a
line knows only running campaigns, and only a phone that is there has turns.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.billing import ledger
from wabox.contacts import identities
from wabox.db import Row, Rows, Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.messages import deeds, handing, outbox, stored
from wabox.webhooks import deliveries

PIECE = 250


@dataclass(frozen=True, slots=True)
class Piece:
    """What one transaction ended. credits: really given back."""

    cancelled: int
    credits: int


@dataclass(frozen=True, slots=True)
class Left:
    """Ids of stopped campaigns, and of phones that are gone, of which something still waits."""

    campaigns: tuple[int, ...]
    devices: tuple[int, ...]


def device_removed(tx: Tx, device: devices.Device, *, now: datetime) -> None:
    """The device is gone: what waited will never go, what was on its way can only be guessed."""
    orders.remove(tx, device, now=now)
    _end_in_hand(tx, device, now)
    of_device(tx, device.id, now=now)
    deeds.give_up_hopeless(tx, deeds.REVOKE, now=now)


def user_leaves(tx: Tx, user_id: int, *, now: datetime) -> None:
    """Every device of the user is gone, and what waited will never go. No webhook hears of that."""
    for device in devices.list_of(tx, user_id):
        orders.give_up(tx, device, now=now)
        _end_in_hand(tx, device, now)
    of_user(tx, user_id, now=now)


def left(rows: Rows) -> Left:
    """What there is to go on with; asked each tick."""
    campaigns = rows.all(
        """select id from campaigns c where status = 'stopped'
           and total > sent + failed + skipped + cancelled + unknown
           and exists (select 1 from messages m where m.campaign_id = c.id and m.status = 'queued')"""
    )
    gone = rows.all(
        """select id from devices d where removed_at is not null
           and exists (select 1 from messages m where m.device_id = d.id and m.status = 'queued')"""
    )
    return Left(tuple(row["id"] for row in campaigns), tuple(row["id"] for row in gone))


def of_campaign(tx: Tx, campaign_id: int, *, now: datetime, most: int = PIECE) -> Piece:
    """A piece of a stopped campaign is cancelled."""
    found = tx.all(
        """select id, user_id, campaign_id from messages where campaign_id = :id and status = 'queued'
           and (select status from campaigns where id = :id) = 'stopped' order by id limit :most""",
        id=campaign_id,
        most=most,
    )
    return _cancel(tx, found, "campaign_stopped", now)


def of_device(tx: Tx, device_id: int, *, now: datetime, most: int = PIECE) -> Piece:
    """A piece of the line of a phone that is gone is cancelled."""
    found = tx.all(
        """select m.id, m.user_id, m.campaign_id from devices d join messages m on m.device_id = d.id
           where d.id = :id and d.removed_at is not null and m.status = 'queued' limit :most""",
        id=device_id,
        most=most,
    )
    return _cancel(tx, found, "device_removed", now)


def of_user(tx: Tx, user_id: int, *, now: datetime, most: int = PIECE) -> Piece:
    """A piece of what waits for a user whose account is closed is cancelled."""
    found = tx.all(
        """select id, user_id, campaign_id from messages
           where user_id = :id and status = 'queued' and status <> 'sending'  -- as `log_by_status` is
           and (select closed_at from users where id = :id) is not null order by id limit :most""",
        id=user_id,
        most=most,
    )
    return _cancel(tx, found, "device_removed", now)


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


def expired(rows: Rows, *, now: datetime, most: int = 500) -> list[int]:
    """Ids of queued messages whose time has passed, some of them."""
    found = rows.all(
        """select id from messages where status = 'queued' and expires_at is not null and expires_at <= :now
           limit :most""",
        now=times.stored(now),
        most=most,
    )
    return [row["id"] for row in found]


def expire(tx: Tx, *, now: datetime, only: int | None = None) -> int:
    """Queued messages whose time has passed are skipped, whatever their device does: some, or only this one."""
    due = tx.all(
        f"""{stored.COLUMNS} where m.id in (select value from json_each(:ids))
            and m.status = 'queued' and m.expires_at <= :now""",  # noqa: S608 - this house's constants
        ids=json.dumps(expired(tx, now=now) if only is None else [only]),
        now=times.stored(now),
    )
    return sum(outbox.skip(tx, stored.of_row(row), "expired", now=now) for row in due)


def _cancel(tx: Tx, found: list[Row], error: str, now: datetime) -> Piece:
    """Many queued messages of one user at once, with what `outbox` does for one: counts, credits, webhooks."""
    if not found:
        return Piece(0, 0)
    user_id, message_ids = found[0]["user_id"], [row["id"] for row in found]
    outbox.cancel_many(tx, user_id, message_ids, error, now=now)
    for campaign_id, n in Counter(row["campaign_id"] for row in found).items():
        tx.run("update campaigns set cancelled = cancelled + :n where id = :id", n=n, id=campaign_id)
    credits = ledger.give_back_many(tx, user_id, message_ids, now=now)
    if _is_told(tx, user_id):
        for message_id in message_ids:
            outbox.owe(tx, message_id, now)
    return Piece(len(message_ids), credits)


def _is_told(rows: Rows, user_id: int) -> bool:
    closed = rows.value("select closed_at from users where id = :id", id=user_id) is not None
    return not closed and deliveries.is_asked_for(rows, user_id, "delivery.cancelled")


def _end_in_hand(tx: Tx, device: devices.Device, now: datetime) -> None:
    message = stored.in_doubt(tx, device.id)
    if message is None:
        return
    if message.wa_message_id is not None and message.link_epoch is not None:
        outbox.lose(tx, message, "link_lost", now=now)
        return
    handing.put_back(tx, message, now=now)
    outbox.cancel(tx, message, now=now, error="device_removed")
