"""What is done to a message that has gone: its text is changed, or it is deleted for everyone.

No second message goes: WhatsApp changes the one that is there. The message did arrive: its status, its credit and
its place in the caps stay what they are. While `edit_due_at` or `revoke_due_at` is set it is still to be done; the
phone may be away. Each try is counted before it is made, so that one that takes the box along ends, too; twice
does no harm. It ends when the page shows it, or for a named reason. Who may ask for it, and what is said of it, is
in `editing` and `revoking`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox import fence, times
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.messages import stored
from wabox.webhooks import deliveries


@dataclass(frozen=True, slots=True)
class Deed:
    """How one of them is tried. name, past: of its columns, and of its event.

    limit: after the message went; then it is `too_late`. A rest grows from first_rest to most_rest. gap: between
    two of one phone.
    """

    name: Literal["edit", "revoke"]
    past: Literal["edited", "revoked"]
    too_late: str
    limit: timedelta
    first_rest: timedelta
    most_rest: timedelta
    most_tries: int
    gap: timedelta = timedelta(0)


# WhatsApp's own limits, from memory and unverified: wabox/docs/whatsapp.md rows 45 (over two days) and 49.
EDIT = Deed(
    "edit",
    "edited",
    "edit_too_late",
    limit=timedelta(minutes=15),
    first_rest=timedelta(seconds=10),
    most_rest=timedelta(minutes=2),
    most_tries=8,
)
REVOKE = Deed(
    "revoke",
    "revoked",
    "revoke_too_late",
    limit=timedelta(hours=48),
    first_rest=timedelta(seconds=15),
    most_rest=timedelta(minutes=30),
    most_tries=10,
    gap=timedelta(seconds=3),
)
DEEDS = (REVOKE, EDIT)


@dataclass(frozen=True, slots=True)
class Due:
    """A deed that is tried next. against: why WhatsApp cannot be asked for it, as `hindrance` says."""

    deed: Deed
    message: stored.Message
    against: str | None


def hindrance(rows: Rows, deed: Deed, message: stored.Message, *, now: datetime) -> str | None:
    """Why WhatsApp cannot be asked for it, or None: one of the codes that `said` of its kind knows."""
    device = devices.by_id(rows, message.device_id)
    if message.status not in stored.REACHED:
        return "refused_later"
    if message.wa_chat_id is None or message.wa_message_id is None:
        return "person_erased"
    if deed is EDIT and (message.revoked_at is not None or message.revoke_due_at is not None):
        return "revoked"
    if device.removed_at is not None:
        return "device_removed"
    if message.sent_at is None or now >= message.sent_at + deed.limit:
        return deed.too_late
    if (message.account or None) != device.phone:
        return "other_number"
    return "no_answer" if _tries(deed, message) >= deed.most_tries else None


def _tries(deed: Deed, message: stored.Message) -> int:
    """How often it was tried, if it is still to be done."""
    if deed is EDIT:
        return message.edit_tries if message.edit_due_at is not None else 0
    return message.revoke_tries if message.revoke_due_at is not None else 0


def due(rows: Rows, device_id: int, *, bulk: bool, now: datetime) -> list[Due]:
    """What this device tries next, at most one of each kind; bulk: the deletion of a whole campaign's, alone.

    One quick question, for hardly ever is anything due.
    """
    found = rows.one(
        """select (select m.id from messages m where m.device_id = d.id and m.revoke_bulk = :bulk
                   and m.revoke_due_at <= :now and (d.next_revoke_at is null or d.next_revoke_at <= :now)
                   order by m.revoke_due_at limit 1) as "revoke",
                  (select m.id from messages m where not :bulk and m.device_id = d.id and m.edit_due_at <= :now
                   order by m.edit_due_at limit 1) as "edit"
           from devices d where d.id = :device_id""",
        device_id=device_id,
        bulk=bulk,
        now=times.stored(now),
    )
    if found is None:
        return []
    wanted = ((deed, found[deed.name]) for deed in DEEDS if found[deed.name] is not None)
    messages = ((deed, stored.by_id(rows, message_id)) for deed, message_id in wanted)
    return [Due(deed, message, hindrance(rows, deed, message, now=now)) for deed, message in messages]


def tried(tx: Tx, deed: Deed, message: stored.Message, *, now: datetime) -> bool:
    """WhatsApp is asked next. If nothing comes of it, it is again after a rest; others of its kind wait a little.

    False: the box is held, so nobody is asked, or it is settled meanwhile.
    """
    if fence.of(tx) is not None:
        return False
    name = deed.name
    moved = tx.run(
        f"""update messages set {name}_tries = {name}_tries + 1, {name}_due_at = :then
            where id = :id and {name}_due_at is not null""",  # noqa: S608 - one of two constants
        id=message.id,
        then=times.stored(now + min(deed.first_rest * 2 ** _tries(deed, message), deed.most_rest)),
    )
    if moved and deed.gap:
        tx.run(
            "update devices set next_revoke_at = :then where id = :id",
            id=message.device_id,
            then=times.stored(now + deed.gap),
        )
    return moved == 1


def done(tx: Tx, deed: Deed, message: stored.Message, *, now: datetime) -> bool:
    """The page shows it, whatever befell the message here meanwhile. False if that was known.

    A text that another wish has overtaken is not what the message is to say any more.
    """
    moved = tx.run(_DONE[deed.name], id=message.id, now=times.stored(now), text=message.edit_text)
    if moved:
        _owe(tx, deed, message.id, now)
    return moved == 1


_DONE = {
    "edit": """update messages set text = edit_text, edited_at = :now, edit_due_at = null, edit_text = null,
        edit_error = null where id = :id and edit_due_at is not null and edit_text = :text""",
    "revoke": """update messages set revoked_at = :now, revoke_due_at = null, revoke_error = null
        where id = :id and revoke_asked_at is not null and revoked_at is null""",
}


def give_up(tx: Tx, deed: Deed, message: stored.Message, error: str, *, now: datetime) -> bool:
    """It is not done, as far as anybody saw, and not tried any more. False if it is settled already."""
    name, wish = deed.name, ", edit_text = null" if deed is EDIT else ""
    moved = tx.run(
        f"""update messages set {name}_due_at = null, {name}_error = :error{wish}
            where id = :id and {name}_due_at is not null""",  # noqa: S608 - one of two constants
        id=message.id,
        error=error,
    )
    if moved:
        _owe(tx, deed, message.id, now)
    return moved == 1


def give_up_hopeless(tx: Tx, deed: Deed, *, now: datetime, most: int = 100) -> int:
    """What its phone cannot do any more, though it has no turn, is given up: too old, or the phone is gone."""
    found = tx.all(
        f"""{stored.COLUMNS} where m.{deed.name}_due_at is not null
            and (m.sent_at <= :before or d.removed_at is not null) limit :most""",
        before=times.stored(now - deed.limit),
        most=most,
    )
    given_up = 0
    for message in map(stored.of_row, found):
        against = hindrance(tx, deed, message, now=now) or deed.too_late
        given_up += give_up(tx, deed, message, against, now=now)
    return given_up


def _owe(tx: Tx, deed: Deed, message_id: int, now: datetime) -> None:
    message = stored.by_id(tx, message_id)
    error, at = (
        (message.edit_error, message.edited_at) if deed is EDIT else (message.revoke_error, message.revoked_at)
    )
    event = f"message.{deed.past}"
    done_at = None if error is not None else times.wire_or_none(at)
    payload = message.told(event, error=error, **{f"{deed.past}_at": done_at})
    deliveries.owe(tx, user_id=message.user_id, event=event, payload=payload, now=now, message_id=message.id)
