"""Changing the text of a message that has just gone: asked for, tried until the page shows it, or given up.

No second message goes: WhatsApp changes the one that is there. A try looks first whether it says that already, so
one that took the box along is settled by the next. While `edit_due_at` is set it is still to be done.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox import fence, times
from wabox.content import refusals, rules
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.messages import stored, template
from wabox.webhooks import deliveries

# WhatsApp's own limit, from memory and unverified: wabox/docs/whatsapp.md row 49.
LIMIT = timedelta(minutes=15)
FIRST_REST, MOST_REST = timedelta(seconds=10), timedelta(minutes=2)
MOST_TRIES = 8

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
    `content_review`, else what `hindrance` says.
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
    against = hindrance(tx, message, now=now)
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
    verdict = rules.verdict(tx, text) if rules.in_force(tx) else None
    if verdict is None:
        return
    if verdict.action == "refuse":
        raise refusals.refusal(user_id, verdict, ip=ip, now=now)
    raise Invalid("content_review", _TO_READ, details={"message": verdict.reason})


def hindrance(rows: Rows, message: stored.Message, *, now: datetime) -> str | None:
    """Why WhatsApp cannot be asked for it, or None: one of the codes that `said` knows."""
    device = devices.by_id(rows, message.device_id)
    if message.status not in stored.REACHED:
        return "refused_later"
    if message.wa_chat_id is None or message.wa_message_id is None:
        return "person_erased"
    if message.revoked_at is not None or message.revoke_due_at is not None:
        return "revoked"
    if device.removed_at is not None:
        return "device_removed"
    if message.sent_at is None or now >= message.sent_at + LIMIT:
        return "edit_too_late"
    if (message.account or None) != device.phone:
        return "other_number"
    return "no_answer" if message.edit_due_at is not None and message.edit_tries >= MOST_TRIES else None


def may(rows: Rows, message: stored.Message, *, now: datetime) -> bool:
    """Whether its text can be changed now."""
    a_text = message.media_id is None and message.enclosed is None and not message.system
    return a_text and message.edit_due_at is None and hindrance(rows, message, now=now) is None


def due(rows: Rows, device_id: int, *, now: datetime) -> stored.Message | None:
    """The message of this device whose text is changed next, if one is due."""
    row = rows.one(
        f"""{stored.COLUMNS} where m.device_id = :device_id and m.edit_due_at <= :now
            order by m.edit_due_at limit 1""",
        device_id=device_id,
        now=times.stored(now),
    )
    return None if row is None else stored.of_row(row)


def tried(tx: Tx, message: stored.Message, *, now: datetime) -> bool:
    """WhatsApp is asked next; if nothing comes of it, it is again after a rest. False: the box is held."""
    if fence.of(tx) is not None:
        return False
    wait = min(FIRST_REST * 2**message.edit_tries, MOST_REST)
    return bool(
        tx.run(
            """update messages set edit_tries = edit_tries + 1, edit_due_at = :then
               where id = :id and edit_due_at is not null""",
            id=message.id,
            then=times.stored(now + wait),
        )
    )


def done(tx: Tx, message: stored.Message, *, now: datetime) -> bool:
    """The message says what it was to say, unless another text was asked for meanwhile."""
    moved = tx.run(
        """update messages set text = edit_text, edited_at = :now, edit_due_at = null, edit_text = null,
           edit_error = null where id = :id and edit_due_at is not null and edit_text = :text""",
        id=message.id,
        text=message.edit_text,
        now=times.stored(now),
    )
    if moved:
        _owe(tx, message.id, now)
    return moved == 1


def give_up(tx: Tx, message: stored.Message, error: str, *, now: datetime) -> bool:
    """It says what it said, as far as anybody saw, and is not tried any more."""
    moved = tx.run(
        """update messages set edit_due_at = null, edit_text = null, edit_error = :error
           where id = :id and edit_due_at is not null""",
        id=message.id,
        error=error,
    )
    if moved:
        _owe(tx, message.id, now)
    return moved == 1


def give_up_hopeless(tx: Tx, *, now: datetime, most: int = 100) -> int:
    """What its phone cannot do any more, though it has no turn, is given up: too old, or the phone is gone."""
    found = tx.all(
        f"""{stored.COLUMNS} where m.edit_due_at is not null
            and (m.sent_at <= :before or d.removed_at is not null) limit :most""",
        before=times.stored(now - LIMIT),
        most=most,
    )
    given_up = 0
    for message in map(stored.of_row, found):
        given_up += give_up(tx, message, hindrance(tx, message, now=now) or "edit_too_late", now=now)
    return given_up


def _owe(tx: Tx, message_id: int, now: datetime) -> None:
    message = stored.by_id(tx, message_id)
    payload = message.told(
        "message.edited",
        error=message.edit_error,
        edited_at=None if message.edit_error else times.wire_or_none(message.edited_at),
    )
    deliveries.owe(
        tx, user_id=message.user_id, event="message.edited", payload=payload, now=now, message_id=message.id
    )
