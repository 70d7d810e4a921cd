"""Deleting a message for everyone: asked for, tried until WhatsApp shows it, or given up for a named reason.

The message did arrive: its status, its credit and its place in the caps stay what they are. While `revoke_due_at`
is set it is still to be done; the phone may be away. Each try is counted before it is made, so that one that takes
the box along ends, too; twice does no harm. Those of a whole campaign (`revoke_bulk`) come after all else.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from wabox import fence, times
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.messages import stored
from wabox.webhooks import deliveries

# WhatsApp's own limit is a little over two days, from memory and unverified: wabox/docs/whatsapp.md row 45.
LIMIT = timedelta(hours=48)
GAP = timedelta(seconds=3)  # between two deletions of one phone
FIRST_REST, MOST_REST = timedelta(seconds=15), timedelta(minutes=30)
MOST_TRIES = 10

_UNSENT = {
    "queued": "This message has not gone yet; cancel it instead.",
    "sending": "This message is on its way. Wait until it has gone, then delete it for everyone.",
    "unknown": "Nobody knows whether this message went. Look on the phone; if it did, settle it as sent first.",
}
_NEVER_SENT = "This message did not reach anybody, so there is nothing to delete."

_SAID = {
    "refused_later": "WhatsApp refused the message after all, so there is nothing to delete.",
    "person_erased": "The person was erased here, so wabox does not know the chat any more. Delete the message on "
    "the phone itself.",
    "revoke_too_late": "It went more than 48 hours ago, and wabox does not ask WhatsApp to delete what is so old.",
    "device_removed": "The phone that it went from was deleted here. Delete the message on the phone itself.",
    "other_number": "Another number is linked now than the one it went from. Link that number again, or delete "
    "the message on its phone.",
    "refused": "WhatsApp Web would not delete it. Try on the phone itself.",
    "not_found": "WhatsApp Web does not know this message any more. Delete it on the phone itself.",
    "no_answer": "WhatsApp did not confirm the deletion, ten times. Look on the phone; you may try again.",
}


def said(error: str | None) -> str | None:
    """Why it is not deleted, as a sentence that says what to do."""
    return None if error is None else _SAID.get(error)


def ask(tx: Tx, user_id: int, message_id: int, *, now: datetime) -> stored.Message:
    """The message is still to be deleted for everyone, or is. Asking again is fine, also once it was given up.

    Raises NotFound, and Invalid: `wrong_state` unless it arrived, else what `hindrance` says.
    """
    message = stored.of_user(tx, user_id, message_id)
    if message.revoke_due_at is not None and message.revoke_bulk:
        tx.run("update messages set revoke_bulk = 0 where id = :id", id=message_id)
        return stored.by_id(tx, message_id)
    if message.revoked_at is not None or message.revoke_due_at is not None:
        return message
    if message.status not in stored.REACHED:
        raise Invalid("wrong_state", _UNSENT.get(message.status, _NEVER_SENT))
    against = hindrance(tx, message, now=now)
    if against is not None:
        raise Invalid(against, _SAID[against])
    tx.run(
        """update messages set revoke_asked_at = :now, revoke_due_at = :now, revoke_tries = 0, revoke_error = null,
           revoke_bulk = 0 where id = :id""",
        id=message_id,
        now=times.stored(now),
    )
    return stored.by_id(tx, message_id)


def ask_with_others(tx: Tx, message_ids: list[int], *, now: datetime) -> int:
    """Those of them that `fates` calls possible are still to be deleted, after all else; returns how many."""
    return tx.run(
        f"""update messages set revoke_asked_at = :now, revoke_due_at = :now, revoke_tries = 0,
            revoke_error = null, revoke_bulk = 1 where id in (select m.id from messages m
              join devices d on d.id = m.device_id
              where m.id in (select value from json_each(:ids)) and {_FATE} = 'possible')""",  # noqa: S608
        ids=json.dumps(message_ids),
        now=times.stored(now),
        before=times.stored(now - LIMIT),
    )


def fates(rows: Rows, campaign_id: int, *, now: datetime) -> dict[str, int]:
    """Of the campaign's messages that arrived, how many are `deleted`, `waiting` for it, `possible`, or why not.

    Why not: a code that `said` knows, by the rules of `hindrance`.
    """
    found = rows.all(
        f"""select {_FATE} as fate, count(*) as n from messages m join devices d on d.id = m.device_id
            where m.campaign_id = :id and m.status in ('sent', 'delivered', 'read') group by fate""",  # noqa: S608
        id=campaign_id,
        before=times.stored(now - LIMIT),
    )
    return {row["fate"]: row["n"] for row in found}


_FATE = """case when m.revoked_at is not null then 'deleted' when m.revoke_due_at is not null then 'waiting'
    when m.status not in ('sent', 'delivered', 'read') then 'refused_later'
    when m.wa_chat_id is null or m.wa_message_id is null then 'person_erased'
    when d.removed_at is not null then 'device_removed'
    when m.sent_at is null or m.sent_at <= :before then 'revoke_too_late'
    when nullif(m.account, '') is not d.phone then 'other_number' else 'possible' end"""


def hindrance(rows: Rows, message: stored.Message, *, now: datetime) -> str | None:
    """Why WhatsApp cannot be asked for it, or None: one of the codes that `said` knows."""
    device = devices.by_id(rows, message.device_id)
    if message.status not in stored.REACHED:
        return "refused_later"
    if message.wa_chat_id is None or message.wa_message_id is None:
        return "person_erased"
    if device.removed_at is not None:
        return "device_removed"
    if message.sent_at is None or now >= message.sent_at + LIMIT:
        return "revoke_too_late"
    if (message.account or None) != device.phone:
        return "other_number"
    return "no_answer" if message.revoke_due_at is not None and message.revoke_tries >= MOST_TRIES else None


def due(rows: Rows, device_id: int, *, bulk: bool, now: datetime) -> stored.Message | None:
    """The message of this device that is deleted next, if one is due. bulk: of those of whole campaigns."""
    row = rows.one(
        f"""{stored.COLUMNS} where m.device_id = :device_id and m.revoke_bulk = :bulk and m.revoke_due_at <= :now
            and (d.next_revoke_at is null or d.next_revoke_at <= :now) order by m.revoke_due_at limit 1""",
        device_id=device_id,
        bulk=bulk,
        now=times.stored(now),
    )
    return None if row is None else stored.of_row(row)


def tried(tx: Tx, message: stored.Message, *, now: datetime) -> bool:
    """WhatsApp is asked next. If nothing comes of it, it is again after a rest; other deletions wait a little.

    False: the box is held, so nobody is asked.
    """
    if fence.of(tx) is not None:
        return False
    wait = min(FIRST_REST * 2**message.revoke_tries, MOST_REST)
    tx.run(
        """update messages set revoke_tries = revoke_tries + 1, revoke_due_at = :then
           where id = :id and revoke_due_at is not null""",
        id=message.id,
        then=times.stored(now + wait),
    )
    tx.run(
        "update devices set next_revoke_at = :then where id = :id",
        id=message.device_id,
        then=times.stored(now + GAP),
    )
    return True


def done(tx: Tx, message: stored.Message, *, now: datetime) -> bool:
    """It is deleted for everyone, whatever befell it here meanwhile. False if that was known."""
    moved = tx.run(
        """update messages set revoked_at = :now, revoke_due_at = null, revoke_error = null
           where id = :id and revoke_asked_at is not null and revoked_at is null""",
        id=message.id,
        now=times.stored(now),
    )
    if moved:
        _owe(tx, message.id, now)
    return moved == 1


def give_up(tx: Tx, message: stored.Message, error: str, *, now: datetime) -> bool:
    """It is not deleted, as far as anybody saw, and not tried any more. False if it is settled already."""
    moved = tx.run(
        """update messages set revoke_due_at = null, revoke_error = :error
           where id = :id and revoke_due_at is not null""",
        id=message.id,
        error=error,
    )
    if moved:
        _owe(tx, message.id, now)
    return moved == 1


def give_up_hopeless(tx: Tx, *, now: datetime, most: int = 100) -> int:
    """What its phone cannot do any more, though it has no turn, is given up: too old, or the phone is gone."""
    found = tx.all(
        f"""{stored.COLUMNS} where m.revoke_due_at is not null
            and (m.sent_at <= :before or d.removed_at is not null) limit :most""",
        before=times.stored(now - LIMIT),
        most=most,
    )
    given_up = 0
    for message in map(stored.of_row, found):
        given_up += give_up(tx, message, hindrance(tx, message, now=now) or "revoke_too_late", now=now)
    return given_up


def _owe(tx: Tx, message_id: int, now: datetime) -> None:
    message = stored.by_id(tx, message_id)
    payload = message.told(
        "message.revoked", error=message.revoke_error, revoked_at=times.wire_or_none(message.revoked_at)
    )
    deliveries.owe(
        tx, user_id=message.user_id, event="message.revoked", payload=payload, now=now, message_id=message.id
    )
