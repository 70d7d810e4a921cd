"""Forgets a person: what a user's box knows of them goes, except that they must not be written to.

That lives on as a keyed hash, which nobody can read back. Their messages stay in the log as empty rows, so
that counts, credits and campaigns stay true. What a webhook is still owed is posted first and then
forgotten with the webhook log.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from wabox.contacts import identities, suppression
from wabox.content import complaints
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.messages import outbox, stored

TAIL = 8  # digits by which a phone is found in rows of files, whatever prefix was typed there
_BENGALI = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")


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
           and (instr(row, :tail) > 0 or instr(row, :bengali) > 0)""",
        user_id=user_id,
        tail=tail,
        bengali=tail.translate(_BENGALI),
    )
    return Traces([row["id"] for row in deliveries], [row["id"] for row in refusals])


def erase(tx: Tx, user_id: int, phone: str, found: Traces, *, now: datetime) -> Erased:
    """Nothing about this person is left with this user, except that they opted out, if they did.

    phone: their address, digits or a hidden id. What waits for them is cancelled first. Raises Invalid
    `wrong_state` while a message to them is being handed over.
    """
    person = {"user_id": user_id, "phone": phone}
    cancelled = _cancel(tx, user_id, phone, now)
    _forget_posts(tx, user_id, phone, found)
    messages = tx.run(
        """update messages set phone = '', text = '', contact_id = null, wa_chat_id = null, wa_chat_ids = null,
           wa_message_id = iif(status = 'unknown', null, wa_message_id)
           where user_id = :user_id and phone = :phone""",
        **person,
    )
    received = tx.run("delete from inbox where user_id = :user_id and phone = :phone", **person)
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


def _cancel(tx: Tx, user_id: int, phone: str, now: datetime) -> int:
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
