"""A message's life: how it comes in, and every move from one status to the next, each a guarded UPDATE.

queued → sending → sent → delivered → read. Ends besides: failed and skipped (surely not sent), cancelled (by the
owner, never handed over), unknown (it may have gone; only a receipt or a person settles it). What is sent may yet
fail: WhatsApp takes a message and refuses it a moment later. A message in `sending` is its device's one
message in doubt until its end is recorded.
What webhooks report and what is counted changes in the same transaction as the status.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from wabox import times
from wabox.billing import ledger
from wabox.contacts import stored as contacts
from wabox.contacts import suppression
from wabox.content import judging, refusals, reviews
from wabox.content.judging import Verdict
from wabox.db import Tx
from wabox.devices import sentences
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.media import stored as media
from wabox.messages import carrying, chats, counting, reasons, stored
from wabox.messages.carrying import Carried
from wabox.messages.stored import Enclosed
from wabox.messages.template import NOTHING, Template
from wabox.webhooks import deliveries

REFUSED_LATER = "refused_later"  # WhatsApp took it before
SAME_PERSON = "same_person"  # the campaign went to them under another number


def send(
    tx: Tx,
    user_id: int,
    *,
    phone: str,
    template: Template | None,
    now: datetime,
    device_label: str = devices.PRIMARY,
    queue_if_offline: bool = False,
    scheduled_for: datetime | None = None,
    expires_at: datetime | None = None,
    require_consent: bool,
    variables: Mapping[str, str] | None = None,
    carried: Carried | None = None,
    instead: Enclosed | None = None,
    priority: stored.Priority = "normal",
    source: counting.Source = "other",
    ip: str | None = None,
) -> int:
    """The message is in the log: queued, or skipped at once for somebody who must not be written to. Its job id.

    phone: the address, digits or the hidden id of somebody who wrote first. Name, custom and the user's own
    fields come from the contact with that phone, unless `variables` say otherwise. queue_if_offline: also for a
    device that is not linked. Raises, in this order, NotFound for the device, InsufficientCredits,
    Unavailable `device_not_ready`; Invalid for a text that renders empty or too long, or `content_refused`.
    carried: the file that goes with it; without one there is a template. instead: a place or card, alone.
    priority: its place among single messages of the phone; no gate is passed by it.
    require_consent: `[guards]`. source: who wrote it, for the reports. ip: of the sender, for the record of a
    refusal.
    """
    device = devices.by_label(tx, user_id, device_label)
    consented = not require_consent or contacts.has_consented(tx, user_id, phone)
    opted_out = suppression.is_out(tx, user_id, phone)
    if consented and not opted_out:
        ledger.require(tx, user_id, 1)
    if not queue_if_offline and not device.may_ever_send:
        raise sentences.cannot_send(device)
    text = NOTHING if instead is not None or template is None else template
    if carried is not None:
        text = carrying.with_text(carried, template)
    contact_id, values = contacts.values_for(tx, user_id, phone, text.own, text.text)
    return accept(
        tx,
        device,
        phone=phone,
        template=text,
        values={**values, **(variables or {})},
        contact_id=contact_id,
        now=now,
        scheduled_for=scheduled_for,
        expires_at=expires_at,
        consented=consented,
        opted_out=opted_out,
        carried=carried,
        instead=instead,
        priority=priority,
        source=source,
        ip=ip,
    )


def accept(
    tx: Tx,
    device: devices.Device,
    *,
    phone: str,
    template: Template,
    values: Mapping[str, str],
    now: datetime,
    scheduled_for: datetime | None = None,
    expires_at: datetime | None = None,
    contact_id: int | None = None,
    system: bool = False,
    consented: bool = True,
    opted_out: bool | None = None,
    carried: Carried | None = None,
    instead: Enclosed | None = None,
    priority: stored.Priority = "normal",
    source: counting.Source = "other",
    ip: str | None = None,
) -> int:
    """A message is queued and its credit taken; returns its job id. The variant is chosen by that id.

    phone: the address, digits or a hidden id. To a person who asked not to be written to, or is not `consented`
    where that is asked for, it is skipped at once, without a credit; so is one that has expired already. Where
    texts are judged, it may wait for a person's eye first. A system message (wabox's own confirmation) costs
    nothing and goes all the same. opted_out: None if that was not asked yet in this transaction. carried: the
    file that goes with it; then the text is its caption. instead: a place or card, in place of a text: `template`
    renders to nothing. Raises Invalid when the rendered text is empty or too long, or `content_refused`, and
    InsufficientCredits; then nothing is stored.
    """
    job_id = next_id(tx)
    text = template.render(values, seed=f"job:{job_id}")
    if opted_out is None and not system:
        opted_out = suppression.is_out(tx, device.user_id, phone)
    error = None if system else _never_goes(expires_at, now, opted_out=bool(opted_out))
    if error is None and not consented:
        error = "no_consent"
    media_id = None if carried is None else carried.media.id
    media_name = None if carried is None else carried.media.own_name
    judged = not system and error is None and judging.in_force(tx)
    verdict = (
        judging.verdict(tx, media.words(tx, stored.words_of(text, instead), media_id, media_name))
        if judged
        else None
    )
    if verdict is not None and verdict.action == "refuse":
        raise refusals.refusal(device.user_id, verdict, ip=ip, now=now)
    if error is None and not system:
        ledger.take(tx, device.user_id, job_id, now=now)
    tx.insert(
        """insert into messages (id, user_id, device_id, contact_id, phone, text, priority, is_system,
                                 scheduled_for, held_until, held_reason, expires_at, new_chat, queued_at,
                                 media_id, media_kind, media_name, enclosed, source, room)
           values (:id, :user_id, :device_id, :contact_id, :phone, :text, :priority, :system,
                   :scheduled_for, :scheduled_for, iif(:scheduled_for is null, null, 'scheduled'), :expires_at,
                   :new_chat, :now, :media_id, :media_kind, :media_name, :enclosed, nullif(:source, 'other'),
                   zeroblob(:room))""",
        id=job_id,
        user_id=device.user_id,
        device_id=device.id,
        contact_id=contact_id,
        phone=phone,
        text=text,
        priority=stored.SYSTEM if system else stored.PRIORITIES[priority],
        system=int(system),
        scheduled_for=times.stored_or_none(scheduled_for),
        expires_at=times.stored_or_none(expires_at),
        new_chat=int(chats.is_new(tx, device.user_id, device.phone, phone)),
        now=times.stored(now),
        media_id=media_id,
        media_name=media_name,
        media_kind=None if carried is None else carried.kind,
        enclosed=stored.kept_enclosed(instead),
        source=source,
        room=stored.ROOM,
    )
    stored.rows_added(tx, device.user_id, 1)
    if error is not None:
        skip(tx, stored.by_id(tx, job_id), error, now=now)
    if verdict is not None:
        into_review(tx, stored.by_id(tx, job_id), verdict, now=now)
    return job_id


def _never_goes(expires_at: datetime | None, now: datetime, *, opted_out: bool) -> str | None:
    if opted_out:
        return "opted_out"
    return "expired" if expires_at is not None and expires_at <= now else None


def next_id(tx: Tx) -> int:
    """The id the next message gets. Never one that was used before, in this file or a restored one."""
    return int(tx.value("select seq from sqlite_sequence where name = 'messages'") or 0) + 1


def hold(tx: Tx, message_id: int, *, until: datetime, reason: str) -> None:
    """Only this message waits until then, beside the line: those behind it pass."""
    tx.run(
        """update messages set held_until = :until, held_reason = :reason
           where id = :id and status = 'queued'""",
        id=message_id,
        until=times.stored(until),
        reason=reason,
    )


def into_review(tx: Tx, message: stored.Message, verdict: Verdict, *, now: datetime) -> bool:
    """A queued message waits until a person has read it; those behind it pass."""
    moved = tx.run(
        "update messages set in_review = 1 where id = :id and status = 'queued' and in_review = 0", id=message.id
    )
    if moved:
        reviews.ask(tx, message.user_id, verdict, message_id=message.id, campaign_id=message.campaign_id, now=now)
    return moved == 1


def went(tx: Tx, message: stored.Message, at: datetime) -> bool:
    """It is sent, and the chat of the number it went from is known.

    Nothing is said of the device: who says so may not have seen the page.
    """
    if not move(tx, message, ("queued", "sending", "unknown"), "sent", now=at):
        return False
    account = message.account if message.account is not None else devices.by_id(tx, message.device_id).phone
    chats.wrote(tx, message.user_id, account, message.phone, inbound=False, at=at)
    return True


def fail(tx: Tx, message: stored.Message, error: str, *, now: datetime, text: str | None = None) -> bool:
    """queued, sending or unknown → failed: it surely did not go."""
    return move(tx, message, ("queued", "sending", "unknown"), "failed", now=now, error=error, text=text)


def skip(tx: Tx, message: stored.Message, error: str, *, now: datetime, text: str | None = None) -> bool:
    """queued → skipped: it must not go."""
    return move(tx, message, ("queued",), "skipped", now=now, error=error, text=text)


def lose(tx: Tx, message: stored.Message, error: str, *, now: datetime) -> bool:
    """sending → unknown: it may have gone, and nobody can look it up any more."""
    return move(tx, message, ("sending",), "unknown", now=now, error=error)


def cancel(tx: Tx, message: stored.Message, *, now: datetime, error: str | None = None) -> bool:
    """queued → cancelled. False if it was claimed before."""
    return move(tx, message, ("queued",), "cancelled", now=now, error=error)


def cancel_for(tx: Tx, user_id: int, message_id: int, *, now: datetime) -> stored.Message:
    """The owner takes a message back. Asking again is fine. Raises Invalid `wrong_state`, NotFound.

    One that is on its way stays so until it is known whether it went; it is not handed over once more.
    """
    message = stored.of_user(tx, user_id, message_id)
    if message.status == "sending":
        tx.run("update messages set cancel_asked = 1 where id = :id and status = 'sending'", id=message_id)
    elif message.status != "cancelled" and not cancel(tx, message, now=now):
        raise Invalid(
            "wrong_state", f"Only a queued message can be cancelled; this one is {message.status} already."
        )
    return stored.by_id(tx, message_id)


def settle(
    tx: Tx, user_id: int, message_id: int, verdict: Literal["sent", "not_sent"], *, now: datetime
) -> stored.Message:
    """A person has looked on the phone: unknown → sent or failed. Asking the same again is fine."""
    message = stored.of_user(tx, user_id, message_id)
    if message.status == "unknown":
        if verdict == "sent":
            went(tx, message, now)
        else:
            fail(tx, message, "settled_not_sent", now=now)
        return stored.by_id(tx, message_id)
    settled = message.status in stored.REACHED if verdict == "sent" else message.error == "settled_not_sent"
    if not settled:
        raise Invalid("wrong_state", f"Only an unknown message can be settled; this one is {message.status}.")
    return message


def move(
    tx: Tx,
    message: stored.Message,
    origin: tuple[stored.Status, ...],
    to: stored.Status,
    *,
    now: datetime,
    error: str | None = None,
    text: str | None = None,
) -> bool:
    """The one place where a message reaches a new status for good: row, count and webhook together.

    What it was is asked of the row: a receipt or a deleted phone may have moved it since `message` was read. What
    WhatsApp took, and refused later, it has counted: it stays in the caps.
    """
    before = counting.seen(tx, [message.id])
    was, spent_at = (before[0]["status"], before[0]["spent_at"]) if before else (message.status, None)
    stamp = f"{to}_at" if to in stored.REACHED else "finished_at"
    moved = tx.run(
        f"""update messages set status = :to, {stamp} = :now, error = :error, error_text = :text,
            rest_until = null, room = substr(room, 1, nullif(:room, 0)) {_spent(to, error, spent_at)}
            where id = :id and status in ({", ".join(f"'{one}'" for one in origin)})""",  # noqa: S608
        id=message.id,
        to=to,
        now=times.stored(now),
        error=error,
        text=text if error is None else text or reasons.of_end(error),
        room=stored.ROOM_AFTER.get(to, 0),
    )
    if not moved:
        return False
    stored.came_to(tx, message.user_id, to, 1, now=now)
    if was == "sent" and to == "failed" and message.sent_at is not None:
        stored.came_to(tx, message.user_id, "sent", -1, now=message.sent_at)
    counting.moved(tx, before)
    if to in ("failed", "skipped", "cancelled"):
        ledger.give_back(tx, message.user_id, message.id, now=now)
    if message.campaign_id is not None:
        stored.campaign_moved(tx, message.campaign_id, was=was, to=to, error=error)
    owe(tx, message.id, now)
    return True


def _spent(to: stored.Status, error: str | None, spent_at: str | None) -> str:
    """What a move says of spent_at: nothing where it stays, for naming a column writes its indexes anew."""
    if to == "sent" and spent_at is None:
        return ", spent_at = :now"
    ends = to in ("failed", "skipped", "cancelled") and error != REFUSED_LATER
    return ", spent_at = null" if ends and spent_at is not None else ""


def cancel_many(tx: Tx, user_id: int, message_ids: Sequence[int], error: str, *, now: datetime) -> None:
    """As `cancel` for many queued messages of one user, except for credits and webhooks."""
    before = counting.seen(tx, message_ids)
    tx.run(
        """update messages set status = 'cancelled', error = :error, error_text = :text, finished_at = :now,
           spent_at = null, room = null where id in (select value from json_each(:ids)) and status = 'queued'""",
        ids=json.dumps(list(message_ids)),
        error=error,
        text=reasons.of_end(error),
        now=times.stored(now),
    )
    stored.came_to(tx, user_id, "cancelled", len(message_ids), now=now)
    counting.moved(tx, before)


def owe(tx: Tx, message_id: int, now: datetime) -> None:
    """The webhook hears of the status the message has now."""
    message = stored.by_id(tx, message_id)
    if message.system:
        return
    event = f"delivery.{message.status}"
    payload = message.told(
        event, status=message.status, error=message.error, sent_at=times.wire_or_none(message.sent_at)
    )
    payload |= stored.told_enclosed(message.enclosed)
    deliveries.owe(tx, user_id=message.user_id, event=event, payload=payload, now=now, message_id=message.id)
