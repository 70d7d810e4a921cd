"""Deleting a message for everyone: who may ask for it, for one or with a whole campaign, and why it was given up.

Those of a whole campaign (`revoke_bulk`) come after all else. How it is tried is in `deeds`.
"""

from __future__ import annotations

import json
from datetime import datetime

from wabox import times
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.messages import deeds, stored

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

    Raises NotFound, and Invalid: `wrong_state` unless it arrived, else what `deeds.hindrance` says.
    """
    message = stored.of_user(tx, user_id, message_id)
    if message.revoke_due_at is not None and message.revoke_bulk:
        tx.run("update messages set revoke_bulk = 0 where id = :id", id=message_id)
        return stored.by_id(tx, message_id)
    if message.revoked_at is not None or message.revoke_due_at is not None:
        return message
    if message.status not in stored.REACHED:
        raise Invalid("wrong_state", _UNSENT.get(message.status, _NEVER_SENT))
    against = deeds.hindrance(tx, deeds.REVOKE, message, now=now)
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
        before=times.stored(now - deeds.REVOKE.limit),
    )


def fates(rows: Rows, campaign_id: int, *, now: datetime) -> dict[str, int]:
    """Of the campaign's messages that arrived, how many are `deleted`, `waiting` for it, `possible`, or why not.

    Why not: a code that `said` knows, by the rules of `deeds.hindrance`.
    """
    found = rows.all(
        f"""select {_FATE} as fate, count(*) as n from messages m join devices d on d.id = m.device_id
            where m.campaign_id = :id and m.status in ('sent', 'delivered', 'read') group by fate""",  # noqa: S608
        id=campaign_id,
        before=times.stored(now - deeds.REVOKE.limit),
    )
    return {row["fate"]: row["n"] for row in found}


_FATE = """case when m.revoked_at is not null then 'deleted' when m.revoke_due_at is not null then 'waiting'
    when m.status not in ('sent', 'delivered', 'read') then 'refused_later'
    when m.wa_chat_id is null or m.wa_message_id is null then 'person_erased'
    when d.removed_at is not null then 'device_removed'
    when m.sent_at is null or m.sent_at <= :before then 'revoke_too_late'
    when nullif(m.account, '') is not d.phone then 'other_number' else 'possible' end"""
