"""Says of every waiting message why and until when, by the same gate that the claim asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from wabox import times
from wabox.config import Config
from wabox.db import Row, Rows
from wabox.devices import devices
from wabox.messages import claiming, facts, gate, newcomers, statuses, stored
from wabox.messages.line import MESSAGE, Line, of_device

MOST_COUNTED = 10_000  # ahead of a message; beyond it, the exact number helps nobody
LEAST_SECONDS = 0.5  # what handing over one message takes, without any gap


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a message waits. until: aware UTC, None where nobody can know. reason: a code of facts.Reason.

    ahead: messages of this device that go first. expected_at: an estimate, for those behind the head.
    """

    reason: facts.Reason | None = None
    until: datetime | None = None
    detail: str | None = None
    ahead: int | None = None
    expected_at: datetime | None = None


def explain(
    rows: Rows,
    messages: Iterable[stored.Message],
    *,
    config: Config,
    now: datetime,
    most_ahead: int = MOST_COUNTED,
) -> dict[int, Waiting]:
    """{message id: why it waits} for those of the messages that are queued or in doubt.

    most_ahead: how far to count who goes first; 1 is enough, and quickest, for the reason alone.
    """
    lines: dict[int, Line] = {}
    found: dict[int, Waiting] = {}
    for message in sorted((one for one in messages if one.status in statuses.OPEN), key=lambda one: one.id):
        if message.device_id not in lines:
            device = devices.by_id(rows, message.device_id)
            lines[message.device_id] = of_device(rows, device, config=config, now=now)
        found[message.id] = _explain(rows, lines[message.device_id], message, config, most_ahead)
    return found


def _explain(rows: Rows, line: Line, message: stored.Message, config: Config, most_ahead: int) -> Waiting:
    if message.status == "sending":
        doubtful = message.recoveries or message.rest_until or message.doubt_stage
        return Waiting("in_doubt", message.rest_until) if doubtful else Waiting()
    row = rows.one(f"{MESSAGE} where m.id = :id", id=message.id)
    assert row is not None
    wanted = line.facts_for(rows, row)
    closed = gate.decide(line.now, wanted)
    if isinstance(closed, gate.Wait) and closed.reason == "number_changed":  # it holds each, not the first alone
        return Waiting(closed.reason, closed.until)
    stands = isinstance(closed, gate.Wait) and closed.reason in gate.UNTIL_SOMEBODY_ACTS
    own = gate.own_wait(line.now, wanted)
    if own is not None and not (stands and own.reason not in gate.AS_WISHED):
        return Waiting(own.reason, own.until, own.detail, expected_at=own.until)
    aside = message.held_reason not in gate.OF_DEVICE and not stands
    if aside and message.held_until and message.held_until > line.now:
        reason = cast("facts.Reason", message.held_reason)
        return Waiting(reason, message.held_until, expected_at=message.held_until)
    ahead = _ahead(rows, line, row, most_ahead)
    if ahead:
        return Waiting("in_line", None, ahead=ahead, expected_at=_expected(line, ahead, config))
    if isinstance(closed, gate.Wait):
        return Waiting(closed.reason, closed.until, closed.detail, ahead=0, expected_at=closed.until)
    if isinstance(closed, gate.Go) and (verdict := claiming.judged(rows, message)) and verdict.action == "hold":
        return Waiting("content_review", ahead=0)
    return Waiting(ahead=0, expected_at=line.now)


def _ahead(rows: Rows, line: Line, row: Row, most: int) -> int:
    single = row["campaign_id"] is None
    counted = 0
    for campaign_id in (None,) if single else (None, *line.campaigns):
        counted += _counted(rows, line, campaign_id, row, most)
    busy = rows.value(
        "select 1 from messages where device_id = :device_id and status = 'sending'",
        device_id=line.device.id,
    )
    return min(counted, most) + (1 if busy else 0)


def _counted(rows: Rows, line: Line, campaign_id: int | None, row: Row, most: int) -> int:
    """How many of these go before the row, at most so many.

    Messages are asked for in the order of their ids, so that each counts on from the one before it: a page
    of a long line walks that line once.
    """
    place = (campaign_id, row["priority"])
    last, before = line.counted.get(place, (0, 0))
    if before < most:
        higher = "" if last else "m.priority > :priority or"
        before += rows.value(
            f"""select count(*) from (select 1 from messages m where {line.passable()}
                and ({higher} (m.priority = :priority and m.id >= :last and m.id < :id)) limit :most)""",  # noqa: S608
            device_id=line.device.id,
            campaign_id=campaign_id,
            priority=row["priority"],
            last=last,
            id=row["id"],
            most=most - before,
        )
    line.counted[place] = (row["id"], before)
    return before + _due(rows, line, campaign_id, row, most)


def _due(rows: Rows, line: Line, campaign_id: int | None, row: Row, most: int) -> int:
    """How many go first whose own wait is over, though no claim has put them back in line yet."""
    counted = rows.value(
        """select count(*) from (select 1 from messages m where m.device_id = :device_id
             and m.priority in (0, 1, 2) and m.held_until <= :now and m.status = 'queued'
             and m.in_review = 0 and m.campaign_id is :campaign_id
             and (m.priority > :priority or (m.priority = :priority and m.id < :id)) limit :most)""",
        device_id=line.device.id,
        campaign_id=campaign_id,
        now=times.stored(line.now),
        priority=row["priority"],
        id=row["id"],
        most=most,
    )
    return int(counted)


def foresee(
    rows: Rows, device: devices.Device, count: int, *, new: int = 0, config: Config, now: datetime
) -> datetime | None:
    """When `count` more messages would have gone from a linked device, at today's pace, caps and limits.

    new: so many of them to new people. None: nobody can know, for WhatsApp does not say how long it holds those.
    """
    line = of_device(rows, device, config=config, now=now)
    waiting = rows.value(
        """select count(*) from messages m left join campaigns c on c.id = m.campaign_id
           where m.device_id = :id and m.status = 'queued' and m.in_review = 0
           and (c.status is null or c.status = 'sending')""",
        id=device.id,
    )
    last = newcomers.through(line, line.now, new + (_new_in_line(rows, device.id) if new else 0))
    return None if last is None else max(last, _after(line, line.now, waiting + count, config))


def foresee_new(
    rows: Rows, device: devices.Device, campaign_id: int, *, config: Config, now: datetime
) -> datetime | None:
    """When the last new person of a running campaign could be written to from this device."""
    line = of_device(rows, device, config=config, now=now)
    last = newcomers.through(line, now, _new_in_line(rows, device.id, campaign_id))
    again = rows.value(
        """select max(held_until) from messages where device_id = :device_id and status = 'queued'
           and held_reason = 'refused_before' and campaign_id = :campaign_id""",
        device_id=device.id,
        campaign_id=campaign_id,
    )
    return last if last is None or again is None else max(last, times.read(again))


def _new_in_line(rows: Rows, device_id: int, campaign_id: int | None = None) -> int:
    counted = rows.value(
        """select count(*) from (select 1 from messages m left join campaigns c on c.id = m.campaign_id
             where m.device_id = :device_id and m.status = 'queued' and m.new_chat = 1 and m.in_review = 0
             and (c.status is null or c.status = 'sending')
             and (:campaign_id is null or m.campaign_id = :campaign_id) limit :most)""",
        device_id=device_id,
        campaign_id=campaign_id,
        most=10 * MOST_COUNTED,
    )
    return int(counted)


def _expected(line: Line, ahead: int, config: Config) -> datetime | None:
    """An estimate for one behind the head: the head's moment, then its pace."""
    head = gate.decide(line.now, line.shared)
    start = line.now if not isinstance(head, gate.Wait) else head.until
    return None if start is None else _after(line, start, ahead, config)


def _after(line: Line, start: datetime, count: int, config: Config) -> datetime:
    """`count` mean gaps after the start, and what today's cap leaves for later days."""
    low, high = config.sending.gap_seconds
    pace = timedelta(seconds=max((low + high) / 2, LEAST_SECONDS))
    wanted = line.shared.rules
    if wanted.hourly_cap:
        pace = max(pace, timedelta(hours=1) / wanted.hourly_cap)
    cap = gate.effective_daily_cap(line.now, line.shared.device, line.shared.account, wanted)
    if cap is None:
        return start + pace * count
    left = max(cap - line.shared.device.sent_today, 0)
    if count < left:
        return start + pace * count
    days, rest = divmod(count - left, cap)
    return start + timedelta(days=days + 1) + pace * rest
