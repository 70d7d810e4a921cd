"""When so much more will have gone: at today's pace, caps and limits, and WhatsApp's for new people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from wabox import times
from wabox.config import Config
from wabox.db import Row, Rows
from wabox.devices import limits
from wabox.devices import stored as devices
from wabox.messages import gate
from wabox.messages.line import Line, of_device
from wabox.times import Window, day_start, local_day, window_end, window_start
from wabox.whatsapp.driver import NewChats, Timelock

CYCLE = timedelta(days=30)  # how long the next ones are taken to be
MOST_COUNTED = 100_000  # new people in line; beyond it, the exact number helps nobody
LEAST_SECONDS = 0.5  # what handing over one message takes, without any gap
_FAR = timedelta(days=3650)  # as far as anybody is told
MOST_STRETCHES = 120  # between two quiet hours or days; beyond these, the days are taken to be alike


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
    head = gate.decide(line.now, line.shared)
    start = head.until if isinstance(head, gate.Wait) and head.until is not None else line.now
    last = through(line, line.now, new + (_new_in_line(rows, device.id) if new else 0), config)
    return None if last is None else max(last, Pace.of(line, config).after(start, max(waiting + count - 1, 0)))


def foresee_new(
    rows: Rows, device: devices.Device, campaign_id: int, *, config: Config, now: datetime
) -> datetime | None:
    """When the last new person of a running campaign would be written to from this device, behind those before."""
    line = of_device(rows, device, config=config, now=now)
    ours = rows.value(
        """select 1 from messages where device_id = :id and campaign_id = :campaign_id and status = 'queued'
           and new_chat = 1 and in_review = 0 limit 1""",
        id=device.id,
        campaign_id=campaign_id,
    )
    last = through(line, now, _new_in_line(rows, device.id, campaign_id) if ours else 0, config)
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


def through(line: Line, start: datetime, count: int, config: Config) -> datetime | None:
    """When the last of `count` new people would be written to, at this moment's limits; None: nobody can know."""
    seen, pace = line.shared.device, Pace.of(line, config)
    if not count:
        return start
    if seen.locked and seen.lock_until is None:
        return None
    start = max(filter(None, (start, seen.lock_until if seen.locked else None, seen.cold_rests_until)))
    told = limits.in_force(line.device.limits, line.now)
    quota = told.new_chats if told else None
    a_day = line.shared.rules.new_chats_per_day
    if quota is None:
        return _by_days(line, pace, start, count, a_day)
    left = 0 if quota.capped else max(quota.total - quota.used, 0)
    if count <= left:
        return _by_days(line, pace, start, count, a_day)
    if quota.resets_at is None:
        return None
    return _in_cycles(line, pace, quota, max(start, quota.resets_at), count - left)


def of_new(rows: Rows, line: Line, row: Row, config: Config) -> datetime | None:
    """When somebody new would be written to, behind the new people before them. row: of line.MESSAGE."""
    ahead = 0 if row["campaign_id"] is None else _others_before(rows, line, row["campaign_id"])
    return through(line, line.now, ahead + _before(rows, line, row) + 1, config)


def _others_before(rows: Rows, line: Line, campaign_id: int) -> int:
    """New people of single messages and of earlier campaigns; counted once a line."""
    place = (campaign_id, -1)
    if place not in line.counted_new:
        line.counted_new[place] = (0, _new_in_line(rows, line.device.id, campaign_id - 1))
    return line.counted_new[place][1]


def _before(rows: Rows, line: Line, row: Row) -> int:
    """New people of the same campaign, or of single messages, who go first; counted on from the row before."""
    place = (row["campaign_id"], row["priority"])
    last, before = line.counted_new.get(place, (0, 0))
    higher = "" if last else "m.priority > :priority or"
    before += rows.value(
        f"""select count(*) from (select 1 from messages m where m.device_id = :device_id and m.status = 'queued'
            and m.new_chat = 1 and m.in_review = 0 and m.campaign_id is :campaign_id
            and ({higher} (m.priority = :priority and m.id >= :last and m.id < :id)) limit :most)""",  # noqa: S608
        device_id=line.device.id,
        campaign_id=row["campaign_id"],
        priority=row["priority"],
        last=last,
        id=row["id"],
        most=MOST_COUNTED,
    )
    line.counted_new[place] = (row["id"], before)
    return int(before)


def _new_in_line(rows: Rows, device_id: int, campaign_id: int | None = None) -> int:
    """New people who wait; with a campaign, those of single messages, of earlier campaigns, and its own."""
    counted = rows.value(
        """select count(*) from (select 1 from messages m left join campaigns c on c.id = m.campaign_id
             where m.device_id = :device_id and m.status = 'queued' and m.new_chat = 1 and m.in_review = 0
             and (c.status is null or c.status = 'sending')
             and (:campaign_id is null or m.campaign_id is null or m.campaign_id <= :campaign_id) limit :most)""",
        device_id=device_id,
        campaign_id=campaign_id,
        most=MOST_COUNTED,
    )
    return int(counted)


def expected(
    rows: Rows, line: Line, row: Row, ahead: int, config: Config, *, briefly: bool = False
) -> datetime | None:
    """An estimate for one behind the head: its moment, then the pace; and not before new ones may go, if new.

    row: of line.MESSAGE. briefly: without counting the new people before it.
    """
    head = gate.decide(line.now, line.shared)
    start = line.now if not isinstance(head, gate.Wait) else head.until
    if start is None:
        return None
    goes = Pace.of(line, config).after(start, ahead)
    if briefly or not row["new_chat"]:
        return goes
    allowed = of_new(rows, line, row, config)
    return None if allowed is None else max(goes, allowed)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a line goes: a message each step, so many a day, in the hours that are not quiet.

    a_day: today's cap, taken for every day; None = no cap. today: the day that left_today of it is of.
    """

    step: timedelta
    a_day: int | None
    left_today: int
    today: date
    quiet: Window | None
    zone: ZoneInfo

    @classmethod
    def of(cls, line: Line, config: Config) -> Pace:
        """The mean pace of the line, as its pauses and caps are now."""
        low, high = config.sending.gap_seconds
        step = timedelta(seconds=max((low + high) / 2, LEAST_SECONDS))
        rules, device = line.shared.rules, line.shared.device
        if rules.hourly_cap:
            step = max(step, timedelta(hours=1) / rules.hourly_cap)
        cap = gate.effective_daily_cap(line.now, device, line.shared.account, rules)
        left = max(cap - device.sent_today, 0) if cap is not None else 0
        return cls(step, cap, left, line.shared.counted_on, rules.quiet_hours, rules.zone)

    def after(self, start: datetime, count: int) -> datetime:
        """When one behind `count` others goes, of whom the first goes at the start, or as soon as it may."""
        at, wanted, gone = start, count, 0
        day = local_day(at, self.zone)
        for _ in range(MOST_STRETCHES):
            at = self._opened(at)
            if local_day(at, self.zone) != day:
                day, gone = local_day(at, self.zone), 0
            closes = self._closes(at)
            fits = wanted + 1 if closes is None else -(-(closes - at) // self.step)
            left = wanted + 1 if self.a_day is None else self._left(day) - gone
            now = min(fits, left)
            if wanted < now or closes is None:
                return at + self.step * wanted
            wanted, gone, soonest = wanted - now, gone + now, at + self.step * now
            at = max(soonest, closes if fits <= left else day_start(day + timedelta(days=1), self.zone))
        passed = (at - start) / max(count - wanted, 1)
        return self._opened(at + min(passed * wanted, _FAR))

    def _left(self, day: date) -> int:
        return self.left_today if day == self.today else self.a_day or 0

    def _opened(self, at: datetime) -> datetime:
        ends = window_end(at, self.quiet, self.zone) if self.quiet else None
        return at if ends is None else ends

    def _closes(self, at: datetime) -> datetime | None:
        """The next quiet hours, or the end of a day that has a cap, whatever comes first."""
        quiet = window_start(at, self.quiet, self.zone) if self.quiet else None
        midnight = day_start(local_day(at, self.zone) + timedelta(days=1), self.zone) if self.a_day else None
        return min(filter(None, (quiet, midnight)), default=None)


def _by_days(line: Line, pace: Pace, start: datetime, count: int, a_day: int) -> datetime:
    """At so many new people a day, beginning with what is left of today's."""
    zone, first = pace.zone, local_day(start, pace.zone)
    begun = line.shared.device.new_chats_today if first == line.shared.counted_on else 0
    room = max(a_day - begun, 0)
    if not a_day or count <= room:
        return pace.after(start, count - 1)
    days, rest = divmod(count - room - 1, a_day)
    return pace.after(max(start, day_start(first + timedelta(days=days + 1), zone)), rest)


def _in_cycles(line: Line, pace: Pace, quota: NewChats, start: datetime, count: int) -> datetime:
    """After the cycle that runs, at WhatsApp's number a cycle, spread over its days."""
    cycles, rest = divmod(count - 1, max(quota.total, 1))
    own = line.own_new_chats_per_day
    share = max(quota.total // CYCLE.days, 1)
    return _by_days(line, pace, start + cycles * CYCLE, rest + 1, min(own, share) if own else share)
