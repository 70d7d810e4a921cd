"""What WhatsApp said of a number: is it there, and in which chat; remembered for a while."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from wabox import times
from wabox.db import Rows, Tx
from wabox.devices.devices import Device
from wabox.whatsapp.driver import Resolved

YES_LASTS = timedelta(days=30)
NO_LASTS = timedelta(hours=24)
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
    return Resolved(row["answer"], row["chat_id"], tuple(json.loads(row["other_chat_ids"])))


def learn(tx: Tx, device: Device, phone: str, answer: Resolved, *, now: datetime) -> None:
    """Remember a yes or a no. An `unknown` is not an answer and is not kept."""
    if answer.answer == "unknown":
        return
    tx.run(
        """insert or replace into numbers
             (device_id, user_id, phone, answer, chat_id, other_chat_ids, link_epoch, checked_at)
           values (:device_id, :user_id, :phone, :answer, :chat_id, :others, :epoch, :now)""",
        device_id=device.id,
        user_id=device.user_id,
        phone=phone,
        answer=answer.answer,
        chat_id=answer.chat_id,
        others=json.dumps(answer.other_chat_ids),
        epoch=device.link_epoch,
        now=times.stored(now),
    )


def forget(tx: Tx, device_id: int, phone: str) -> None:
    """The remembered chat did not work; ask again next time."""
    tx.run("delete from numbers where device_id = :device_id and phone = :phone", device_id=device_id, phone=phone)


def ask_again_at(now: datetime, tries: int) -> datetime:
    """When WhatsApp is asked again about a number it said nothing of. tries: so far, from 0."""
    return now + timedelta(seconds=_PATIENCE[min(tries, len(_PATIENCE) - 1)])
