"""A message in its device's hand: claimed, armed, handed over, once more after a crash, or put back.

Every hand-over asks the gate in its own transaction: the first, which arms the message, and each one after.
What may not go now is not handed over. If it surely never entered WhatsApp's page it is put back, and the
ordinary line ends it or lets it wait; if the page has it without the server's ack, nobody can know.
A message whose file does not get up to WhatsApp surely did not go: it waits beside the line, so that a file that
always fails holds up nobody, and has failed after three attempts.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Literal

from wabox import times
from wabox.config import Config
from wabox.contacts import identities, suppression
from wabox.content import judging
from wabox.db import Rows, Tx
from wabox.devices import limits
from wabox.devices import stored as devices
from wabox.messages import chats, gate, outbox, stored
from wabox.messages.line import MESSAGE, of_device
from wabox.whatsapp.driver import UPLOAD_ERROR, UPLOAD_STUCK, Resolved

Verdict = Literal["go", "back", "rest", "settled"]

SHORT_WAIT = timedelta(minutes=5)  # what the page has is left alone so long, and judged again
RESTING, HANDED_AGAIN = 1, 2  # doubt_stage: the page has it without an ack, and has been given it once more
MOST_UPLOADS = 3
UPLOAD_REST = timedelta(minutes=1)  # after the first attempt; longer after each further one


def claim(tx: Tx, message_id: int, *, now: datetime) -> bool:
    """queued → sending. The caller has asked the gate in this very transaction."""
    moved = tx.run(
        """update messages set status = 'sending', claimed_at = :now, room = substr(room, 1, :room)
           where id = :id and status = 'queued'""",
        id=message_id,
        room=stored.ROOM_AFTER["claimed"],
        now=times.stored(now),
    )
    return moved == 1


def armed(
    tx: Tx,
    message: stored.Message,
    *,
    chat_id: str,
    other_chat_ids: tuple[str, ...],
    machine_boot: str,
    now: datetime,
) -> stored.Message:
    """The message has its WhatsApp id and chat, stored before anything is handed over.

    The id is chosen once and kept through every attempt. From here on the message counts in the caps.
    """
    device = devices.by_id(tx, message.device_id)
    tx.run(
        """update messages set wa_message_id = coalesce(wa_message_id, :wa_id), wa_chat_id = :chat_id,
           wa_chat_ids = :others, machine_boot = :boot, spent_at = :now, handed_at = :now,
           link_epoch = :epoch, account = :account, new_chat = :new_chat,
           attempts = attempts + 1, doubt_stage = 0, rest_until = null,
           room = substr(room, 1, :room) where id = :id and status = 'sending'""",
        id=message.id,
        room=stored.ROOM_AFTER["armed"],
        wa_id="3EB0" + secrets.token_hex(9).upper(),
        chat_id=chat_id,
        others=json.dumps(other_chat_ids),
        boot=machine_boot,
        epoch=device.link_epoch,
        account=device.phone or "",
        new_chat=int(chats.is_new(tx, device.user_id, device.phone, stored.by_id(tx, message.id).phone)),
        now=times.stored(now),
    )
    return stored.by_id(tx, message.id)


def arm(
    tx: Tx, message: stored.Message, where: Resolved, *, machine_boot: str, config: Config, now: datetime
) -> stored.Message | None:
    """The message has its WhatsApp id and chat and may be handed over. None: it is in the line again, or ended.

    where: the chat, a yes. Resolving it may have taken a while, in which what was true at the claim has changed.
    """
    assert where.chat_id is not None
    there = stored.by_id(tx, message.id)
    if there.status != "sending":  # a receipt of an earlier attempt, or a deleted phone
        return None
    owner = identities.holder(tx, there.user_id, where.chat_id)
    if owner is not None and owner.address != there.phone:  # the chat has another number since it was resolved
        chats.forget(tx, there.device_id, there.phone)
        put_back(tx, message, now=now)
        return None
    if not isinstance(decide(tx, message, config=config, now=now), gate.Go):
        put_back(tx, message, now=now)
        return None
    return armed(
        tx,
        message,
        chat_id=where.chat_id,
        other_chat_ids=where.other_chat_ids,
        machine_boot=machine_boot,
        now=now,
    )


def once_more(
    tx: Tx,
    message: stored.Message,
    *,
    stage: int,
    rest_until: datetime | None,
    in_page: bool,
    config: Config,
    now: datetime,
) -> Verdict:
    """Whether the message may be handed over again under its id: `go`, and then the attempt is counted.

    in_page: WhatsApp's page has it, without the server's ack; else it surely never entered. `back`: it is in the
    line again, or at its end. `rest`: what closes the gate is over within minutes, and then it is judged again.
    `settled`: a receipt, a deleted phone or this verdict has ended it.
    """
    if stored.by_id(tx, message.id).status != "sending":
        return "settled"
    decision = decide(tx, message, config=config, now=now)
    if isinstance(decision, gate.Go):
        try_again(tx, message, stage=stage, rest_until=rest_until, now=now)
        return "go"
    if not in_page:
        put_back(tx, message, now=now)
        return "back"
    if isinstance(decision, gate.Wait) and decision.until is not None and decision.until - now <= SHORT_WAIT:
        rest(tx, message, stage=message.doubt_stage, until=decision.until)
        return "rest"
    outbox.lose(tx, message, "withheld", now=now)
    return "settled"


def decide(rows: Rows, message: stored.Message, *, config: Config, now: datetime) -> gate.Decision:
    """What the gate says of a message that is in hand, just as if it stood at the head of its line.

    Every hand-over asks this in its own transaction. An earlier attempt of the message counts in no cap.
    """
    device = devices.by_id(rows, message.device_id)
    line = of_device(rows, device, config=config, now=now, without=message.id)
    row = rows.one(f"{MESSAGE} where m.id = :id", id=message.id)
    assert row is not None
    decision = gate.decide(now, line.facts_for(rows, row))
    if isinstance(decision, gate.Go) and judging.judged(rows, message) is not None:
        return gate.Wait(None, "content_review")
    return decision


def try_again(tx: Tx, message: stored.Message, *, stage: int, rest_until: datetime | None, now: datetime) -> bool:
    """Another attempt under the same id; it counts in the caps of this moment. False: it is settled meanwhile.

    The caller has asked the gate in this very transaction.
    """
    moved = tx.run(
        """update messages set attempts = attempts + 1, doubt_stage = :stage, rest_until = :rest_until,
           spent_at = :now where id = :id and status = 'sending'""",
        id=message.id,
        stage=stage,
        rest_until=times.stored_or_none(rest_until),
        now=times.stored(now),
    )
    return moved == 1


def rest(tx: Tx, message: stored.Message, *, stage: int, until: datetime) -> None:
    """WhatsApp's page has the message, but no ack: it is left alone until then."""
    tx.run(
        "update messages set doubt_stage = :stage, rest_until = :until where id = :id and status = 'sending'",
        id=message.id,
        stage=stage,
        until=times.stored(until),
    )


def doubted(tx: Tx, message: stored.Message) -> None:
    """A hand-over ended without an answer; it is looked up next."""
    tx.run("update messages set recoveries = recoveries + 1 where id = :id and status = 'sending'", id=message.id)


def put_back(tx: Tx, message: stored.Message, *, now: datetime, tried: bool = True, refused: bool = False) -> None:
    """sending → queued: it surely did not go. What was asked for meanwhile takes hold of it at once.

    tried=False: the attempt failed for nobody's fault and is not counted. refused: WhatsApp's server said no; the
    next attempt has an id of its own, so that nothing in the page's history can speak for the wrong one.
    """
    moved = tx.run(
        """update messages set status = 'queued', spent_at = null, doubt_stage = 0, rest_until = null,
           link_epoch = null, attempts = max(attempts - :untried, 0), recoveries = iif(:refused, 0, recoveries),
           wa_message_id = iif(:refused, null, wa_message_id) where id = :id and status = 'sending'""",
        id=message.id,
        untried=int(not tried),
        refused=int(refused),
    )
    if moved:
        _overtaken(tx, message.id, now)


def wait_out(tx: Tx, message: stored.Message, rest: timedelta, *, now: datetime) -> None:
    """It surely did not go, and for nobody's fault: it is put back, and the device rests a while.

    The page tells by itself of a lost network; until that is written down the gate is open.
    """
    put_back(tx, message, now=now, tried=False)
    limits.rest(tx, message.device_id, now + rest)


def file_refused(tx: Tx, message: stored.Message, reason: str, *, now: datetime) -> None:
    """sending → queued for a while, or failed: the file was not taken. reason: one of OF_FILES.

    What may be taken the next time is tried again: under the same id if the upload came to no end, under another
    if WhatsApp refused the bytes, for then the page has this one as failed.
    """
    if reason not in (UPLOAD_ERROR, UPLOAD_STUCK) or message.attempts >= MOST_UPLOADS:
        outbox.fail(tx, message, reason, now=now)
        return
    put_back(tx, message, now=now, refused=reason == UPLOAD_ERROR)
    outbox.hold(tx, message.id, until=now + message.attempts * UPLOAD_REST, reason=reason)


def _overtaken(tx: Tx, message_id: int, now: datetime) -> None:
    """A cancel, the end of its campaign or an opt-out came while it was in hand, where they do not reach."""
    message = stored.by_id(tx, message_id)
    ended = message.campaign_id is not None and tx.value(
        "select status in ('completed', 'stopped', 'failed') from campaigns where id = :id", id=message.campaign_id
    )
    if message.cancel_asked and message.error == outbox.SAME_PERSON:
        outbox.skip(tx, message, outbox.SAME_PERSON, now=now)
    elif message.cancel_asked:
        outbox.cancel(tx, message, now=now)
    elif ended:
        outbox.cancel(tx, message, now=now, error="campaign_stopped")
    elif not message.system and suppression.is_out(tx, message.user_id, message.phone):
        outbox.skip(tx, message, "opted_out", now=now)
