"""An emoji to a message, ours and theirs: each side has one, the last; empty when it was taken back.

Ours is a wish until WhatsApp took it (`due_at`), and the last wish counts. Each try is counted before it is made;
twice does no harm. Theirs is what a page told. No emoji is ever read as words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox import fence, times
from wabox.contacts import identities
from wabox.db import Row, Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Invalid, NotFound
from wabox.messages import stored
from wabox.webhooks import deliveries
from wabox.whatsapp.driver import Reaction as Told

QUICK = ("👍", "❤️", "😂", "😮", "😢", "🙏")  # as WhatsApp's own apps offer them
FIRST_REST, MOST_REST = timedelta(seconds=15), timedelta(minutes=30)
MOST_TRIES = 6
KEPT = timedelta(hours=24)  # so long a phone that is away is waited for
Kind = Literal["message", "inbox"]

_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
)
_ONE = f"{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
_EMOJI = re.compile(f"{_ONE}(?:\u200d{_ONE}){{0,5}}|[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3")

_SAID = {
    "revoked": "This message is deleted for everyone, so nobody can react to it.",
    "person_erased": "The person was erased here, so wabox does not know the chat any more.",
    "device_removed": "The phone of this talk was deleted here. React on the phone itself.",
    "other_number": "Another number is linked now than the one this went from. React on its own phone.",
    "refused": "WhatsApp did not take it. React on the phone itself.",
    "not_found": "WhatsApp Web does not know this message any more. React on the phone itself.",
    "no_answer": "WhatsApp did not confirm it. Look on the phone; you may try again.",
}


@dataclass(frozen=True, slots=True)
class Put:
    """Both sides' emoji of one message, None for none. waiting: ours is still to be put, or taken back.

    error: why ours was given up; then it is the wish, and not there as far as anybody saw.
    """

    ours: str | None = None
    theirs: str | None = None
    waiting: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """One of ours that is to be put. emoji: empty to take it back. own: to a message of ours, else to theirs."""

    id: int
    device_id: int
    own: bool
    wa_message_id: str
    chat_ids: tuple[str, ...]
    emoji: str
    tries: int
    against: str | None


def said(error: str | None) -> str | None:
    """Why ours is not there, as a sentence that says what to do."""
    return None if error is None else _SAID.get(error)


def ask(tx: Tx, user_id: int, kind: Kind, number: int, emoji: str | None, *, now: datetime) -> Put:
    """Ours is still to be put to this message, or taken back for None; the last wish counts, asking twice is once.

    kind, number: a message of ours by its job id, or one of the inbox. Raises NotFound; Invalid `bad_emoji`,
    `wrong_state` unless ours arrived, or what `said` knows.
    """
    if emoji is not None and not _EMOJI.fullmatch(emoji):
        sentence = "Give one emoji as people see it, or null to take yours back."
        raise Invalid("bad_emoji", sentence, details={"emoji": sentence})
    device_id = _device_of(tx, user_id, kind, number)
    there = put(tx, kind, [number]).get(number, Put())
    if there.ours == emoji and there.error is None:
        return there
    against = _hindrance(tx, kind, number)
    if against is not None:
        raise Invalid(against, _SAID[against])
    tx.run(
        f"""insert into reactions (user_id, device_id, {_COLUMN[kind]}, ours, emoji, at, due_at)
            values (:user_id, :device_id, :number, 1, :emoji, :now, :now)
            on conflict ({_COLUMN[kind]}, ours) where {_COLUMN[kind]} is not null
            do update set emoji = :emoji, at = :now, due_at = :now, tries = 0, error = null""",  # noqa: S608
        user_id=user_id,
        device_id=device_id,
        number=number,
        emoji=emoji or "",
        now=times.stored(now),
    )
    return put(tx, kind, [number])[number]


def of_user(rows: Rows, user_id: int, kind: Kind, number: int) -> Put:
    """Both sides' of the user's message. Raises NotFound."""
    _device_of(rows, user_id, kind, number)
    return put(rows, kind, [number]).get(number, Put())


def put(rows: Rows, kind: Kind, numbers: Iterable[int]) -> dict[int, Put]:
    """By message, of those that somebody reacted to."""
    found: dict[int, dict[bool, Row]] = {}
    for row in rows.all(
        f"select *, {_COLUMN[kind]} as number from reactions where {_COLUMN[kind]} in (select value from json_each(:ids))",  # noqa: S608, E501
        ids=json.dumps(list(numbers)),
    ):
        found.setdefault(row["number"], {})[bool(row["ours"])] = row
    return {number: _put(sides.get(True), sides.get(False)) for number, sides in found.items()}


def _put(ours: Row | None, theirs: Row | None) -> Put:
    return Put(
        None if ours is None else ours["emoji"] or None,
        None if theirs is None else theirs["emoji"] or None,
        ours is not None and ours["due_at"] is not None,
        None if ours is None else ours["error"],
    )


_COLUMN: dict[Kind, str] = {"message": "message_id", "inbox": "inbox_id"}


def _device_of(rows: Rows, user_id: int, kind: Kind, number: int) -> int:
    if kind == "message":
        message = stored.of_user(rows, user_id, number)
        if message.status not in stored.REACHED:
            raise Invalid("wrong_state", "This message has not arrived, so nobody can react to it.")
        return message.device_id
    found = rows.value(
        "select device_id from inbox where id = :id and user_id = :user_id", id=number, user_id=user_id
    )
    if found is None:
        raise NotFound("not_found", "There is no such message in your inbox.")
    return int(found)


def _hindrance(rows: Rows, kind: Kind, number: int) -> str | None:
    if kind == "message":
        message = stored.by_id(rows, number)
        device = devices.by_id(rows, message.device_id)
        if message.wa_chat_id is None or message.wa_message_id is None:
            return "person_erased"
        if message.revoked_at is not None or message.revoke_due_at is not None:
            return "revoked"
        if device.removed_at is None and (message.account or None) != device.phone:
            return "other_number"
    else:
        heard = rows.one("select device_id, revoked_at from inbox where id = :id", id=number)
        assert heard is not None
        if heard["revoked_at"] is not None:
            return "revoked"
        device = devices.by_id(rows, heard["device_id"])
    return "device_removed" if device.removed_at is not None else None


def due(rows: Rows, device_id: int, *, now: datetime) -> Wish | None:
    """What this device puts next, if anything is due."""
    row = rows.one(
        """select * from reactions where device_id = :device_id and due_at <= :now order by due_at limit 1""",
        device_id=device_id,
        now=times.stored(now),
    )
    return None if row is None else _wish(rows, row)


def _wish(rows: Rows, row: Row) -> Wish:
    own = row["message_id"] is not None
    kind: Kind = "message" if own else "inbox"
    number = row[_COLUMN[kind]]
    against = _hindrance(rows, kind, number)
    if against is None and row["tries"] >= MOST_TRIES:
        against = "no_answer"
    if own:
        message = stored.by_id(rows, number)
        chats = message.chats
        wa_message_id = message.wa_message_id or ""
    else:
        heard = rows.one("select user_id, phone, wa_message_id from inbox where id = :id", id=number)
        assert heard is not None
        plain = () if identities.is_hidden(heard["phone"]) else (f"{heard['phone']}@c.us",)
        chats = (*plain, *identities.every(rows, heard["user_id"], heard["phone"]))
        wa_message_id = heard["wa_message_id"]
    chats = tuple(dict.fromkeys(one for one in chats if one))
    return Wish(row["id"], row["device_id"], own, wa_message_id, chats, row["emoji"], row["tries"], against)


def tried(tx: Tx, wish: Wish, *, now: datetime) -> bool:
    """WhatsApp is asked next; if nothing comes of it, it is again after a rest. False: the box is held."""
    if fence.of(tx) is not None:
        return False
    wait = min(FIRST_REST * 2**wish.tries, MOST_REST)
    return bool(
        tx.run(
            "update reactions set tries = tries + 1, due_at = :then where id = :id and due_at is not null",
            id=wish.id,
            then=times.stored(now + wait),
        )
    )


def done(tx: Tx, wish: Wish) -> bool:
    """It is there, unless another was wished for meanwhile."""
    moved = tx.run(
        """update reactions set due_at = null, error = null
           where id = :id and emoji = :emoji and due_at is not null""",
        id=wish.id,
        emoji=wish.emoji,
    )
    return moved == 1


def give_up(tx: Tx, wish: Wish, error: str) -> bool:
    """It is not there, as far as anybody saw, and not tried any more."""
    moved = tx.run(
        """update reactions set due_at = null, error = :error
           where id = :id and emoji = :emoji and due_at is not null""",
        id=wish.id,
        emoji=wish.emoji,
        error=error,
    )
    return moved == 1


def give_up_hopeless(tx: Tx, *, now: datetime, most: int = 100) -> int:
    """What waited for a day, or whose phone is gone, is not waited for any more; returns how many."""
    return tx.run(
        """update reactions set due_at = null, error = iif(at > :before, 'device_removed', 'no_answer')
           where id in (select r.id from reactions r join devices d on d.id = r.device_id
             where r.due_at is not null and (r.at <= :before or d.removed_at is not null) limit :most)""",
        before=times.stored(now - KEPT),
        most=most,
    )


def hear(tx: Tx, event: Told, *, now: datetime) -> bool:
    """What a page tells stands at the message. False if it stood there, or nobody here knows the message.

    Theirs is owed to the webhook; ours, from the phone itself, is only shown, and leaves a wish alone.
    """
    user_id = devices.by_id(tx, event.device_id).user_id
    kind: Kind = "message" if event.own else "inbox"
    number = _known(tx, user_id, event)
    if number is None:
        return False
    changed = tx.run(
        f"""insert into reactions (user_id, device_id, {_COLUMN[kind]}, ours, emoji, at)
            select :user_id, :device_id, :number, :ours, :emoji, :now
            where :emoji <> '' or exists (select 1 from reactions where {_COLUMN[kind]} = :number and ours = :ours)
            on conflict ({_COLUMN[kind]}, ours) where {_COLUMN[kind]} is not null
            do update set emoji = :emoji, at = :now, error = null where due_at is null and emoji <> :emoji""",  # noqa: S608
        user_id=user_id,
        device_id=event.device_id,
        number=number,
        ours=int(event.by_us),
        emoji=event.emoji,
        now=times.stored(now),
    )
    if changed and not event.by_us:
        _owe(tx, user_id, kind, number, event.emoji, now)
    return changed == 1


def _known(rows: Rows, user_id: int, event: Told) -> int | None:
    found: int | None = rows.value(
        "select id from messages where wa_message_id = :id and user_id = :user_id"
        if event.own
        else "select id from inbox where wa_message_id = :id and user_id = :user_id and device_id = :device_id",
        id=event.message_id,
        user_id=user_id,
        **({} if event.own else {"device_id": event.device_id}),
    )
    return found


def _owe(tx: Tx, user_id: int, kind: Kind, number: int, emoji: str, now: datetime) -> None:
    table = "messages" if kind == "message" else "inbox"
    address = str(tx.value(f"select phone from {table} where id = :id", id=number))  # noqa: S608
    person = identities.find(tx, user_id, address)
    payload: dict[str, object] = {
        "event": "message.reaction",
        "job_id": number if kind == "message" else None,
        "message_id": number if kind == "inbox" else None,
        "phone": identities.number(address),
        "person_id": None if person is None else person.id,
        "emoji": emoji or None,
        "at": times.wire(now),
    }
    message_id = number if kind == "message" else None
    deliveries.owe(tx, user_id=user_id, event="message.reaction", payload=payload, now=now, message_id=message_id)
