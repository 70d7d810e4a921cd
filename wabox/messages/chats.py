"""Which number of a user's and which person have written to each other, either way, as wabox knows it.

A chat is the number's, whatever device it is linked to: a number that moves takes its chats along, and another
number on the same device begins with none.
"""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.db import Rows, Tx
from wabox.messages import stored

ACCOUNT = "coalesce((select phone from devices where id = m.device_id), '')"  # that a message would go from now
KNOWN = f"""exists (select 1 from chats k where k.user_id = m.user_id and k.phone = m.phone
    and k.account = {ACCOUNT})"""  # noqa: S608 - this house's constants

# What a known chat ends: why messages wait that go to somebody new.
HELD_AS_NEW = """'new_chat_cap', 'restricted', 'new_chats_capped', 'new_chats_refused',
    'refusal_unclear', 'refused_before'"""


def is_new(rows: Rows, user_id: int, account: str | None, phone: str) -> bool:
    """Whether a message from this number of the user's would open a new chat."""
    found = rows.value(
        "select 1 from chats where user_id = :user_id and account = :account and phone = :phone",
        user_id=user_id,
        account=account or "",
        phone=phone,
    )
    return found is None


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
