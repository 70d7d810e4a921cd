"""What a person's own message does: opt out, opt in, one confirmation, and what is told of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.accounts.states import Actor
from wabox.contacts import inbox, suppression, words
from wabox.content import complaints, rules
from wabox.db import Tx
from wabox.devices import devices
from wabox.messages import chats, outbox, stored, template
from wabox.webhooks import deliveries
from wabox.whatsapp.driver import Inbound

BLAMED_FOR = timedelta(days=3)  # an opt-out this soon after a campaign's message counts against it
_BENGALI = re.compile("[\u0980-\u09ff]")
_CONFIRMATIONS = {
    ("opt_out", False): "You will get no more messages from us. Write START to get them again.",
    ("opt_in", False): "You will get our messages again. Write STOP to end them.",
    ("opt_out", True): "আপনাকে আর কোনো বার্তা পাঠানো হবে না। আবার পেতে START লিখুন।",
    ("opt_in", True): "আপনি আবার আমাদের বার্তা পাবেন। বন্ধ করতে STOP লিখুন।",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of it. changed: the person was opted out or in by this very message."""

    verdict: words.Verdict | None
    changed: bool


def hear(tx: Tx, event: Inbound, *, lock_after: int = 0, now: datetime) -> Heard:
    """The message stands in the inbox, and what it asks for has happened. Hearing it again changes nothing.

    lock_after: so many complaints lock the account, 0 = none.
    """
    if event.phone is None:
        return Heard(None, False)
    device = devices.by_id(tx, event.device_id)
    verdict = words.judge(event.text)
    if not inbox.record(tx, device.user_id, event, verdict=verdict, now=now):
        return Heard(verdict, False)
    chats.wrote(tx, device.user_id, device.phone, event.phone, inbound=True, at=now)
    _owe_received(tx, device, event, now)
    if verdict == "opt_out":
        _complain(tx, device, event, lock_after, now)
        return Heard(verdict, _opt_out(tx, device, event, now))
    if verdict == "opt_in":
        return Heard(verdict, _opt_in(tx, device, event, now))
    return Heard(verdict, False)


def opt_out_by_owner(
    tx: Tx, user_id: int, phone: str, *, source: suppression.Source, by: str | None, now: datetime
) -> bool:
    """The owner says that this person wants nothing more. What waits for them is skipped."""
    changed = suppression.opt_out(tx, user_id, phone, source=source, by=by, now=now)
    if changed:
        _silence(tx, user_id, phone, now)
        _owe_opted_out(tx, user_id, phone, source, now)
    return changed


def _opt_out(tx: Tx, device: devices.Device, event: Inbound, now: datetime) -> bool:
    assert event.phone is not None
    blamed = _campaign_before(tx, device.user_id, event.phone, now)
    changed = suppression.opt_out(
        tx, device.user_id, event.phone, source="word", word=event.text.strip()[:40], campaign_id=blamed, now=now
    )
    if not changed:
        return False
    if blamed is not None:
        tx.run("update campaigns set opted_out_after = opted_out_after + 1 where id = :id", id=blamed)
    _silence(tx, device.user_id, event.phone, now)
    _owe_opted_out(tx, device.user_id, event.phone, "word", now)
    _confirm(tx, device, event, "opt_out", now)
    return True


def _complain(tx: Tx, device: devices.Device, event: Inbound, lock_after: int, now: datetime) -> None:
    """A reply that says SPAM counts against the account that wrote, where other people use the box."""
    assert event.phone is not None
    if not rules.in_force(tx) or not words.complains(event.text):
        return
    by = Actor(None, None)
    complaints.record(tx, device.user_id, event.phone, source="reply", by=by, lock_after=lock_after, now=now)


def _opt_in(tx: Tx, device: devices.Device, event: Inbound, now: datetime) -> bool:
    assert event.phone is not None
    changed = suppression.opt_in(
        tx, device.user_id, event.phone, source="word", word=event.text.strip()[:40], now=now
    )
    if changed:
        _confirm(tx, device, event, "opt_in", now)
    return changed


def _confirm(tx: Tx, device: devices.Device, event: Inbound, verdict: str, now: datetime) -> None:
    assert event.phone is not None
    text = _CONFIRMATIONS[(verdict, bool(_BENGALI.search(event.text)))]
    outbox.accept(tx, device, phone=event.phone, template=template.parse(text), values={}, now=now, system=True)


def _silence(tx: Tx, user_id: int, phone: str, now: datetime) -> None:
    """Everything that waits for this person is skipped now, on every device."""
    waiting = tx.all(
        """select id from messages where user_id = :user_id and phone = :phone
           and status = 'queued' and is_system = 0""",
        user_id=user_id,
        phone=phone,
    )
    for row in waiting:
        outbox.skip(tx, stored.by_id(tx, row["id"]), "opted_out", now=now)


def _campaign_before(tx: Tx, user_id: int, phone: str, now: datetime) -> int | None:
    found: int | None = tx.value(
        """select campaign_id from messages where user_id = :user_id and phone = :phone
           and campaign_id is not null and spent_at >= :since order by spent_at desc limit 1""",
        user_id=user_id,
        phone=phone,
        since=times.stored(now - BLAMED_FOR),
    )
    return found


def _owe_received(tx: Tx, device: devices.Device, event: Inbound, now: datetime) -> None:
    payload = {
        "event": "message.received",
        "device_label": device.label,
        "phone": event.phone,
        "name": event.name,
        "text": event.text,
        "kind": event.kind,
        "at": times.wire(event.at),
    }
    deliveries.owe(tx, user_id=device.user_id, event="message.received", payload=payload, now=now)


def _owe_opted_out(tx: Tx, user_id: int, phone: str, source: str, now: datetime) -> None:
    payload = {"event": "contact.opted_out", "phone": phone, "source": source, "at": times.wire(now)}
    deliveries.owe(tx, user_id=user_id, event="contact.opted_out", payload=payload, now=now)
