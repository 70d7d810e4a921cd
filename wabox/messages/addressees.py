"""All that stands under a person's address, in whichever table: it moves when two were one, or it is forgotten.

A hidden id and a number are the same person, whatever told it: what stood under the id moves to the number in the
same transaction, and the stricter consent wins. Doing it again changes nothing.
What a user's box knows of whom it forgets goes, except that they must not be written to: that lives on as a keyed
hash, which nobody can read back. Their messages stay in the log as empty rows, so that counts, credits and
campaigns stay true. What a webhook is still owed is posted first and then forgotten with the webhook log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from wabox.contacts import identities, suppression
from wabox.contacts.identities import Person
from wabox.content import complaints
from wabox.db import Rows, Tx
from wabox.devices.stored import Device
from wabox.errors import Invalid
from wabox.languages import ALL
from wabox.media import keeping
from wabox.messages import chats, leaving, outbox, stored
from wabox.whatsapp.driver import Resolved

TAIL = 8  # digits by which a phone is found in rows of files, whatever prefix was typed there


def heard(
    tx: Tx,
    user_id: int,
    chat_id: str,
    *,
    phone: str | None,
    lid: str | None = None,
    name: str | None = None,
    username: str | None = None,
    now: datetime,
) -> Person:
    """Who wrote: the person behind these ids, known from now on. phone, lid: digits, as far as the page tells."""
    wa_id = identities.lid_chat(lid) if lid else chat_id
    if phone is None and not identities.is_lid(wa_id):
        phone = chat_id.partition("@")[0] if chat_id.endswith("@c.us") else None
    if phone is None:
        known = identities.holder(tx, user_id, wa_id)
        address = wa_id if known is None else known.address
    else:
        address = phone
    person_id = identities.ensure(tx, user_id, address, now=now)
    if phone is not None:
        _take_hidden(tx, user_id, phone, (wa_id, chat_id), now=now)
    identities.call(tx, person_id, name=name or None, username=username or None)
    return identities.by_id(tx, user_id, person_id)


def learn(tx: Tx, device: Device, phone: str, answer: Resolved, *, now: datetime) -> None:
    """What WhatsApp said of this number is remembered. An `unknown` is not an answer and is not kept.

    The chats of a yes may tell that somebody who wrote with a hidden number is this person.
    """
    if answer.answer == "unknown":
        return
    chats.remember(tx, device, phone, answer, now=now)
    wa_ids = (answer.chat_id, *answer.other_chat_ids)
    _take_hidden(tx, device.user_id, phone, [one for one in wa_ids if one is not None], now=now)


def _take_hidden(tx: Tx, user_id: int, phone: str, wa_ids: Iterable[str], *, now: datetime) -> None:
    """The hidden ones of these chat ids belong to this number."""
    for wa_id in dict.fromkeys(wa_ids):
        if identities.is_lid(wa_id):
            join(tx, user_id, wa_id, phone, now=now)


def told(tx: Tx, user_id: int, *, lid: str, phone: str | None, username: str | None, now: datetime) -> None:
    """The page has learnt this of its own accord. It counts for people wabox has to do with."""
    wa_id = identities.lid_chat(lid)
    known = identities.holder(tx, user_id, wa_id)
    if phone is not None and (known or _concerns(tx, user_id, wa_id, phone)):
        join(tx, user_id, wa_id, phone, now=now)
        known = identities.holder(tx, user_id, wa_id)
    if known is not None:
        identities.call(tx, known.id, name=None, username=username or None)


def join(tx: Tx, user_id: int, wa_id: str, phone: str, *, now: datetime) -> bool:
    """This hidden id and this number are one person. False if that was known. phone: digits."""
    before = identities.holder(tx, user_id, wa_id)
    if before is not None and before.address == phone:
        return False
    if before is not None:  # who opted out under another address takes that along
        suppression.even_out(tx, user_id, before.address, now=now)
    person_id = identities.ensure(tx, user_id, phone, now=now)
    identities.take_id(tx, user_id, wa_id, person_id)
    if before is not None and identities.is_hidden(before.address):
        _move(tx, user_id, before.address, phone)
        identities.merge(tx, before.id, person_id)
    elif before is not None:
        _number_changed(tx, user_id, before.address, phone, wa_id, now)
    newly_out = suppression.even_out(tx, user_id, phone, now=now)
    if newly_out is not None:
        leaving.silence(tx, user_id, phone, source=newly_out, now=now)
    elif suppression.is_out(tx, user_id, phone):
        leaving.skip_waiting(tx, user_id, phone, now=now)
    return True


@dataclass(frozen=True, slots=True)
class Traces:
    """Rows about a person that only a long search finds: webhook log, refused rows of imports."""

    deliveries: Sequence[int] = ()
    refusals: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Erased:
    """What is gone. messages: rows of the log that are empty now. received: messages of theirs."""

    contact: bool
    cancelled: int
    messages: int
    received: int


def traces(rows: Rows, user_id: int, phone: str) -> Traces:
    """What `erase` shall take along; to be asked in a reader, for it looks at everything. phone: their address."""
    deliveries = rows.all(
        """select id from deliveries where user_id = :user_id and message_id is null and status <> 'owed'
           and (json_extract(payload, '$.phone') = :phone or json_extract(payload, '$.person_id') in
             (select coalesce(e.id, p.id) from people p left join people e on e.id = p.id or e.joined_to = p.id
              where p.user_id = :user_id and p.phone = :phone and p.joined_to is null))""",
        user_id=user_id,
        phone=phone,
    )
    if identities.is_hidden(phone):
        return Traces([row["id"] for row in deliveries])
    tail = phone[-TAIL:]
    refusals = rows.all(
        """select id from import_refusals where user_id = :user_id
           and exists (select 1 from json_each(:tails) where instr(import_refusals.row, value) > 0)""",
        user_id=user_id,
        tails=json.dumps(sorted({one.written(tail) for one in ALL.values()}), ensure_ascii=False),
    )
    return Traces([row["id"] for row in deliveries], [row["id"] for row in refusals])


def erase(tx: Tx, user_id: int, phone: str, found: Traces, *, now: datetime) -> Erased:
    """Nothing about this person is left with this user, except that they opted out, if they did.

    A file that went to, or came from, nobody else is gone too, as soon as the caller clears what no row names.

    phone: their address, digits or a hidden id. What waits for them is cancelled first. Raises Invalid
    `wrong_state` while a message to them is being handed over.
    """
    person = {"user_id": user_id, "phone": phone}
    cancelled = _cancel_waiting(tx, user_id, phone, now)
    _forget_posts(tx, user_id, phone, found)
    files = tx.all(
        """select media_id from messages where user_id = :user_id and phone = :phone and media_id is not null
           union select f.media_id from inbox_files f join inbox i on i.id = f.inbox_id
             where i.user_id = :user_id and i.phone = :phone and f.media_id is not null""",
        **person,
    )
    tx.run(
        """delete from reactions where message_id in (select id from messages where user_id = :user_id
           and phone = :phone)""",
        **person,
    )
    messages = tx.run(
        """update messages set phone = '', text = '', enclosed = null, contact_id = null, wa_chat_id = null,
           wa_chat_ids = null, media_id = null, media_kind = null, media_name = null,
           wa_message_id = iif(status = 'unknown', null, wa_message_id), revoke_due_at = null,
           edit_text = null, edit_due_at = null,
           revoke_error = iif(revoke_due_at is null, revoke_error, 'person_erased')
           where user_id = :user_id and phone = :phone""",
        **person,
    )
    received = tx.run("delete from inbox where user_id = :user_id and phone = :phone", **person)
    keeping.let_go(tx, [row["media_id"] for row in files])
    tx.run("delete from chats where user_id = :user_id and phone = :phone", **person)
    tx.run(
        """delete from numbers where phone = :phone
           and device_id in (select id from devices where user_id = :user_id)""",
        **person,
    )
    complaints.erase(tx, user_id, phone)
    suppression.even_out(tx, user_id, phone, now=now)
    identities.forget(tx, user_id, phone)
    contact = tx.run("delete from contacts where user_id = :user_id and phone = :phone", **person)
    return Erased(bool(contact), cancelled, messages, received)


def _number_changed(tx: Tx, user_id: int, old: str, new: str, wa_id: str, now: datetime) -> None:
    """Whose chat that is has another number now: the old one is asked about anew, and no campaign comes twice."""
    tx.run(
        "delete from numbers where user_id = :user_id and phone = :old and chat_id = :wa_id",
        user_id=user_id,
        old=old,
        wa_id=wa_id,
    )
    leaving.skip_twins(tx, user_id, new, wa_id, had=old, now=now)


def _concerns(tx: Tx, user_id: int, wa_id: str, phone: str) -> bool:
    """Whether either is somebody who opted out, wrote, or was written to."""
    return (
        suppression.is_out(tx, user_id, wa_id)
        or identities.find(tx, user_id, phone) is not None
        or tx.value(
            "select 1 from chats where user_id = :user_id and phone = :phone limit 1", user_id=user_id, phone=phone
        )
        is not None
    )


def _move(tx: Tx, user_id: int, hidden: str, phone: str) -> None:
    """What stood under the hidden id stands under the number; their talks are one."""
    for table in ("messages", "inbox"):
        tx.run(
            f"update {table} set phone = :phone where user_id = :user_id and phone = :hidden",  # noqa: S608
            user_id=user_id,
            hidden=hidden,
            phone=phone,
        )
    chats.join(tx, user_id, hidden, phone)
    complaints.join(tx, user_id, hidden, phone)


def _cancel_waiting(tx: Tx, user_id: int, phone: str, now: datetime) -> int:
    open_ones = tx.all(
        """select id, status from messages where user_id = :user_id and phone = :phone
           and status in ('queued', 'sending')""",
        user_id=user_id,
        phone=phone,
    )
    if any(row["status"] == "sending" for row in open_ones):
        raise Invalid("wrong_state", "A message to this person is on its way; try again in a minute.")
    return sum(outbox.cancel(tx, stored.by_id(tx, row["id"]), now=now) for row in open_ones)


def _forget_posts(tx: Tx, user_id: int, phone: str, found: Traces) -> None:
    """The webhook log about them; before their messages lose the phone they are found by."""
    tx.run(
        """delete from deliveries where +user_id = :user_id and +status <> 'owed'
           and id in (select value from json_each(:ids))""",
        user_id=user_id,
        ids=json.dumps(list(found.deliveries)),
    )
    tx.run(
        """delete from deliveries where status <> 'owed' and message_id in
             (select id from messages where user_id = :user_id and phone = :phone)""",
        user_id=user_id,
        phone=phone,
    )
    tx.run(
        "delete from import_refusals where user_id = :user_id and id in (select value from json_each(:ids))",
        user_id=user_id,
        ids=json.dumps(list(found.refusals)),
    )
