"""Reports: the summary."""

from __future__ import annotations

from litestar import get
from msgspec import Struct

from wabox import reports, times
from wabox.accounts.keys import Caller
from wabox.api import wire
from wabox.box import Box
from wabox.mounting import Mount


class Plan(Struct):
    """The plan; expires_at is null for one that does not expire."""

    name: str
    expires_at: str | None


class Count(Struct):
    """Messages that came to each end."""

    sent: int
    failed: int
    skipped: int


class Counts(Struct):
    """today; week: the last 7 days; month: the last 30 days; total: ever. Days of your time zone."""

    today: Count
    week: Count
    month: Count
    total: Count


class Day(Struct):
    """One day of your time zone, as 2026-04-25."""

    date: str
    sent: int


class Summary(Struct):
    """credits: null = unlimited. daily: 30 days, oldest first, today last."""

    plan: Plan
    credits: int | None
    messages: Counts
    daily: list[Day]


@get("/reports/summary", responses=wire.errors(), summary="Plan, credits and counters")
async def summary(box: Box, caller: Caller) -> Summary:
    """Your plan, credits and message counters, with a 30-day series."""
    timezone = caller.user.timezone
    zone = box.config.zone_named(timezone)
    billing = box.config.billing.enabled
    found = await box.db.read(reports.summary, caller.user.id, zone=zone, billing=billing, now=box.now())
    return Summary(
        plan=Plan(found.plan, times.wire_or_none(found.expires_at)),
        credits=found.credits,
        messages=Counts(_count(found.today), _count(found.week), _count(found.month), _count(found.total)),
        daily=[Day(day.date.isoformat(), day.count.sent) for day in found.daily],
    )


def _count(count: reports.Count) -> Count:
    return Count(count.sent, count.failed, count.skipped)


router = Mount(path="", route_handlers=[summary], tags=["Reports"])
