"""A message's life: every move from one status to the next, each a guarded UPDATE in one transaction.

queued → sending → sent → delivered → read. Ends besides: failed and skipped (surely not sent), cancelled (by the
owner, never handed over), unknown (it may have gone; only a receipt or a person settles it). What is sent may yet
fail: WhatsApp takes a message and refuses it a moment later. A message in `sending` is its device's one
message in doubt until its end is recorded.
What webhooks report and what is counted changes in the same transaction as the status.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from wabox import times
from wabox.billing import ledger
from wabox.contacts import suppression
from wabox.content import refusals, reviews, rules
from wabox.content.rules import Verdict
from wabox.db import Rows, Tx
from wabox.devices import devices, limits
from wabox.errors import Invalid
from wabox.messages import chats, late_refusals, numbers, statuses, stored, tallies, warmth
from wabox.messages.template import Template
from wabox.webhooks import deliveries
from wabox.whatsapp.driver import BLOCKED, CAPPED, TIMELOCK, Handed

LIMITS = (TIMELOCK, CAPPED)  # why the page lets a cold message not in, or WhatsApp refuses it: no fault of it
CLOSED_REST = timedelta(hours=1)
SAME_PERSON = "same_person"  # the campaign went to them under another number
UNCLEAR, TRIED_AGAIN = (
    "refusal_unclear",
    "refused_before",
)  # held_reason of what WhatsApp refused without a word why
CLEAR_WITHIN = timedelta(minutes=5)
MOST_REFUSALS = 8  # of one message, an hour later each time: the last a good day after the first
RESTING, HANDED_AGAIN = 1, 2  # doubt_stage: the page has it without an ack, and has been given it once more

# -- in ----------------------------------------------------------------------------------------------


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
    ip: str | None = None,
) -> int:
    """A message is queued and its credit taken; returns its job id. The variant is chosen by that id.

    phone: the address, digits or a hidden id. To a person who asked not to be written to, or is not `consented`
    where that is asked for, it is skipped at once, without a credit; so is one that has expired already. Where
    texts are judged, it may wait for a person's eye first. A system message (wabox's own confirmation) costs
    nothing and goes all the same. Raises Invalid when the rendered text is empty or too long, or
    `content_refused`, and InsufficientCredits; then nothing is stored.
    """
    job_id = next_id(tx)
    text = template.render(values, seed=f"job:{job_id}")
    error = None if system else _never_goes(tx, device.user_id, phone, expires_at, now)
    if error is None and not consented:
        error = "no_consent"
    verdict = None if system or error is not None else rules.verdict(tx, text)
    if verdict is not None and verdict.action == "refuse":
        raise refusals.refusal(device.user_id, verdict, ip=ip, now=now)
    if error is None and not system:
        ledger.take(tx, device.user_id, job_id, now=now)
    tx.insert(
        """insert into messages (id, user_id, device_id, contact_id, phone, text, priority, is_system,
                                 scheduled_for, held_until, held_reason, expires_at, new_chat, queued_at)
           values (:id, :user_id, :device_id, :contact_id, :phone, :text, :priority, :system,
                   :scheduled_for, :scheduled_for, iif(:scheduled_for is null, null, 'scheduled'), :expires_at,
                   :new_chat, :now)""",
        id=job_id,
        user_id=device.user_id,
        device_id=device.id,
        contact_id=contact_id,
        phone=phone,
        text=text,
        priority=2 if system else 1,
        system=int(system),
        scheduled_for=times.stored_or_none(scheduled_for),
        expires_at=times.stored_or_none(expires_at),
        new_chat=int(chats.is_new(tx, device.user_id, device.phone, phone)),
        now=times.stored(now),
    )
    tallies.rows_added(tx, device.user_id, 1)
    if error is not None:
        skip(tx, stored.by_id(tx, job_id), error, now=now)
    if verdict is not None:
        into_review(tx, stored.by_id(tx, job_id), verdict, now=now)
    return job_id


def _never_goes(tx: Tx, user_id: int, phone: str, expires_at: datetime | None, now: datetime) -> str | None:
    if suppression.is_out(tx, user_id, phone):
        return "opted_out"
    return "expired" if expires_at is not None and expires_at <= now else None


def next_id(tx: Tx) -> int:
    """The id the next message gets. Never one that was used before, in this file or a restored one."""
    return int(tx.value("select seq from sqlite_sequence where name = 'messages'") or 0) + 1


# -- to WhatsApp -------------------------------------------------------------------------------------


def claim(tx: Tx, message_id: int, *, now: datetime) -> bool:
    """queued → sending. The caller has asked the gate in this very transaction."""
    moved = tx.run(
        "update messages set status = 'sending', claimed_at = :now where id = :id and status = 'queued'",
        id=message_id,
        now=times.stored(now),
    )
    return moved == 1


def arm(
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
           attempts = attempts + 1, doubt_stage = 0, rest_until = null
           where id = :id and status = 'sending'""",
        id=message.id,
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
    devices.rest(tx, message.device_id, now + rest)


def held_back(tx: Tx, message: stored.Message, handed: Handed, *, now: datetime) -> None:
    """sending → queued: WhatsApp lets this phone not write there just now. No attempt, gap or cap is spent.

    handed: held, or refused for a limit of the account. Under a limit the message waits as all cold ones do; to
    a person whom the owner has blocked it never goes; any other closed chat is tried again in an hour.
    """
    put_back(tx, message, now=now, tried=False, refused=handed.outcome == "refused")
    if handed.reason in LIMITS:
        warmth.said(tx, message.device_id, message.phone, warm=False)
        if handed.outcome == "refused" and handed.until is None:
            limits.cold_refused(tx, message.device_id, now=now, sure=True)
        else:
            limits.met(tx, message.device_id, handed.reason or "", handed.until, now=now)
    elif handed.reason == BLOCKED:
        skip(tx, stored.by_id(tx, message.id), BLOCKED, now=now)
    else:
        numbers.forget(tx, message.device_id, message.phone)
        hold(tx, message.id, until=handed.until or now + CLOSED_REST, reason="chat_closed")


def refused(tx: Tx, message: stored.Message, *, now: datetime) -> bool:
    """WhatsApp refused it without a word why. A limit in force explains it of a cold one, which waits.

    Where none is known and others who are new wait behind it, it waits for the verdict that theirs give: whether
    WhatsApp refused this person, or everybody new.
    """
    if message.status == "sending" and stored.by_id(tx, message.id).status != "sending":
        return False  # a receipt said so first
    cold = warmth.is_cold(tx, message.id)
    told = limits.in_force(devices.by_id(tx, message.device_id).limits, now) or limits.NOTHING
    if not cold or message.status != "sending":
        failed = fail(tx, message, "refused", now=now)
        if failed and cold:
            limits.cold_refused(tx, message.device_id, now=now)
        return failed
    put_back(tx, message, now=now, tried=not told.hold_cold, refused=True)
    if told.hold_cold:
        return True
    hold(tx, message.id, until=now + CLEAR_WITHIN, reason=UNCLEAR)
    if not limits.cold_refused(tx, message.device_id, now=now) and not _new_ones_wait(tx, message.device_id):
        refused_for_good(tx, message.device_id, now=now)
    return True


def refused_for_good(tx: Tx, device_id: int, *, now: datetime, since: datetime | None = None) -> int:
    """What WhatsApp refused it refused for its own sake: it has failed. since: only what waits until then."""
    return sum(fail(tx, one, "refused", now=now) for one in _unclear(tx, device_id, since))


def refused_with_others(tx: Tx, device_id: int, *, now: datetime, all_new: bool) -> int:
    """What WhatsApp refused it refused to everybody new: it waits as they do. How many.

    all_new: nobody said so, it was seen; then each is tried again later, behind those that were not tried, an hour
    later each time, and has failed in the end.
    """
    found = _unclear(tx, device_id)
    for one in found:
        if not all_new:
            tx.run("update messages set held_until = null, held_reason = null where id = :id", id=one.id)
        elif one.attempts >= MOST_REFUSALS:
            fail(tx, one, "refused", now=now)
        else:
            hold(tx, one.id, until=now + one.attempts * limits.REFUSED_REST, reason=TRIED_AGAIN)
    return len(found)


def _unclear(rows: Rows, device_id: int, since: datetime | None = None) -> list[stored.Message]:
    found = rows.all(
        f"""{stored.COLUMNS} where m.device_id = :device_id and m.status = 'queued' and m.held_reason = '{UNCLEAR}'
            and m.held_until <= :since""",
        device_id=device_id,
        since="9" if since is None else times.stored(since),
    )
    return [stored.of_row(row) for row in found]


def _new_ones_wait(rows: Rows, device_id: int) -> bool:
    """Whether somebody else who is new may be written to next, and so say what a refusal meant."""
    found = rows.value(
        """select 1 from messages where device_id = :device_id and status = 'queued' and in_review = 0
           and held_until is null and new_chat = 1 limit 1""",
        device_id=device_id,
    )
    return found is not None


def _overtaken(tx: Tx, message_id: int, now: datetime) -> None:
    """A cancel, the end of its campaign or an opt-out came while it was in hand, where they do not reach."""
    message = stored.by_id(tx, message_id)
    ended = message.campaign_id is not None and tx.value(
        "select status in ('completed', 'stopped', 'failed') from campaigns where id = :id", id=message.campaign_id
    )
    if message.cancel_asked and message.error == SAME_PERSON:
        skip(tx, message, SAME_PERSON, now=now)
    elif message.cancel_asked:
        cancel(tx, message, now=now)
    elif ended:
        cancel(tx, message, now=now, error="campaign_stopped")
    elif not message.system and suppression.is_out(tx, message.user_id, message.phone):
        skip(tx, message, "opted_out", now=now)


def number_unclear(tx: Tx, message: stored.Message, *, retry_at: datetime, now: datetime) -> None:
    """sending → queued: WhatsApp did not say whether the number exists; others pass until then."""
    put_back(tx, message, now=now)
    hold(tx, message.id, until=retry_at, reason="number_check")
    tx.run("update messages set number_tries = number_tries + 1 where id = :id", id=message.id)


def too_many_checks(tx: Tx, message: stored.Message, *, now: datetime) -> None:
    """sending → queued: WhatsApp wants fewer questions about numbers. Whoever needs none passes."""
    put_back(tx, message, now=now)
    until = limits.too_many_checks(tx, message.device_id, now=now)
    hold(tx, message.id, until=until, reason="too_many_checks")


def number_missing(tx: Tx, message: stored.Message, *, now: datetime) -> bool:
    """WhatsApp says the number is not there. Of somebody known that counts only if it says so a day later, too."""
    sure_at = numbers.gone_for_good_at(tx, message)
    if sure_at is None or sure_at <= now:
        return fail(tx, message, "not_on_whatsapp", now=now)
    put_back(tx, message, now=now)
    hold(tx, message.id, until=sure_at, reason="number_gone")
    return False


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


# -- out ---------------------------------------------------------------------------------------------


def receipt(
    tx: Tx, wa_message_id: str, ack: int, *, at: datetime, next_send_at: datetime, stored_only: bool = False
) -> bool:
    """What WhatsApp said of a message of ours: 1 server, 2 delivered, 3 and up read, below 0 refused.

    A later step implies the earlier ones, and each is recorded and owed. next_send_at: when the device
    may send again, used if this receipt is what makes the message `sent`. stored_only: it is read from the
    page's history; a refusal there may answer an attempt before the last, and ends only what was sent before.
    """
    row = tx.one(f"{stored.COLUMNS} where m.wa_message_id = :wa_id", wa_id=wa_message_id)
    if row is None:
        return False
    message = stored.of_row(row)
    if ack < 0 and (message.status == "sent" or stored_only):
        return _refused_after_all(tx, message, at)
    if ack < 0:
        return _refused(tx, message, at)
    moved = False
    if ack >= 1:
        moved = sent(tx, message, at=at, next_send_at=next_send_at)
    if ack >= 2:
        moved = _move(tx, message, ("sent",), "delivered", now=at) or moved
    if ack >= 3:
        moved = _move(tx, message, ("delivered",), "read", now=at) or moved
    return moved


def _refused(tx: Tx, message: stored.Message, at: datetime) -> bool:
    """What a refusal that comes as a receipt means for the message as it stands."""
    if message.status == "queued":  # put back: the refusal answers an attempt that counts no more
        return False
    if message.doubt_stage == HANDED_AGAIN:  # the second attempt's; the first may have gone
        return lose(tx, message, "no_answer", now=at)
    return refused(tx, message, now=at)


def _refused_after_all(tx: Tx, message: stored.Message, at: datetime) -> bool:
    """sent → failed: WhatsApp took it and then refused it. Of two attempts the other may have gone; then it stays.

    A refusal from before it was sent answers an attempt that counts no more. It opened no chat, and several in a
    row say that WhatsApp refuses everybody new, or everything.
    """
    if message.doubt_stage == HANDED_AGAIN or message.sent_at is None or at < message.sent_at:
        return False
    if not _move(tx, message, ("sent",), "failed", now=at, error=late_refusals.ERROR):
        return False
    chats.opened_none(tx, message)
    if late_refusals.of_new(tx, message.device_id, now=at) >= limits.MOST_REFUSALS:
        limits.cold_refused(tx, message.device_id, now=at, sure=True)
    if message.campaign_id is not None:
        in_a_row = late_refusals.of_campaign(tx, message.device_id, message.campaign_id, now=at)
        tallies.failed_in_a_row(tx, message.campaign_id, in_a_row)
    return True


def sent(tx: Tx, message: stored.Message, *, at: datetime, next_send_at: datetime) -> bool:
    """sending, unknown or put back → sent: WhatsApp's server has it. False if that was known already.

    The gap begins. Only the message that the device had in hand becomes its anchor: an older one proves nothing
    of those after it.
    """
    message = stored.by_id(tx, message.id)
    cold = warmth.is_cold(tx, message.id)
    if not _went(tx, message, at):
        return False
    if cold and message.status == "sending":  # a late receipt says nothing of what was refused since
        limits.cold_went(tx, message.device_id)
        refused_for_good(tx, message.device_id, now=at)
    if message.link_epoch not in (None, devices.by_id(tx, message.device_id).link_epoch):
        return True
    devices.rest(tx, message.device_id, next_send_at)
    if message.status == "sending" and message.wa_chat_id and message.wa_message_id:
        devices.anchored(tx, message.device_id, (message.wa_chat_id, message.wa_message_id))
    return True


def _went(tx: Tx, message: stored.Message, at: datetime) -> bool:
    """It is sent, and the chat of the number it went from is known.

    Nothing is said of the device: who says so may not have seen the page.
    """
    if not _move(tx, message, ("queued", "sending", "unknown"), "sent", now=at):
        return False
    account = message.account if message.account is not None else devices.by_id(tx, message.device_id).phone
    chats.wrote(tx, message.user_id, account, message.phone, inbound=False, at=at)
    return True


def fail(tx: Tx, message: stored.Message, error: str, *, now: datetime, text: str | None = None) -> bool:
    """queued, sending or unknown → failed: it surely did not go."""
    return _move(tx, message, ("queued", "sending", "unknown"), "failed", now=now, error=error, text=text)


def skip(tx: Tx, message: stored.Message, error: str, *, now: datetime, text: str | None = None) -> bool:
    """queued → skipped: it must not go."""
    return _move(tx, message, ("queued",), "skipped", now=now, error=error, text=text)


def lose(tx: Tx, message: stored.Message, error: str, *, now: datetime) -> bool:
    """sending → unknown: it may have gone, and nobody can look it up any more."""
    return _move(tx, message, ("sending",), "unknown", now=now, error=error)


def cancel(tx: Tx, message: stored.Message, *, now: datetime, error: str | None = None) -> bool:
    """queued → cancelled. False if it was claimed before."""
    return _move(tx, message, ("queued",), "cancelled", now=now, error=error)


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


def on_its_way(rows: Rows, user_id: int, *, campaign_id: int | None = None, phone: str | None = None) -> int:
    """How many messages of this campaign, or to this phone, are being handed over or in doubt."""
    found = rows.value(
        """select count(*) from devices d join messages m on m.device_id = d.id and m.status = 'sending'
           where d.user_id = :user_id and (:campaign_id is null or m.campaign_id = :campaign_id)
           and (:phone is null or m.phone = :phone)""",
        user_id=user_id,
        campaign_id=campaign_id,
        phone=phone,
    )
    return int(found)


def settle(
    tx: Tx, user_id: int, message_id: int, verdict: Literal["sent", "not_sent"], *, now: datetime
) -> stored.Message:
    """A person has looked on the phone: unknown → sent or failed. Asking the same again is fine."""
    message = stored.of_user(tx, user_id, message_id)
    if message.status == "unknown":
        if verdict == "sent":
            _went(tx, message, now)
        else:
            fail(tx, message, "settled_not_sent", now=now)
        return stored.by_id(tx, message_id)
    settled = message.status in statuses.REACHED if verdict == "sent" else message.error == "settled_not_sent"
    if not settled:
        raise Invalid("wrong_state", f"Only an unknown message can be settled; this one is {message.status}.")
    return message


def expired(rows: Rows, *, now: datetime, most: int = 500) -> list[int]:
    """Ids of queued messages whose time has passed, some of them."""
    found = rows.all(
        """select id from messages where status = 'queued' and expires_at is not null and expires_at <= :now
           limit :most""",
        now=times.stored(now),
        most=most,
    )
    return [row["id"] for row in found]


def expire(tx: Tx, *, now: datetime, only: int | None = None) -> int:
    """Queued messages whose time has passed are skipped, whatever their device does: some, or only this one."""
    due = tx.all(
        f"""{stored.COLUMNS} where m.id in (select value from json_each(:ids))
            and m.status = 'queued' and m.expires_at <= :now""",  # noqa: S608 - this house's constants
        ids=json.dumps(expired(tx, now=now) if only is None else [only]),
        now=times.stored(now),
    )
    return sum(skip(tx, stored.of_row(row), "expired", now=now) for row in due)


def _move(
    tx: Tx,
    message: stored.Message,
    origin: tuple[statuses.Status, ...],
    to: statuses.Status,
    *,
    now: datetime,
    error: str | None = None,
    text: str | None = None,
) -> bool:
    """The one place where a message reaches a new status for good: row, count and webhook together.

    What it was is asked of the row: a receipt or a deleted phone may have moved it since `message` was read. What
    WhatsApp took, and refused later, it has counted: it stays in the caps.
    """
    was = tx.value("select status from messages where id = :id", id=message.id)
    stamp = f"{to}_at" if to in statuses.REACHED else "finished_at"
    moved = tx.run(
        f"""update messages set status = :to, {stamp} = :now, error = :error, error_text = :text,
            rest_until = null,
            spent_at = case when :error is '{late_refusals.ERROR}' then spent_at
                            when :to in ('failed', 'skipped', 'cancelled') then null
                            when :to = 'sent' then coalesce(spent_at, :now) else spent_at end
            where id = :id and status in ({", ".join(f"'{one}'" for one in origin)})""",  # noqa: S608
        id=message.id,
        to=to,
        now=times.stored(now),
        error=error,
        text=text or statuses.sentence(error),
    )
    if not moved:
        return False
    tallies.came_to(tx, message.user_id, to, 1, now=now)
    if was == "sent" and to == "failed" and message.sent_at is not None:
        tallies.came_to(tx, message.user_id, "sent", -1, now=message.sent_at)
    if to in ("failed", "skipped", "cancelled"):
        ledger.give_back(tx, message.user_id, message.id, now=now)
    if message.campaign_id is not None:
        tallies.campaign_moved(tx, message.campaign_id, was=was, to=to, error=error)
    owe(tx, message.id, now)
    return True


def cancel_many(tx: Tx, user_id: int, message_ids: Sequence[int], error: str, *, now: datetime) -> None:
    """As `cancel` for many queued messages of one user, except for credits and webhooks."""
    tx.run(
        """update messages set status = 'cancelled', error = :error, error_text = :text, finished_at = :now,
           spent_at = null where id in (select value from json_each(:ids)) and status = 'queued'""",
        ids=json.dumps(list(message_ids)),
        error=error,
        text=statuses.sentence(error),
        now=times.stored(now),
    )
    tallies.came_to(tx, user_id, "cancelled", len(message_ids), now=now)


def owe(tx: Tx, message_id: int, now: datetime) -> None:
    """The webhook hears of the status the message has now."""
    message = stored.by_id(tx, message_id)
    if message.system:
        return
    event = f"delivery.{message.status}"
    payload: dict[str, object] = {
        "event": event,
        "job_id": message.id,
        "campaign_id": message.campaign_id,
        "phone": message.number,
        "status": message.status,
        "error": message.error,
        "sent_at": times.wire_or_none(message.sent_at),
    }
    if message.number is None:
        payload["person_id"] = message.person_id
    deliveries.owe(tx, user_id=message.user_id, event=event, payload=payload, now=now, message_id=message.id)
