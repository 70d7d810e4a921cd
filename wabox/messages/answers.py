"""What WhatsApp answers to a hand-over means: a receipt, a refusal, a closed chat, a number that is not there.

A refusal without a word why is the person's or everybody's who is new; which of them the next ones show. What it
took and refused a moment later was `sent` in between, so nothing that counts from one answer to the next sees it:
one such is the message's, several in a row are the account's.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox import times
from wabox.db import Rows, Tx
from wabox.devices import limits
from wabox.devices import stored as devices
from wabox.messages import chats, handing, outbox, stored
from wabox.whatsapp.driver import BLOCKED, CAPPED, TIMELOCK, Handed

LIMITS = (TIMELOCK, CAPPED)  # why the page lets a cold message not in, or WhatsApp refuses it: no fault of it
CLOSED_REST = timedelta(hours=1)

# held_reason of what WhatsApp refused without a word why
UNCLEAR, TRIED_AGAIN = "refusal_unclear", "refused_before"
CLEAR_WITHIN = timedelta(minutes=5)
MOST_REFUSALS = 8  # of one message, an hour later each time: the last a good day after the first

# Of what was refused after it was taken: so many are looked at, of a day, each with its verdict after a minute.
LOOKED_AT = 10
_VERDICT_AFTER = timedelta(minutes=1)
_OF_A_DAY = timedelta(days=1)

# Of what never arrives: so many of the last, of three days, taken half an hour ago.
ENOUGH = 15  # of fewer it is chance: phones are off at night
ARRIVES_WITHIN = timedelta(minutes=30)
RECENT = timedelta(days=3)


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
        moved = outbox.move(tx, message, ("sent",), "delivered", now=at) or moved
    if ack >= 3:
        moved = outbox.move(tx, message, ("delivered",), "read", now=at) or moved
    return moved


def sent(tx: Tx, message: stored.Message, *, at: datetime, next_send_at: datetime) -> bool:
    """sending, unknown or put back → sent: WhatsApp's server has it. False if that was known already.

    The gap begins. Only the message that the device had in hand becomes its anchor: an older one proves nothing
    of those after it.
    """
    message = stored.by_id(tx, message.id)
    cold = chats.is_cold(tx, message.id)
    if not outbox.went(tx, message, at):
        return False
    if cold and message.status == "sending":  # a late receipt says nothing of what was refused since
        limits.cold_went(tx, message.device_id)
        refused_for_good(tx, message.device_id, now=at)
    if message.link_epoch not in (None, devices.by_id(tx, message.device_id).link_epoch):
        return True
    ids = message.wa_chat_id, message.wa_message_id
    anchor = (ids[0], ids[1]) if message.status == "sending" and ids[0] and ids[1] else None
    limits.went(tx, message.device_id, rest_until=next_send_at, anchor=anchor)
    return True


def _refused(tx: Tx, message: stored.Message, at: datetime) -> bool:
    """What a refusal that comes as a receipt means for the message as it stands."""
    if message.status == "queued":  # put back: the refusal answers an attempt that counts no more
        return False
    if message.doubt_stage == handing.HANDED_AGAIN:  # the second attempt's; the first may have gone
        return outbox.lose(tx, message, "no_answer", now=at)
    return refused(tx, message, now=at)


def _refused_after_all(tx: Tx, message: stored.Message, at: datetime) -> bool:
    """sent → failed: WhatsApp took it and then refused it. Of two attempts the other may have gone; then it stays.

    A refusal from before it was sent answers an attempt that counts no more. It opened no chat, and several in a
    row say that WhatsApp refuses everybody new, or everything.
    """
    if message.doubt_stage == handing.HANDED_AGAIN or message.sent_at is None or at < message.sent_at:
        return False
    if not outbox.move(tx, message, ("sent",), "failed", now=at, error=outbox.REFUSED_LATER):
        return False
    chats.opened_none(tx, message)
    if _late_of_new(tx, message, now=at) >= limits.MOST_REFUSALS:
        limits.number_refused(tx, message.device_id, message.account, now=at)
    if message.campaign_id is not None:
        in_a_row = _late_of_campaign(tx, message, now=at)
        stored.failed_in_a_row(tx, message.campaign_id, in_a_row)
    return True


def refused(tx: Tx, message: stored.Message, *, now: datetime) -> bool:
    """WhatsApp refused it without a word why. A limit in force explains it of a cold one, which waits.

    Where none is known and others who are new wait behind it, it waits for the verdict that theirs give: whether
    WhatsApp refused this person, or everybody new.
    """
    if message.status == "sending" and stored.by_id(tx, message.id).status != "sending":
        return False  # a receipt said so first
    cold = chats.is_cold(tx, message.id)
    told = limits.in_force(devices.by_id(tx, message.device_id).limits, now) or limits.NOTHING
    if not cold or message.status != "sending":
        failed = outbox.fail(tx, message, "refused", now=now)
        if failed and cold:
            limits.cold_refused(tx, message.device_id, now=now)
        return failed
    handing.put_back(tx, message, now=now, tried=not told.hold_cold, refused=True)
    if told.hold_cold:
        return True
    outbox.hold(tx, message.id, until=now + CLEAR_WITHIN, reason=UNCLEAR)
    if not limits.cold_refused(tx, message.device_id, now=now) and not _new_ones_wait(tx, message.device_id):
        refused_for_good(tx, message.device_id, now=now)
    return True


def refused_for_good(tx: Tx, device_id: int, *, now: datetime, since: datetime | None = None) -> int:
    """What WhatsApp refused it refused for its own sake: it has failed. since: only what waits until then."""
    return sum(outbox.fail(tx, one, "refused", now=now) for one in _unclear(tx, device_id, since))


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
            outbox.fail(tx, one, "refused", now=now)
        else:
            outbox.hold(tx, one.id, until=now + one.attempts * limits.REFUSED_REST, reason=TRIED_AGAIN)
    return len(found)


def held_back(tx: Tx, message: stored.Message, handed: Handed, *, now: datetime) -> None:
    """sending → queued: WhatsApp lets this phone not write there just now. No attempt, gap or cap is spent.

    handed: held, or refused for a limit of the account. Under a limit the message waits as all cold ones do; to
    a person whom the owner has blocked it never goes; any other closed chat is tried again in an hour.
    """
    handing.put_back(tx, message, now=now, tried=False, refused=handed.outcome == "refused")
    if handed.reason in LIMITS:
        chats.said(tx, message.device_id, message.phone, warm=False)
        if handed.outcome == "refused" and handed.until is None:
            limits.cold_refused(tx, message.device_id, now=now, sure=True)
        else:
            limits.met(tx, message.device_id, handed.reason or "", handed.until, now=now)
    elif handed.reason == BLOCKED:
        outbox.skip(tx, stored.by_id(tx, message.id), BLOCKED, now=now)
    else:
        chats.forget(tx, message.device_id, message.phone)
        outbox.hold(tx, message.id, until=handed.until or now + CLOSED_REST, reason="chat_closed")


def number_unclear(tx: Tx, message: stored.Message, *, retry_at: datetime, now: datetime) -> None:
    """sending → queued: WhatsApp did not say whether the number exists; others pass until then."""
    handing.put_back(tx, message, now=now)
    outbox.hold(tx, message.id, until=retry_at, reason="number_check")
    tx.run("update messages set number_tries = number_tries + 1 where id = :id", id=message.id)


def too_many_checks(tx: Tx, message: stored.Message, *, now: datetime) -> None:
    """sending → queued: WhatsApp wants fewer questions about numbers. Whoever needs none passes."""
    handing.put_back(tx, message, now=now)
    until = limits.too_many_checks(tx, message.device_id, now=now)
    outbox.hold(tx, message.id, until=until, reason="too_many_checks")


def number_missing(tx: Tx, message: stored.Message, *, now: datetime) -> bool:
    """WhatsApp says the number is not there. Of somebody known that counts only if it says so a day later, too."""
    sure_at = chats.gone_for_good_at(tx, message)
    if sure_at is None or sure_at <= now:
        return outbox.fail(tx, message, "not_on_whatsapp", now=now)
    handing.put_back(tx, message, now=now)
    outbox.hold(tx, message.id, until=sure_at, reason="number_gone")
    return False


def none_arrive(rows: Rows, device_id: int, *, now: datetime) -> bool:
    """Whether WhatsApp took the device's last messages, half an hour ago and longer, and delivered none of them.

    So it goes where WhatsApp limits a number without saying so. Newer ones count only once they are delivered.
    Source: OpenWA issue 454, whatsmeow issue 1197, seen 2026-11-20.
    """
    found = rows.one(
        """select count(*) as n, coalesce(sum(delivered_at is not null), 0) as arrived from (
             select delivered_at from messages where device_id = :device_id and spent_at >= :since
             and status in ('sent', 'delivered', 'read') and (sent_at <= :settled or delivered_at is not null)
             order by spent_at desc limit :enough)""",
        device_id=device_id,
        since=times.stored(now - RECENT),
        settled=times.stored(now - ARRIVES_WITHIN),
        enough=ENOUGH,
    )
    return found is not None and found["n"] == ENOUGH and found["arrived"] == 0


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


def _late_of_new(rows: Rows, message: stored.Message, *, now: datetime) -> int:
    """How many of the last messages to new people were refused later, in a row; of a day, 10 at most.

    Of those from the same number, at whichever phone: what WhatsApp said to another says nothing of this one.
    """
    return _late_in_a_row(rows, "new_chat = 1", message, now)


def _late_of_campaign(rows: Rows, message: stored.Message, *, now: datetime) -> int:
    """How many of the last messages of the message's campaign were, likewise."""
    return _late_in_a_row(rows, "campaign_id = :campaign_id", message, now)


def _late_in_a_row(rows: Rows, which: str, message: stored.Message, now: datetime) -> int:
    found = rows.all(
        f"""select status from messages where user_id = :user_id and account = :account
            and spent_at >= :since and {which}
            and (error = '{outbox.REFUSED_LATER}' or status in ('delivered', 'read')
                 or (status = 'sent' and sent_at <= :settled))
            order by spent_at desc, id desc limit {LOOKED_AT}""",  # noqa: S608 - the words of this file
        user_id=message.user_id,
        account=message.account,
        campaign_id=message.campaign_id,
        since=times.stored(now - _OF_A_DAY),
        settled=times.stored(now - _VERDICT_AFTER),
    )
    verdicts = [row["status"] == "failed" for row in found]
    return verdicts.index(False) if False in verdicts else len(verdicts)
