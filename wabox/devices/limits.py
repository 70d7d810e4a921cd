"""How fast a device may send: its rest after a message, and what WhatsApp allows its account just now.

Of that the page tells some, and some is learnt without being told.
A limit binds cold chats only: people who never wrote to the account. WhatsApp may refuse those without a word
why; three refusals in a row hold them for an hour. Questions about numbers have a pace of their own, once
WhatsApp wanted fewer of them.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from wabox import times
from wabox.db import Row, Tx
from wabox.whatsapp.driver import CAPPED, TIMELOCK, Limits, NewChats, QuotaStatus, Timelock

NOTHING = Limits()
WITHOUT_END = timedelta(seconds=60)  # so long a limit is believed that nobody gave an end
MOST_REFUSALS = 3
REFUSED_REST = timedelta(hours=1)
_FIRST_GAP, _LONGEST_GAP = 60, 3_600  # seconds between questions, after one too many
_PACED = 4  # and then so many times as often, as long as WhatsApp answers
_FREE = 8


def next_send_at(now: datetime, gap_seconds: tuple[float, float]) -> datetime:
    """The earliest moment the device may send again; drawn uniformly, never before now.

    gap_seconds: (low, high). Caps and quiet hours are the gate's.
    """
    return now + timedelta(seconds=random.uniform(*gap_seconds))


def rest(tx: Tx, device_id: int, until: datetime) -> None:
    """The device sends nothing before this moment, nor before one that was set already."""
    tx.run(
        "update devices set next_send_at = max(coalesce(next_send_at, ''), :until) where id = :id",
        id=device_id,
        until=times.stored(until),
    )


def rest_no_longer(tx: Tx, device_id: int, until: datetime) -> None:
    """The device may send at this moment, whatever rest was set before."""
    tx.run(
        "update devices set next_send_at = min(next_send_at, :until) where id = :id and next_send_at is not null",
        id=device_id,
        until=times.stored(until),
    )


def went(tx: Tx, device_id: int, *, rest_until: datetime, anchor: tuple[str, str] | None) -> None:
    """WhatsApp has a message of the device, which rests now.

    anchor: its chat and id, if it is the latest: while that is in the page's history, the history is whole.
    """
    rest(tx, device_id, rest_until)
    if anchor is not None:
        tx.run(
            "update devices set anchor_chat_id = :chat, anchor_message_id = :message where id = :id",
            id=device_id,
            chat=anchor[0],
            message=anchor[1],
        )


def of_row(row: Row) -> Limits | None:
    """As the page told them last; None if it does not tell."""
    if not row["limits_told"]:
        return None
    lock = row["lock_type"] and Timelock(row["lock_type"], times.read_or_none(row["lock_until"]))
    quota = row["quota_status"] and NewChats(
        cast("QuotaStatus", row["quota_status"]),
        row["quota_used"],
        row["quota_total"],
        times.read_or_none(row["quota_resets_at"]),
    )
    return Limits(lock or None, quota or None)


def in_force(limits: Limits | None, now: datetime) -> Limits | None:
    """Without what has ended by now: the page may not have said so yet."""
    if limits is None:
        return None
    lock, quota = limits.timelock, limits.new_chats
    locked = lock is not None and not (lock.until is not None and lock.until <= now)
    counted = quota is not None and not (quota.resets_at is not None and quota.resets_at <= now)
    return Limits(lock if locked else None, quota if counted else None)


def holds_new(limits: Limits | None, rests_until: datetime | None, now: datetime) -> bool:
    """Whether nobody new may be written to: WhatsApp says so, or refused three in a row."""
    told = in_force(limits, now)
    return (told is not None and told.hold_cold) or (rests_until is not None and rests_until > now)


def shown(limits: Limits | None, now: datetime) -> dict[str, Any] | None:
    """As the API and webhooks show them; null = not told."""
    limits = in_force(limits, now)
    if limits is None:
        return None
    lock, quota = limits.timelock, limits.new_chats
    return {
        "timelock": lock and {"type": lock.type, "until": times.wire_or_none(lock.until)},
        "new_chats": quota
        and {
            "status": quota.status,
            "used": quota.used,
            "total": quota.total,
            "resets_at": times.wire_or_none(quota.resets_at),
        },
    }


def are_news(before: Limits | None, after: Limits | None) -> bool:
    """Whether somebody should hear of it. One more new chat alone is none."""
    return _without_count(before) != _without_count(after)


def _without_count(limits: Limits | None) -> Limits | None:
    if limits is None or limits.new_chats is None:
        return limits
    return replace(limits, new_chats=replace(limits.new_chats, used=0))


def write(tx: Tx, device_id: int, limits: Limits | None) -> None:
    """These are the device's limits now. A lock that is told explains the refusals before it."""
    lock = limits.timelock if limits else None
    quota = limits.new_chats if limits else None
    tx.run(
        """update devices set limits_told = :told, lock_type = :type, lock_until = :until, quota_status = :status,
           quota_used = :used, quota_total = :total, quota_resets_at = :resets_at,
           cold_refusals = iif(:type is null, cold_refusals, 0),
           cold_rests_until = iif(:type is null, cold_rests_until, null) where id = :id""",
        id=device_id,
        told=int(limits is not None),
        type=lock and lock.type,
        until=times.stored_or_none(lock.until if lock else None),
        status=quota and quota.status,
        used=quota and quota.used,
        total=quota and quota.total,
        resets_at=times.stored_or_none(quota.resets_at if quota else None),
    )
    if lock is not None:
        _rest_number(tx, device_id, None)


def linked(tx: Tx, device_id: int, phone: str | None) -> None:
    """The device is linked with this number, whose hour of refusals goes on; that of another is not its.

    Before the device is written to bear the number.
    """
    tx.run(
        """update devices set cold_refusals = iif(phone is :phone, cold_refusals, 0),
           checks_gap_seconds = iif(phone is :phone, checks_gap_seconds, 0),
           checks_rest_until = iif(phone is :phone, checks_rest_until, null),
           cold_rests_until = (select l.cold_rests_until from linked_phones l
                               where l.user_id = devices.user_id and l.phone = :phone) where id = :id""",
        id=device_id,
        phone=phone,
    )


def _rest_number(tx: Tx, device_id: int, until: str | None) -> None:
    """The hour in which nobody new is written to is the number's, wherever it is linked next; None: it is over."""
    tx.run(
        """update linked_phones set cold_rests_until = :until from devices d
           where d.id = :id and linked_phones.user_id = d.user_id and linked_phones.phone = d.phone""",
        id=device_id,
        until=until,
    )


def met(tx: Tx, device_id: int, reason: str, until: datetime | None, *, now: datetime) -> None:
    """The page let nothing in for this limit. It tells the same as its state, but that may be written later."""
    until = until or now + WITHOUT_END
    if reason == TIMELOCK:
        tx.run(
            """update devices set limits_told = 1, lock_type = 'DEFAULT', lock_until = :until
               where id = :id and (lock_type is null or lock_until <= :now)""",
            id=device_id,
            until=times.stored(until),
            now=times.stored(now),
        )
    if reason == CAPPED:
        tx.run(
            """update devices set limits_told = 1, quota_status = 'capped', quota_used = coalesce(quota_used, 0),
               quota_total = coalesce(quota_total, 0), quota_resets_at = :until
               where id = :id and (quota_status is not 'capped' or quota_resets_at <= :now)""",
            id=device_id,
            until=times.stored(until),
            now=times.stored(now),
        )


def cold_refused(tx: Tx, device_id: int, *, now: datetime, sure: bool = False) -> bool:
    """WhatsApp refused a message to somebody new. sure: it said that it is for the account's sake.

    True: nobody new is written to for an hour.
    """
    until = times.stored(now + REFUSED_REST)
    tx.run(
        """update devices set
             cold_rests_until = iif(:sure or cold_refusals + 1 >= :most, :until, cold_rests_until),
             cold_refusals = iif(:sure or cold_refusals + 1 >= :most, 0, cold_refusals + 1) where id = :id""",
        id=device_id,
        sure=int(sure),
        most=MOST_REFUSALS,
        until=until,
    )
    closed = bool(
        tx.value("select cold_rests_until = :until from devices where id = :id", id=device_id, until=until)
    )
    if closed:
        _rest_number(tx, device_id, until)
    return closed


def number_refused(tx: Tx, device_id: int, account: str | None, *, now: datetime) -> None:
    """WhatsApp refuses new people to the number that a message of the device went from: it rests for an hour.

    account: digits; perhaps no longer those of the device, whose door stays open then.
    """
    tx.run(
        """update linked_phones set cold_rests_until = :until where phone = :account
           and user_id = (select user_id from devices where id = :id)""",
        id=device_id,
        account=account,
        until=times.stored(now + REFUSED_REST),
    )
    tx.run(
        """update devices set cold_rests_until = :until, cold_refusals = 0 where removed_at is null
           and coalesce(phone, '') = :account and user_id = (select user_id from devices where id = :id)""",
        id=device_id,
        account=account,
        until=times.stored(now + REFUSED_REST),
    )


def cold_went(tx: Tx, device_id: int) -> None:
    """WhatsApp took a message to somebody new: what it refused before was no limit."""
    tx.run("update devices set cold_refusals = 0 where id = :id and cold_refusals > 0", id=device_id)


def too_many_checks(tx: Tx, device_id: int, *, now: datetime) -> datetime:
    """WhatsApp wants fewer questions about numbers: the gap between them doubles. Until when none is asked."""
    gap: int = tx.value("select checks_gap_seconds from devices where id = :id", id=device_id)
    gap = min(max(2 * gap, _FIRST_GAP), _LONGEST_GAP)
    return _pause_checks(tx, device_id, gap, now + timedelta(seconds=gap))


def checked(tx: Tx, device_id: int, *, now: datetime) -> None:
    """WhatsApp answered a question; while it is asked gently, the gap shrinks a little."""
    gap: int = tx.value("select checks_gap_seconds from devices where id = :id", id=device_id)
    if gap:
        gap = gap * 7 // 8
        _pause_checks(tx, device_id, gap if gap > _FREE else 0, now + timedelta(seconds=gap / _PACED))


def _pause_checks(tx: Tx, device_id: int, gap: int, until: datetime) -> datetime:
    tx.run(
        "update devices set checks_gap_seconds = :gap, checks_rest_until = :until where id = :id",
        id=device_id,
        gap=gap,
        until=times.stored(until) if gap else None,
    )
    return until
