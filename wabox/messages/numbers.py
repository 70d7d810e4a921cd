"""What WhatsApp said of a number: is it there, and in which chat; remembered for a while."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from wabox import times
from wabox.db import Rows, Tx
from wabox.devices.devices import Device
from wabox.messages import joining
from wabox.messages.stored import Message
from wabox.whatsapp.driver import Resolved

YES_LASTS = timedelta(days=30)
NO_LASTS = timedelta(hours=24)
SURE_AFTER = timedelta(hours=24)  # a known number must be missing for so long before it counts as gone
MOST_ANEW = 50
_PATIENCE = (30, 60, 120, 300, 900, 1_800, 3_600)


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


def learn(tx: Tx, device: Device, phone: str, answer: Resolved, *, now: datetime) -> None:
    """Remember a yes or a no, and since when it is a no. An `unknown` is not an answer and is not kept.

    The chats of a yes may tell that somebody who wrote with a hidden number is this person.
    """
    if answer.answer == "unknown":
        return
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
    chats = (answer.chat_id, *answer.other_chat_ids)
    joining.learn(tx, device.user_id, phone, [one for one in chats if one is not None], now=now)


def forget(tx: Tx, device_id: int, phone: str) -> None:
    """The remembered chat did not work; ask again next time."""
    tx.run("delete from numbers where device_id = :device_id and phone = :phone", device_id=device_id, phone=phone)


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
