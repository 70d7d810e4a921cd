"""Changing the text of a message that has just gone: who may ask for it, what it says then, why it was given up.

A try looks first whether the message says that already, so one that took the box along is settled by the next.
How it is tried is in `deeds`.
"""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.content import judging, refusals
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.messages import deeds, stored, template

_SAID = {
    "refused_later": "WhatsApp refused the message after all, so there is nothing to change.",
    "person_erased": "The person was erased here, so wabox does not know the chat any more.",
    "edit_too_late": "WhatsApp lets a text be changed for 15 minutes after it went. Send a new message instead.",
    "device_removed": "The phone that it went from was deleted here. Change the text on the phone itself.",
    "other_number": "Another number is linked now than the one it went from. Change the text on its own phone.",
    "revoked": "This message is deleted for everyone, or is to be, so there is no text to change.",
    "refused": "WhatsApp Web would not change it. Try on the phone itself.",
    "not_found": "WhatsApp Web does not know this message any more. Change the text on the phone itself.",
    "no_answer": "WhatsApp did not confirm the change. Look on the phone; you may try again.",
}
_ONLY_TEXTS = "Only a text can be changed; this message is a file, a place, a card or a poll."
_NOT_GONE = "Only a message that has gone can be changed. One that still waits you can cancel."
_TO_READ = (
    "Whoever runs this box wants to read such a text first, and a change cannot wait for that. Write another."
)


def said(error: str | None) -> str | None:
    """Why it is not changed, as a sentence that says what to do."""
    return None if error is None else _SAID.get(error)


def ask(
    tx: Tx, user_id: int, message_id: int, text: str, *, now: datetime, ip: str | None = None
) -> stored.Message:
    """The message is still to say this text, letter for letter, or says it. The last wish counts.

    Raises NotFound; Invalid `wrong_state`, `not_a_text`, `message_empty`, `message_too_long`, `content_refused`,
    `content_review`, else what `deeds.hindrance` says.
    """
    message = stored.of_user(tx, user_id, message_id)
    if message.status not in stored.REACHED:
        raise Invalid("wrong_state", _NOT_GONE)
    if message.media_id is not None or message.enclosed is not None or message.system:
        raise Invalid("not_a_text", _ONLY_TEXTS)
    wanted = template.plain(text).text.strip()  # as wa-js gives it on
    if message.edit_due_at is not None and message.edit_text == wanted:
        return message
    if message.edit_due_at is None and message.text == wanted:
        return message
    against = deeds.hindrance(tx, deeds.EDIT, message, now=now)
    if against is not None:
        raise Invalid(against, _SAID[against])
    _judge(tx, user_id, wanted, ip=ip, now=now)
    tx.run(
        """update messages set edit_text = :text, edit_asked_at = :now, edit_due_at = :now, edit_tries = 0,
           edit_error = null where id = :id""",
        id=message_id,
        text=wanted,
        now=times.stored(now),
    )
    return stored.by_id(tx, message_id)


def _judge(tx: Tx, user_id: int, text: str, *, ip: str | None, now: datetime) -> None:
    verdict = judging.verdict(tx, text) if judging.in_force(tx) else None
    if verdict is None:
        return
    if verdict.action == "refuse":
        raise refusals.refusal(user_id, verdict, ip=ip, now=now)
    raise Invalid("content_review", _TO_READ, details={"message": verdict.reason})


def may(rows: Rows, message: stored.Message, *, now: datetime) -> bool:
    """Whether its text can be changed now."""
    a_text = message.media_id is None and message.enclosed is None and not message.system
    return a_text and message.edit_due_at is None and deeds.hindrance(rows, deeds.EDIT, message, now=now) is None
