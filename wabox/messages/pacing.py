"""How fast a line goes, as the gate will let it: pauses, full hours, caps of days, quiet hours."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from wabox import times
from wabox.config import Config
from wabox.db import Rows
from wabox.messages import gate
from wabox.messages.line import Line
from wabox.times import Window, day_start, local_day, window_end, window_start

LEAST_SECONDS = 0.5  # what handing over one message takes, without any gap
HOUR = timedelta(hours=1)
ALIKE_DAYS = 7  # this many are gone through one by one; those before them are taken to be alike
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
    quiet: Window | None
    zone: ZoneInfo
    an_hour: int = 0
    recent: tuple[datetime, ...] = ()

    @classmethod
    def of(cls, rows: Rows, line: Line, config: Config) -> Pace:
        """The mean pace of the line, as its pauses and caps are now."""
        low, high = config.sending.gap_seconds
        step = timedelta(seconds=max((low + high) / 2, LEAST_SECONDS))
        rules, device = line.shared.rules, line.shared.device
        cap = gate.effective_daily_cap(line.now, device, line.shared.account, rules)
        left = max(cap - device.sent_today, 0) if cap is not None else 0
        recent = _recent(rows, line, rules.hourly_cap) if rules.hourly_cap else ()
        day, quiet, zone = line.shared.counted_on, rules.quiet_hours, rules.zone
        return cls(step, cap, left, day, quiet, zone, rules.hourly_cap, recent)

    def after(self, start: datetime, count: int) -> datetime:
        """When one behind `count` others goes, of whom the first goes at the start, or as soon as it may."""
        at, wanted = start, count
        sent = deque(self.recent, maxlen=self.an_hour) if self.an_hour else None
        day, gone, whole = local_day(at, self.zone), 0, False
        for _ in range(MOST_STRETCHES):
            at = self._opened(at)
            if local_day(at, self.zone) != day:
                if whole and wanted > 2 * ALIKE_DAYS * gone > 0:
                    alike = wanted // gone - ALIKE_DAYS
                    if alike > _FAR.days:
                        break
                    wanted -= alike * gone
                    at = self._opened(day_start(local_day(at, self.zone) + timedelta(days=alike), self.zone))
                day, gone, whole = local_day(at, self.zone), 0, True
            run, closes = _Run.of(self, at, sent), self._closes(at)
            fits = wanted + 1 if closes is None else run.before(closes)
            left = wanted + 1 if self.a_day is None else max(self._left(day) - gone, 0)
            goes = min(fits, left)
            if wanted < goes or closes is None:
                return run.moment(wanted)
            wanted, gone = wanted - goes, gone + goes
            if sent is not None:
                sent.extend(run.moment(n) for n in range(max(goes - self.an_hour, 0), goes))
            soonest = run.moment(goes - 1) + self.step if goes else at
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
        capped = self.a_day is not None
        midnight = day_start(local_day(at, self.zone) + timedelta(days=1), self.zone) if capped else None
        return min(filter(None, (quiet, midnight)), default=None)


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
