"""What a person's own message does: opt out, opt in, one confirmation, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import languages, times
from wabox.accounts import shops
from wabox.accounts.states import Actor
from wabox.campaigns import own_words
from wabox.contacts import inbox, inbox_files, inbox_instead, suppression, words
from wabox.contacts.identities import Person
from wabox.content import complaints, judging
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.languages import catalogues, later
from wabox.messages import addressees, chats, counting, leaving, outbox, quoting, template
from wabox.webhooks import deliveries
from wabox.whatsapp.driver import WRITTEN, Inbound, is_theirs, kind_told

AUTOMATIC_WITHIN = timedelta(seconds=3)
WHOLE_SECOND = timedelta(seconds=1)  # WhatsApp's times have no finer parts
BLAMED_FOR = timedelta(days=3)  # an opt-out this soon after a campaign's message counts against it
CONFIRMATIONS = {
    "opt_out": later("You will get no more messages from us. Write START to get them again."),
    "opt_in": later("You will get our messages again. Write STOP to end them."),
}
NAMED = {
    "opt_out": later("You will get no more messages from %(shop)s. Write START to get them again."),
    "opt_in": later("You will get messages from %(shop)s again. Write STOP to end them."),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of it. changed: the person was opted out or in by this very message."""

    verdict: words.Verdict | None
    changed: bool


def hear(tx: Tx, event: Inbound, *, lock_after: int = 0, now: datetime) -> Heard:
    """The message stands in the inbox, and what it asks for has happened. Hearing it again changes nothing.

    What nobody wrote does nothing; what is of a type that is not known here is only shown. lock_after: so many
    complaints lock the account, 0 = none.
    """
    if not is_theirs(event.chat_id, event.kind) or inbox.is_past(tx, event):
        return Heard(None, False)
    device = devices.by_id(tx, event.device_id)
    verdict = words.judge(event.text, frozenset(own_words.of_user(tx, device.user_id).words))
    who = addressees.heard(
        tx,
        device.user_id,
        event.chat_id,
        phone=event.phone,
        lid=event.lid,
        name=event.name,
        username=event.username,
        now=now,
    )
    by_machine = verdict not in ("opt_out", "opt_in") and _is_automatic(tx, event, who)
    if by_machine:
        verdict = None
    if not _note(tx, device, event, who, verdict, by_machine, now):
        return Heard(verdict, False)
    _owe_received(tx, device, event, who, by_machine, now)
    if not (by_machine or event.edited or verdict == "opt_out" or event.kind not in WRITTEN):
        _count_answer(tx, device.user_id, who.address, now)
    if verdict == "opt_out":
        _complain(tx, device, event, who, lock_after, now)
        return Heard(verdict, _opt_out(tx, device, event, who, now))
    if verdict == "opt_in":
        return Heard(verdict, _opt_in(tx, device, event, who, now))
    return Heard(verdict, False)


def opt_out_by_owner(
    tx: Tx, user_id: int, phone: str, *, source: suppression.Source, by: str | None, now: datetime
) -> bool:
    """The owner says that this person wants nothing more. What waits for them is skipped. phone: their address."""
    changed = suppression.opt_out(tx, user_id, phone, source=source, by=by, now=now)
    if changed:
        leaving.silence(tx, user_id, phone, source=source, now=now)
    return changed


def _note(
    tx: Tx,
    device: devices.Device,
    event: Inbound,
    who: Person,
    verdict: words.Verdict | None,
    by_machine: bool,  # noqa: FBT001
    now: datetime,
) -> bool:
    """Whether there is anything new: the message, or what its writer has made of it since."""
    if event.edited and inbox.id_of(tx, event) is not None:
        return inbox.edit(tx, event, verdict=verdict, now=now)
    new = inbox.record(
        tx, device.user_id, event, verdict=verdict, now=now, address=who.address, automatic=by_machine
    )
    new = new or inbox.learnt(tx, event, verdict=verdict, automatic=by_machine)
    inbox_files.note(tx, event)
    if new and not by_machine and event.kind in WRITTEN:
        chats.wrote(tx, device.user_id, device.phone, who.address, inbound=True, at=now)
    return new


def _is_automatic(tx: Tx, event: Inbound, who: Person) -> bool:
    """A business account that writes within seconds of our message to it: its greeting, not a person's answer."""
    if not event.business or event.edited:
        return False
    row = tx.one(
        """select handed_at, coalesce(sent_at, handed_at) as gone_at from messages
           where device_id = :device_id and phone = :phone and handed_at is not null
           and status in ('sending', 'sent', 'delivered', 'read', 'unknown') order by id desc limit 1""",
        device_id=event.device_id,
        phone=who.address,
    )
    if row is None:
        return False
    began = times.read(row["handed_at"]) - WHOLE_SECOND
    return began <= event.at <= times.read(row["gone_at"]) + AUTOMATIC_WITHIN


def _opt_out(tx: Tx, device: devices.Device, event: Inbound, who: Person, now: datetime) -> bool:
    before = _campaign_before(tx, device.user_id, who.address, now)
    blamed = None if before is None else before.campaign_id
    changed = suppression.opt_out(
        tx, device.user_id, who.address, source="word", word=event.text.strip()[:40], campaign_id=blamed, now=now
    )
    if not changed:
        return False
    counting.opted_out(tx, device.user_id, device.id, blamed, now=now)
    if blamed is not None:
        tx.run("update campaigns set opted_out_after = opted_out_after + 1 where id = :id", id=blamed)
    leaving.silence(tx, device.user_id, who.address, source="word", now=now)
    _confirm(tx, device, event, who, "opt_out", now)
    return True


def _complain(tx: Tx, device: devices.Device, event: Inbound, who: Person, lock_after: int, now: datetime) -> None:
    """A reply that says SPAM counts against the account that wrote, where other people use the box."""
    if not judging.in_force(tx) or not words.complains(event.text):
        return
    by = Actor(None, None)
    complaints.record(tx, device.user_id, who.address, source="reply", by=by, lock_after=lock_after, now=now)


def _opt_in(tx: Tx, device: devices.Device, event: Inbound, who: Person, now: datetime) -> bool:
    changed = suppression.opt_in(
        tx, device.user_id, who.address, source="word", word=event.text.strip()[:40], now=now
    )
    if changed:
        _confirm(tx, device, event, who, "opt_in", now)
    return changed


def _confirm(tx: Tx, device: devices.Device, event: Inbound, who: Person, verdict: str, now: datetime) -> None:
    own = own_words.of_user(tx, device.user_id)
    said = own.opt_out if verdict == "opt_out" else own.opt_in
    text = said or _usual(tx, device.user_id, languages.of(event.text), verdict)
    outbox.accept(tx, device, phone=who.address, template=template.plain(text), values={}, now=now, system=True)


def _usual(rows: Rows, user_id: int, language: str, asked: str) -> str:
    """wabox's own answer, with the name of the shop unless the rules of the box say something of that."""
    name = shops.of_user(rows, user_id).name
    if name is not None:
        text = catalogues.say(language, NAMED[asked], shop=name)
        if judging.verdict(rows, text) is None:
            return text
    return catalogues.say(language, CONFIRMATIONS[asked])


@dataclass(frozen=True, slots=True)
class _Before:
    """A campaign's message to somebody."""

    campaign_id: int
    message_id: int


def _count_answer(tx: Tx, user_id: int, phone: str, now: datetime) -> None:
    """The campaign that wrote to them last is answered."""
    before = _campaign_before(tx, user_id, phone, now)
    if before is not None:
        counting.replied(tx, before.message_id, now=now)


def _campaign_before(tx: Tx, user_id: int, phone: str, now: datetime) -> _Before | None:
    """What a campaign wrote to them last, if that was lately."""
    found = tx.one(
        """select campaign_id, id from messages where user_id = :user_id and phone = :phone
           and campaign_id is not null and spent_at >= :since and status <> 'failed'
           order by spent_at desc limit 1""",
        user_id=user_id,
        phone=phone,
        since=times.stored(now - BLAMED_FOR),
    )
    return None if found is None else _Before(found["campaign_id"], found["id"])


def _owe_received(
    tx: Tx,
    device: devices.Device,
    event: Inbound,
    who: Person,
    by_machine: bool,  # noqa: FBT001
    now: datetime,
) -> None:
    inbox_id = inbox.id_of(tx, event)
    payload = {
        "event": "message.received",
        "device_label": device.label,
        "message_id": inbox_id,
        "person_id": who.id,
        "phone": who.phone,
        "username": who.username,
        "name": event.name,
        "text": event.text,
        "kind": kind_told(event.kind),
        "whatsapp_type": None if event.kind in WRITTEN else event.kind,
        "media": inbox_files.told(tx, inbox_id),
        **inbox_instead.told(event),
        "quoted": quoting.told(tx, device.user_id, event),
        "at": times.wire(event.at),
        "edited": event.edited,
        "automatic": by_machine,
    }
    deliveries.owe(tx, user_id=device.user_id, event="message.received", payload=payload, now=now)
