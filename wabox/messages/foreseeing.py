"""How fast a line goes, as the gate will let it, and so when so much more will have gone.

The pace is of pauses, full hours, caps of days and quiet hours; new people go at WhatsApp's, if that is slower.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from wabox import times
from wabox.config import Config
from wabox.db import Row, Rows
from wabox.devices import limits
from wabox.devices import stored as devices
from wabox.messages import gate, reasons
from wabox.messages.line import Line, of_device
from wabox.quiet import Quiet
from wabox.times import day_start, days_later, local_day
from wabox.whatsapp.driver import NewChats, Timelock

CYCLE = timedelta(days=30)  # how long the next ones are taken to be
MOST_COUNTED = 100_000  # new people in line; beyond it, the exact number helps nobody
HOLDS_NEW = frozenset({*reasons.FOR_NEW, "new_chat_cap"})  # every new person alike, so that they go one by one
_DUE = "(m.scheduled_for is null or m.scheduled_for <= :now)"  # a planned one holds up nobody before its time
LEAST_SECONDS = 0.5  # what handing over one message takes, without any gap
HOUR = timedelta(hours=1)
ALIKE_DAYS = 7  # this many are gone through one by one; those before them are taken to be alike, or their weeks
MOST_STRETCHES = 200  # between two quiet hours or days
_FAR = timedelta(days=3650)  # as far as anybody is told


@dataclass(frozen=True, slots=True)
class Pace:
    """A message each step, so many an hour and a day, in the hours that are not quiet.

    an_hour: 0 = no cap. recent: when the last of them went, of the last hour alone. a_day: today's cap, taken for
    every day; None = no cap. today: the day that left_today of it is of.
    """

    step: timedelta
    a_day: int | None
    left_today: int
    today: date
    quiet: Quiet
    zone: ZoneInfo
    an_hour: int = 0
    recent: tuple[datetime, ...] = ()

    @classmethod
    def of(cls, rows: Rows, line: Line) -> Pace:
        """The mean pace of the line, as its pauses and caps are now."""
        rules, device = line.shared.rules, line.shared.device
        low, high = rules.gap_seconds
        step = timedelta(seconds=max((low + high) / 2, LEAST_SECONDS))
        cap = gate.effective_daily_cap(line.now, device, line.shared.account, rules)
        left = max(cap - device.sent_today, 0) if cap is not None else 0
        recent = _recent(rows, line, rules.hourly_cap) if rules.hourly_cap else ()
        day, quiet, zone = line.shared.counted_on, rules.quiet, rules.zone
        return cls(step, cap, left, day, quiet, zone, rules.hourly_cap, recent)

    def after(self, start: datetime, count: int) -> datetime:
        """When one behind `count` others goes, of whom the first goes at the start, or as soon as it may."""
        at, wanted = start, count
        sent = deque(self.recent, maxlen=self.an_hour) if self.an_hour else None
        day, gone = local_day(at, self.zone), 0
        whole = _Whole(1 if self.quiet.alike else ALIKE_DAYS)
        for _ in range(MOST_STRETCHES):
            at = self._opened(at)
            if local_day(at, self.zone) != day:
                days, fewer = whole.alike(local_day(at, self.zone), wanted, self.quiet)
                if days > _FAR.days:
                    break
                if days:
                    wanted -= fewer
                    at = self._opened(days_later(at, days, self.zone))
                day, gone = local_day(at, self.zone), 0
                whole = whole.on(day)
            run, closes = _Run.of(self, at, sent), self._closes(at)
            fits = wanted + 1 if closes is None else run.before(closes)
            left = wanted + 1 if self.a_day is None else max(self._left(day) - gone, 0)
            goes = min(fits, left)
            if wanted < goes or closes is None:
                return run.moment(wanted)
            wanted, gone = wanted - goes, gone + goes
            whole.gone += goes
            if sent is not None:
                sent.extend(run.moment(n) for n in range(max(goes - self.an_hour, 0), goes))
            soonest = run.moment(goes - 1) + self.step if goes else at
            at = max(soonest, closes if fits <= left else day_start(day + timedelta(days=1), self.zone))
        passed = (at - start) / max(count - wanted, 1)
        return self._opened(at + min(passed * wanted, _FAR))

    def _left(self, day: date) -> int:
        return self.left_today if day == self.today else self.a_day or 0

    def _opened(self, at: datetime) -> datetime:
        return self.quiet.opens(at, self.zone) or at + _FAR

    def _closes(self, at: datetime) -> datetime | None:
        """The next quiet hours or day off, or the end of a day that has a cap, whatever comes first."""
        quiet = self.quiet.closes(at, self.zone)
        capped = self.a_day is not None
        midnight = day_start(local_day(at, self.zone) + timedelta(days=1), self.zone) if capped else None
        return min(filter(None, (quiet, midnight)), default=None)


@dataclass(slots=True)
class _Whole:
    """A whole day, or week where days differ, that is gone through: what goes in it goes in each of the next.

    since: its first day; None before it, on the rest of the day that is today.
    """

    days: int
    since: date | None = None
    gone: int = 0

    def is_over(self, day: date) -> bool:
        """Whether it has ended before this day."""
        return self.since is not None and day >= self.since + timedelta(days=self.days)

    def on(self, day: date) -> _Whole:
        """Itself on this day, or the next one."""
        return _Whole(self.days, day) if self.since is None or self.is_over(day) else self

    def alike(self, day: date, wanted: int, quiet: Quiet) -> tuple[int, int]:
        """How many days like these may be passed over at once from this one on, and how many go in them."""
        keep = ALIKE_DAYS // self.days
        if not self.is_over(day) or not wanted > 2 * keep * self.gone > 0:
            return 0, 0
        assert self.since is not None
        if (within := quiet.next_date(self.since)) is not None and within < self.since + timedelta(days=self.days):
            return 0, 0  # a date off fell into it, so the next ones are not like it
        off, count = quiet.next_date(day), wanted // self.gone - keep
        if off is not None:
            count = min(count, (off - day).days // self.days)
        return count * self.days, count * self.gone


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a linked device's line holds at one moment, asked of the rows once, to foresee more from it.

    known_ahead, new_ahead: who waits in line already, known and new people.
    """

    line: Line
    pace: Pace
    known_ahead: int
    new_ahead: int

    @classmethod
    def of(cls, rows: Rows, device: devices.Device, *, config: Config, now: datetime) -> Forecast:
        """The device's, at this moment."""
        line = of_device(rows, device, config=config, now=now)
        return cls(line, Pace.of(rows, line), *_waiting(rows, line))

    def done(self, count: int, *, new: int = 0, at: datetime | None = None) -> datetime | None:
        """When `count` more messages would have gone, at today's pace, caps and limits.

        new: so many of them to new people. at: not before then. None: nobody can know, for WhatsApp does not say
        how long it holds new people.
        """
        line, pace, begins = self.line, self.pace, max(at or self.line.now, self.line.now)
        ahead, ours = self.known_ahead, count - new
        if not new_people_wait(line):  # else those who are known pass them
            ahead, ours = ahead + self.new_ahead, count
        ends = [begins]
        if ours > 0:
            ends += [pace.after(_opens(line) or line.now, ahead + ours - 1), pace.after(begins, ours - 1)]
        if new > 0:
            for start, people in ((line.now, self.new_ahead + new), (begins, new)):
                last = through(line, pace, start, people)
                if last is None:
                    return None
                ends.append(last)
        return max(ends)


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
    count = _new_in_line(rows, line, campaign_id) if ours else 0
    last = through(line, Pace.of(rows, line), now, count)
    again = rows.value(
        """select max(held_until) from messages where device_id = :device_id and status = 'queued'
           and held_reason = 'refused_before' and campaign_id = :campaign_id""",
        device_id=device.id,
        campaign_id=campaign_id,
    )
    return last if last is None or again is None else max(last, times.read(again))


def new_people_wait(line: Line) -> bool:
    """Whether nobody new is written to just now, so that whoever is known passes them."""
    seen = line.shared.device
    rests = seen.cold_rests_until is not None and seen.cold_rests_until > line.now
    return seen.locked or seen.capped or rests or line.new_chats_full


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


def through(line: Line, pace: Pace, start: datetime, count: int) -> datetime | None:
    """When the last of `count` new people would be written to, at this moment's limits; None: nobody can know."""
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
        return _by_days(line, pace, start, count, a_day)
    left = 0 if quota.capped else max(quota.total - quota.used, 0)
    if count <= left:
        return _by_days(line, pace, start, count, a_day)
    if quota.resets_at is None:
        return None
    return _in_cycles(line, pace, quota, max(start, quota.resets_at), count - left)


def of_new(rows: Rows, line: Line, pace: Pace, row: Row) -> datetime | None:
    """When somebody new would be written to, behind the new people before them. row: of line.MESSAGE."""
    ahead = 0 if row["campaign_id"] is None else _others_before(rows, line, row["campaign_id"])
    return through(line, pace, line.now, ahead + _before(rows, line, row) + 1)


def _others_before(rows: Rows, line: Line, campaign_id: int) -> int:
    """New people of single messages and of earlier campaigns; counted once a line."""
    place = (campaign_id, -1)
    if place not in line.counted_new:
        line.counted_new[place] = (0, _new_in_line(rows, line, campaign_id - 1))
    return line.counted_new[place][1]


def _before(rows: Rows, line: Line, row: Row) -> int:
    """New people of the same campaign, or of single messages, who go first; counted on from the row before."""
    place = (row["campaign_id"], row["priority"])
    last, before = line.counted_new.get(place, (0, 0))
    higher = "" if last else "m.priority > :priority or"
    before += rows.value(
        f"""select count(*) from (select 1 from messages m where m.device_id = :device_id and m.status = 'queued'
            and m.new_chat = 1 and m.in_review = 0 and m.campaign_id is :campaign_id and {_DUE}
            and ({higher} (m.priority = :priority and m.id >= :last and m.id < :id)) limit :most)""",  # noqa: S608
        device_id=line.device.id,
        campaign_id=row["campaign_id"],
        priority=row["priority"],
        last=last,
        id=row["id"],
        now=times.stored(line.now),
        most=MOST_COUNTED,
    )
    line.counted_new[place] = (row["id"], before)
    return int(before)


def _new_in_line(rows: Rows, line: Line, campaign_id: int | None = None) -> int:
    """New people who wait; with a campaign, those of single messages, of earlier campaigns, and its own."""
    counted = rows.value(
        f"""select count(*) from (select 1 from messages m left join campaigns c on c.id = m.campaign_id
             where m.device_id = :device_id and m.status = 'queued' and m.new_chat = 1 and m.in_review = 0
             and (c.status is null or c.status = 'sending') and {_DUE}
             and (:campaign_id is null or m.campaign_id is null or m.campaign_id <= :campaign_id)
             limit :most)""",  # noqa: S608 - a constant
        device_id=line.device.id,
        campaign_id=campaign_id,
        now=times.stored(line.now),
        most=MOST_COUNTED,
    )
    return int(counted)


def _waiting(rows: Rows, line: Line) -> tuple[int, int]:
    """(known, new people) who wait in line and would go first: none that is planned or held for itself."""
    found = rows.one(
        f"""select count(*) as n, coalesce(sum(new_chat), 0) as new from (
             select m.new_chat from messages m left join campaigns c on c.id = m.campaign_id
             where m.device_id = :device_id and m.status = 'queued' and m.in_review = 0
             and (c.status is null or c.status = 'sending') and {_DUE}
             and (m.held_until is null or m.held_until <= :now
                  or m.held_reason in (select value from json_each(:for_new))) limit :most)""",  # noqa: S608
        device_id=line.device.id,
        now=times.stored(line.now),
        for_new=json.dumps(sorted(HOLDS_NEW)),
        most=MOST_COUNTED,
    )
    assert found is not None
    return int(found["n"] - found["new"]), int(found["new"])


def expected(rows: Rows, line: Line, pace: Pace, row: Row, ahead: int) -> datetime | None:
    """An estimate for one behind the head: its moment, then the pace; and not before new ones may go, if new.

    row: of line.MESSAGE.
    """
    opens = _opens(line)
    if opens is None:
        return None
    goes = pace.after(opens, ahead)
    if not row["new_chat"]:
        return goes
    allowed = of_new(rows, line, pace, row)
    return None if allowed is None else max(goes, allowed)


def _opens(line: Line) -> datetime | None:
    """When the head of the line may go; None: nobody can know."""
    head = gate.decide(line.now, line.shared)
    return head.until if isinstance(head, gate.Wait) else line.now


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


@dataclass(frozen=True, slots=True)
class _Run:
    """Messages one after the other, with nothing in the way but their pauses and the hours they fill.

    first: the moments of as many as an hour takes. again: those of the next as many, if they fill hours; each that
    follows goes whole hours after one of these. Else each goes a step after the one before.
    """

    first: Sequence[datetime]
    step: timedelta
    again: Sequence[datetime] = ()

    @classmethod
    def of(cls, pace: Pace, at: datetime, sent: deque[datetime] | None) -> _Run:
        """Beginning then. sent: the moments of the last ones, as many as an hour takes; None = no cap of hours."""
        if sent is None:
            return cls((at,), pace.step)
        full = pace.an_hour * pace.step < HOUR
        filled, found = deque(sent, maxlen=pace.an_hour), []
        for _ in range(2 * pace.an_hour if full else pace.an_hour):
            if len(filled) == pace.an_hour:
                at = max(at, filled[0] + HOUR)
            found.append(at)
            filled.append(at)
            at += pace.step
        return cls(found[: pace.an_hour], pace.step, found[pace.an_hour :])

    def moment(self, n: int) -> datetime:
        """Of the one behind n others."""
        beyond = n - len(self.first)
        if beyond < 0:
            return self.first[n]
        if not self.again:
            return self.first[-1] + (beyond + 1) * self.step
        hours, place = divmod(beyond, len(self.again))
        return self.again[place] + hours * HOUR

    def before(self, end: datetime) -> int:
        """How many go before then."""
        if self.again:
            beyond = sum(-(-(end - one) // HOUR) for one in self.again if one < end)
        else:
            beyond = max(-(-(end - self.first[-1]) // self.step) - 1, 0)
        return sum(one < end for one in self.first) + beyond


def _recent(rows: Rows, line: Line, most: int) -> tuple[datetime, ...]:
    found = rows.all(
        """select spent_at from messages where user_id = :user_id and account = :account and spent_at > :since
           and id <> :without order by spent_at desc limit :most""",
        user_id=line.device.user_id,
        account=line.device.phone or "",
        since=times.stored(line.now - HOUR),
        without=line.without,
        most=most,
    )
    return tuple(times.read(row["spent_at"]) for row in reversed(found))
