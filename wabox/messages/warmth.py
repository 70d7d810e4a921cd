"""Whom a limited account may still write to: the page's word where it is known, else who has a chat with us."""

from __future__ import annotations

from wabox.db import Rows, Tx
from wabox.messages import chats

# SQL, of a message m: 1 if it is to somebody whom a limited account may not write to.
COLD = f"""coalesce((select not w.warm from numbers w where w.device_id = m.device_id and w.phone = m.phone
    and w.link_epoch = (select link_epoch from devices where id = m.device_id)), not {chats.KNOWN})"""  # noqa: S608 - a constant


def is_cold(rows: Rows, message_id: int) -> bool:
    """Whether the message is to somebody whom a limited account may not write to."""
    return bool(rows.value(f"select {COLD} from messages m where m.id = :id", id=message_id))  # noqa: S608 - a constant


def said(tx: Tx, device_id: int, phone: str, *, warm: bool) -> None:
    """The page's word on this person, where the number is remembered."""
    tx.run(
        "update numbers set warm = :warm where device_id = :device_id and phone = :phone and answer = 'yes'",
        device_id=device_id,
        phone=phone,
        warm=int(warm),
    )
