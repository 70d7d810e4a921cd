"""What happened, in numbers: the user's days, weeks and months, read only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from wabox import times
from wabox.billing import ledger, subscriptions
from wabox.db import Rows
from wabox.times import day_start, local_day

DAYS = 30
WEEK = 7


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages came to each end. sent: WhatsApp's server took them."""

    sent: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One local day."""

    date: date
    count: Count


@dataclass(frozen=True, slots=True)
class Summary:
    """week: the last 7 days, month: the last 30, both with today. daily: 30 days, oldest first.

    plan: its name; expires_at: None for one that does not expire.
    """

    plan: str
    expires_at: datetime | None
    credits: int | None
    today: Count
    week: Count
    month: Count
    total: Count
    daily: tuple[Day, ...]


def summary(rows: Rows, user_id: int, *, zone: ZoneInfo, billing: bool = False, now: datetime) -> Summary:
    """The user's numbers; days are those of the zone. billing: whether it is on."""
    today = local_day(now, zone)
    first = today - timedelta(days=DAYS - 1)
    days: dict[date, Counter[str]] = {first + timedelta(days=n): Counter() for n in range(DAYS)}
    for row in rows.all(
        "select bucket, status, n from message_counts where user_id = :user_id and bucket >= :since",
        user_id=user_id,
        since=times.stored(day_start(first, zone)),
    ):
        day = times.read(row["bucket"]).astimezone(zone).date()
        if day in days:
            days[day][row["status"]] += row["n"]
    total = {
        row["status"]: row["n"]
        for row in rows.all(
            "select status, sum(n) as n from message_counts where user_id = :user_id group by status",
            user_id=user_id,
        )
    }
    ordered = [days[day] for day in sorted(days)]
    standing = subscriptions.standing(rows, user_id, enabled=billing, now=now)
    return Summary(
        plan=standing.name,
        expires_at=standing.expires_at,
        credits=ledger.credits_left(rows, user_id),
        today=_count(ordered[-1]),
        week=_count(sum(ordered[-WEEK:], Counter())),
        month=_count(sum(ordered, Counter())),
        total=_count(total),
        daily=tuple(Day(day, _count(days[day])) for day in sorted(days)),
    )


def _count(found: Mapping[str, int]) -> Count:
    return Count(found.get("sent", 0), found.get("failed", 0), found.get("skipped", 0))
