"""Which device and which person have written to each other, either way, as wabox knows it."""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.db import Rows, Tx

KNOWN = "exists (select 1 from chats k where k.device_id = m.device_id and k.phone = m.phone)"

HELD_AS_NEW = "'new_chat_cap', 'restricted', 'new_chats_capped', 'new_chats_refused'"  # what a known chat ends


def is_new(rows: Rows, device_id: int, phone: str) -> bool:
    """Whether a message would open a new chat."""
    found = rows.value(
        "select 1 from chats where device_id = :device_id and phone = :phone", device_id=device_id, phone=phone
    )
    return found is None


def wrote(tx: Tx, device_id: int, user_id: int, phone: str, *, inbound: bool, at: datetime) -> None:
    """A message went or came: the chat is there, and what waits for this person opens no new one."""
    tx.run(
        """insert into chats (device_id, user_id, phone, first_at, last_out_at, last_in_at)
           values (:device_id, :user_id, :phone, :at, iif(:inbound, null, :at), iif(:inbound, :at, null))
           on conflict do update set last_out_at = iif(:inbound, last_out_at, :at),
             last_in_at = iif(:inbound, :at, last_in_at)""",
        device_id=device_id,
        user_id=user_id,
        phone=phone,
        inbound=inbound,
        at=times.stored(at),
    )
    tx.run(
        f"""update messages set new_chat = 0, held_until = iif(held_reason in ({HELD_AS_NEW}), null, held_until),
           held_reason = iif(held_reason in ({HELD_AS_NEW}), null, held_reason)
           where user_id = :user_id and phone = :phone and status = 'queued'
           and device_id = :device_id and (new_chat = 1 or held_reason in ({HELD_AS_NEW}))""",  # noqa: S608 - a constant
        device_id=device_id,
        user_id=user_id,
        phone=phone,
    )
    if inbound:  # the page said otherwise of them before they wrote
        tx.run(
            "update numbers set warm = null where device_id = :device_id and phone = :phone and warm = 0",
            device_id=device_id,
            phone=phone,
        )
    column = "last_in_at" if inbound else "last_out_at"
    tx.run(
        f"update contacts set {column} = :at where user_id = :user_id and phone = :phone",  # noqa: S608
        user_id=user_id,
        phone=phone,
        at=times.stored(at),
    )
