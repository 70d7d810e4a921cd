"""When so much more will have gone: at today's pace, caps and limits, and WhatsApp's for new people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.config import Config
from wabox.db import Rows
from wabox.devices import limits
from wabox.devices import stored as devices
from wabox.messages import gate
from wabox.messages.line import Line, of_device
from wabox.times import day_start, local_day
from wabox.whatsapp.driver import NewChats, Timelock

CYCLE = timedelta(days=30)  # how long the next ones are taken to be
MOST_COUNTED = 100_000  # new people in line; beyond it, the exact number helps nobody
LEAST_SECONDS = 0.5  # what handing over one message takes, without any gap


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
    last = through(line, line.now, new + (_new_in_line(rows, device.id) if new else 0))
    return None if last is None else max(last, after(line, line.now, waiting + count, config))


def foresee_new(
    rows: Rows, device: devices.Device, campaign_id: int, *, config: Config, now: datetime
) -> datetime | None:
    """When the last new person of a running campaign could be written to from this device."""
    line = of_device(rows, device, config=config, now=now)
    last = through(line, now, _new_in_line(rows, device.id, campaign_id))
    again = rows.value(
        """select max(held_until) from messages where device_id = :device_id and status = 'queued'
           and held_reason = 'refused_before' and campaign_id = :campaign_id""",
        device_id=device.id,
        campaign_id=campaign_id,
    )
    return last if last is None or again is None else max(last, times.read(again))


@dataclass(frozen=True, slots=True)
class Allowed:
    """New chats that WhatsApp still allows, over several phones. resets_at: the last of their cycles' ends."""

    used: int
    total: int
    resets_at: datetime | None

    @property
    def left(self) -> int:
        """How many more before that."""
        return max(self.total - self.used, 0)


def allowed(phones: list[devices.Device], now: datetime) -> Allowed | None:
    """What WhatsApp allows them all together; None if it names no limit for one of them."""
    quotas: list[NewChats] = []
    for phone in phones:
        told = limits.in_force(phone.limits, now)
        if told is None or told.new_chats is None:
            return None
        quotas.append(told.new_chats)
    ends = [one.resets_at for one in quotas if one.resets_at is not None]
    if not quotas:
        return None
    return Allowed(sum(one.used for one in quotas), sum(one.total for one in quotas), max(ends, default=None))


def lock(phones: list[devices.Device], now: datetime) -> Timelock | None:
    """What holds every one of these phones from writing to anybody new, and ends first; None if one may."""
    locks: list[Timelock] = []
    for phone in phones:
        told = limits.in_force(phone.limits, now)
        if told is None or told.timelock is None:
            return None
        locks.append(told.timelock)
    return min(locks, key=lambda one: (one.until is None, one.until), default=None)


def through(line: Line, start: datetime, count: int) -> datetime | None:
    """When the last of `count` new people could be written to, at this moment's limits; None: nobody can know."""
    seen = line.shared.device
    if not count:
        return start
    if seen.locked and seen.lock_until is None:
        return None
    start = max(filter(None, (start, seen.lock_until if seen.locked else None, seen.cold_rests_until)))
    told = limits.in_force(line.device.limits, line.now)
    quota = told.new_chats if told else None
    a_day = line.shared.rules.new_chats_per_day
    if quota is None:
        return _by_days(line, start, count, a_day)
    left = 0 if quota.capped else max(quota.total - quota.used, 0)
    if count <= left:
        return _by_days(line, start, count, a_day)
    return None if quota.resets_at is None else _in_cycles(line, quota, max(start, quota.resets_at), count - left)


def _new_in_line(rows: Rows, device_id: int, campaign_id: int | None = None) -> int:
    counted = rows.value(
        """select count(*) from (select 1 from messages m left join campaigns c on c.id = m.campaign_id
             where m.device_id = :device_id and m.status = 'queued' and m.new_chat = 1 and m.in_review = 0
             and (c.status is null or c.status = 'sending')
             and (:campaign_id is null or m.campaign_id = :campaign_id) limit :most)""",
        device_id=device_id,
        campaign_id=campaign_id,
        most=MOST_COUNTED,
    )
    return int(counted)


def expected(line: Line, ahead: int, config: Config) -> datetime | None:
    """An estimate for one behind the head: the head's moment, then its pace."""
    head = gate.decide(line.now, line.shared)
    start = line.now if not isinstance(head, gate.Wait) else head.until
    return None if start is None else after(line, start, ahead, config)


def after(line: Line, start: datetime, count: int, config: Config) -> datetime:
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


def _by_days(line: Line, start: datetime, count: int, a_day: int) -> datetime:
    """At so many a day, beginning with what is left of today's."""
    zone = line.shared.rules.zone
    begun = line.shared.device.new_chats_today if local_day(start, zone) == line.shared.counted_on else 0
    if not a_day or count <= a_day - begun:
        return start
    days = -(-(count - max(a_day - begun, 0)) // a_day)
    return max(start, day_start(local_day(start, zone) + timedelta(days=days), zone))


def _in_cycles(line: Line, quota: NewChats, start: datetime, count: int) -> datetime:
    """After the cycle that runs, at WhatsApp's number a cycle, spread over its days."""
    cycles, rest = divmod(count - 1, max(quota.total, 1))
    own = line.own_new_chats_per_day
    share = max(quota.total // CYCLE.days, 1)
    return _by_days(line, start + cycles * CYCLE, rest + 1, min(own, share) if own else share)
