"""What is known of the number a message goes to: whether it is there and in which chat, and who wrote before.

A chat is the number's, whatever device it is linked to: a number that moves takes its chats along, and another
number on the same device begins with none. What WhatsApp said of a number is remembered for a while.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.contacts import identities
from wabox.db import Rows, Tx
from wabox.devices import linking, numbers
from wabox.devices import stored as devices
from wabox.devices.stored import Device
from wabox.errors import Invalid
from wabox.messages import stored
from wabox.messages.stored import Message
from wabox.whatsapp.driver import Resolved

YES_LASTS = timedelta(days=30)
NO_LASTS = timedelta(hours=24)
SURE_AFTER = timedelta(hours=24)  # a known number must be missing for so long before it counts as gone
MOST_ANEW = 50  # asked about again once the page is ready
GOING_ON = 2_000  # judged anew at once when another number goes on
_PATIENCE = (30, 60, 120, 300, 900, 1_800, 3_600)
ACCOUNT = "coalesce((select phone from devices where id = m.device_id), '')"  # that a message would go from now

KNOWN = f"""exists (select 1 from chats k where k.user_id = m.user_id and k.phone = m.phone
    and k.account = {ACCOUNT})"""  # noqa: S608 - this house's constants

# What a known chat ends: why messages wait that go to somebody new.
HELD_AS_NEW = """'new_chat_cap', 'restricted', 'new_chats_capped', 'new_chats_refused',
    'refusal_unclear', 'refused_before'"""

# SQL, of a message m: 1 if it is to somebody whom a limited account may not write to.
COLD = f"""coalesce((select not w.warm from numbers w where w.device_id = m.device_id and w.phone = m.phone
    and w.link_epoch = (select link_epoch from devices where id = m.device_id)), not {KNOWN})"""  # noqa: S608 - a constant


def known(rows: Rows, device: Device, phone: str, *, now: datetime) -> Resolved | None:
    """What is remembered and still holds; None if WhatsApp must be asked. Chats are the link's own."""
    row = rows.one(
        "select * from numbers where device_id = :device_id and phone = :phone", device_id=device.id, phone=phone
    )
    if row is None or row["link_epoch"] != device.link_epoch:
        return None
    age = now - times.read(row["checked_at"])
    if not timedelta() <= age < (YES_LASTS if row["answer"] == "yes" else NO_LASTS):
        return None
    warm = None if row["warm"] is None else bool(row["warm"])
    return Resolved(row["answer"], row["chat_id"], tuple(json.loads(row["other_chat_ids"])), warm)


def remembered(rows: Rows, device: Device, phone: str, *, now: datetime) -> Resolved | None:
    """As `known`; a hidden id is the chat itself, so nobody is asked for it."""
    return Resolved("yes", phone) if identities.is_hidden(phone) else known(rows, device, phone, now=now)


def remember(tx: Tx, device: Device, phone: str, answer: Resolved, *, now: datetime) -> None:
    """Remember a yes or a no, and since when it is a no. For `addressees.learn`."""
    tx.run(
        """insert or replace into numbers
             (device_id, user_id, phone, answer, chat_id, other_chat_ids, link_epoch, checked_at, warm, no_since)
           values (:device_id, :user_id, :phone, :answer, :chat_id, :others, :epoch, :now, :warm,
             iif(:answer = 'no', coalesce((select no_since from numbers where device_id = :device_id
                                           and phone = :phone), :now), null))""",
        device_id=device.id,
        user_id=device.user_id,
        phone=phone,
        answer=answer.answer,
        chat_id=answer.chat_id,
        others=json.dumps(answer.other_chat_ids),
        epoch=device.link_epoch,
        warm=None if answer.warm is None else int(answer.warm),
        now=times.stored(now),
    )


def forget(tx: Tx, device_id: int, phone: str) -> None:
    """The remembered chat did not work; ask again next time."""
    tx.run("delete from numbers where device_id = :device_id and phone = :phone", device_id=device_id, phone=phone)


def said(tx: Tx, device_id: int, phone: str, *, warm: bool) -> None:
    """The page's word on this person, where the number is remembered."""
    tx.run(
        "update numbers set warm = :warm where device_id = :device_id and phone = :phone and answer = 'yes'",
        device_id=device_id,
        phone=phone,
        warm=int(warm),
    )


def gone_for_good_at(rows: Rows, message: Message) -> datetime | None:
    """When a `no` for this person would count; None: at once, for nobody here has a chat with them."""
    row = rows.one(
        """select n.no_since from numbers n where n.device_id = :device_id and n.phone = :phone and n.answer = 'no'
           and exists (select 1 from chats c where c.user_id = n.user_id and c.phone = n.phone)""",
        device_id=message.device_id,
        phone=message.phone,
    )
    return None if row is None or row["no_since"] is None else times.read(row["no_since"]) + SURE_AFTER


def ask_again_at(now: datetime, tries: int) -> datetime:
    """When WhatsApp is asked again about a number it said nothing of. tries: so far, from 0."""
    return now + timedelta(seconds=_PATIENCE[min(tries, len(_PATIENCE) - 1)])


def ask_anew(tx: Tx, device_id: int) -> None:
    """The page is ready again: who waits for an answer about their number stands in line now, a piece of them."""
    tx.run(
        """update messages set held_until = null, held_reason = null where id in (
             select id from messages where device_id = :device_id and status = 'queued'
             and held_until is not null and held_reason = 'number_check'
             order by priority desc, id limit :most)""",
        device_id=device_id,
        most=MOST_ANEW,
    )


def is_new(rows: Rows, user_id: int, account: str | None, phone: str) -> bool:
    """Whether a message from this number of the user's would open a new chat."""
    found = rows.value(
        "select 1 from chats where user_id = :user_id and account = :account and phone = :phone",
        user_id=user_id,
        account=account or "",
        phone=phone,
    )
    return found is None


def is_cold(rows: Rows, message_id: int) -> bool:
    """Whether the message is to somebody whom a limited account may not write to."""
    return bool(rows.value(f"select {COLD} from messages m where m.id = :id", id=message_id))  # noqa: S608 - a constant


def wrote(tx: Tx, user_id: int, account: str | None, phone: str, *, inbound: bool, at: datetime) -> None:
    """A message went or came: the chat is there, and what waits for this person opens no new one."""
    number = {"user_id": user_id, "account": account or "", "phone": phone}
    tx.run(
        """insert into chats (user_id, account, phone, first_at, last_out_at, last_in_at)
           values (:user_id, :account, :phone, :at, iif(:inbound, null, :at), iif(:inbound, :at, null))
           on conflict do update set last_out_at = iif(:inbound, last_out_at, max(ifnull(last_out_at, ''), :at)),
             last_in_at = iif(:inbound, max(ifnull(last_in_at, ''), :at), last_in_at)""",
        **number,
        inbound=inbound,
        at=times.stored(at),
    )
    tx.run(
        f"""update messages set new_chat = 0, held_until = iif(held_reason in ({HELD_AS_NEW}), null, held_until),
           held_reason = iif(held_reason in ({HELD_AS_NEW}), null, held_reason)
           where user_id = :user_id and phone = :phone and status = 'queued'
           and device_id in (select id from devices where user_id = :user_id and coalesce(phone, '') = :account)
           and (new_chat = 1 or held_reason in ({HELD_AS_NEW}))""",  # noqa: S608 - a constant
        **number,
    )
    if inbound:  # the page said otherwise of them before they wrote
        tx.run(
            """update numbers set warm = null where phone = :phone and warm = 0 and device_id in
               (select id from devices where user_id = :user_id and coalesce(phone, '') = :account)""",
            **number,
        )
    column = "last_in_at" if inbound else "last_out_at"
    tx.run(
        f"""update contacts set {column} = max(ifnull({column}, ''), :at)
            where user_id = :user_id and phone = :phone""",  # noqa: S608 - one of two constants
        user_id=user_id,
        phone=phone,
        at=times.stored(at),
    )


def opened_none(tx: Tx, message: stored.Message) -> None:
    """The message did not go after all: its chat is not there, unless something else went or came in it."""
    account = message.account or ""
    gone = tx.run(
        """delete from chats where user_id = :user_id and account = :account and phone = :phone
           and last_in_at is null and first_at >= :handed_at and not exists (
             select 1 from messages m where m.user_id = :user_id and m.phone = :phone and m.account = :account
             and m.id <> :id and m.status in ('sent', 'delivered', 'read', 'unknown'))""",
        user_id=message.user_id,
        account=account,
        phone=message.phone,
        id=message.id,
        handed_at=times.stored_or_none(message.handed_at),
    )
    if gone:
        tx.run(
            """update messages set new_chat = 1 where user_id = :user_id and phone = :phone and status = 'queued'
               and device_id in (select id from devices
                                 where user_id = :user_id and coalesce(phone, '') = :account)""",
            user_id=message.user_id,
            account=account,
            phone=message.phone,
        )


def join(tx: Tx, user_id: int, hidden: str, phone: str) -> None:
    """The chats with a hidden id are chats with this number. What waits for it there opens no new one."""
    for row in tx.all(
        "select * from chats where user_id = :user_id and phone = :hidden", user_id=user_id, hidden=hidden
    ):
        for column, inbound in (("last_out_at", False), ("last_in_at", True)):
            if row[column] is not None:
                at = times.read(row[column])
                wrote(tx, user_id, row["account"], phone, inbound=inbound, at=at)
    tx.run("delete from chats where user_id = :user_id and phone = :hidden", user_id=user_id, hidden=hidden)


def begun(rows: Rows, user_id: int, phone: str) -> list[int]:
    """Ids of the devices this person has written to, the latest first. phone: the address."""
    found = rows.all(
        """select d.id from chats k join devices d on d.user_id = k.user_id and coalesce(d.phone, '') = k.account
           where k.user_id = :user_id and k.phone = :phone and k.last_in_at is not null and d.removed_at is null
           order by k.last_in_at desc, d.id""",
        user_id=user_id,
        phone=phone,
    )
    return [row["id"] for row in found]


def go_on(tx: Tx, device: devices.Device, phone: str, *, now: datetime) -> devices.Device:
    """What waits on the device goes from this number, which is linked now. Saying it again changes nothing.

    phone: digits, as the owner has seen them. What the new chats of the number before held is asked anew, a piece
    of it at once and the rest at its time. Raises Invalid `wrong_number`.
    """
    numbers.send_from(tx, device.id, phone)
    if not device.number_changed:
        return device
    tx.run(
        f"""update messages set held_until = null, held_reason = null where id in (
             select id from messages where device_id = :id and status = 'queued' and held_until is not null
             and held_reason in ({HELD_AS_NEW}, 'chat_closed') limit :most)""",  # noqa: S608 - a constant
        id=device.id,
        most=GOING_ON,
    )
    after = devices.by_id(tx, device.id)
    linking.owe_state(tx, after, now=now)
    return after


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who wrote first: where they are written to, and from which of the user's phones."""

    address: str
    device_label: str


def recipient(rows: Rows, user_id: int, person_id: int, *, device_label: str | None = None) -> Recipient:
    """The person, to be answered. Raises NotFound; Invalid `never_wrote`, or `wrote_elsewhere`.

    device_label: the wanted phone; else the one they wrote to last. Somebody without a number can be reached only
    in a chat that they began.
    """
    person = identities.by_id(rows, user_id, person_id)
    phones = begun(rows, user_id, person.address)
    if not phones:
        sentence = "This person has not written to you; send to a phone number."
        raise Invalid("never_wrote", sentence, details={"person_id": sentence})
    if device_label is not None:
        device = devices.by_label(rows, user_id, device_label)
        if person.phone is None and device.id not in phones:
            sentence = "This person's number is hidden, and they have not written to this phone; leave it out."
            raise Invalid("wrote_elsewhere", sentence, details={"device_label": sentence})
        return Recipient(person.address, device_label)
    owned = {one.id: one.label for one in devices.list_of(rows, user_id)}
    label = next((owned[one] for one in phones if one in owned), None)
    if label is None and person.phone is None:
        sentence = "The phone that this person wrote to is no longer here, and their number is hidden."
        raise Invalid("wrote_elsewhere", sentence, details={"person_id": sentence})
    return Recipient(person.address, label or devices.PRIMARY)
