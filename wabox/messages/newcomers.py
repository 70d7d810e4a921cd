"""When so many new people would have been written to: by the box's own cap a day and by what WhatsApp allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox.devices import devices, limits
from wabox.messages.line import Line
from wabox.messages.localtime import day_start, local_day
from wabox.whatsapp.driver import NewChats, Timelock

CYCLE = timedelta(days=30)  # how long the next ones are taken to be


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
