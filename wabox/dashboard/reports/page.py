"""The last thirty days as a chart with a table under it, and the ledger of an account with credits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get

from wabox import reports
from wabox.billing import ledger
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows
from wabox.mounting import Mount
from wabox.reports import Day

HIGH = 100.0  # the height of the chart's drawing; the style stretches it
STEPS = (1, 2, 2.5, 5, 10)
ENTRIES = 30


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart: (kind, y, height) from the ground up. moment: its noon, to be written."""

    day: Day
    moment: datetime
    parts: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under a round number. lines: (y, number) of the grid."""

    bars: tuple[Bar, ...]
    most: int
    lines: tuple[tuple[float, int], ...]


@get("/reports")
async def page(desk: Desk) -> Response[str]:
    """Totals, the chart, the days; credits only where they count."""
    return desk.page("reports/page.html", here="reports", **await desk.box.db.read(_numbers, desk))


def _numbers(rows: Rows, desk: Desk) -> dict[str, Any]:
    found = reports.summary(rows, desk.user.id, zone=desk.voice.zone, now=desk.voice.now)
    before = cursor_of(desk.request.query_params.get("before", ""))
    entries = [] if found.credits is None else ledger.page(rows, desk.user.id, before=before, most=ENTRIES + 1)
    return {
        "summary": found,
        "chart": chart(found.daily),
        "entries": entries[:ENTRIES],
        "before": before,
        "older": entries[ENTRIES - 1].id if len(entries) > ENTRIES else None,
    }


def chart(days: tuple[Day, ...]) -> Chart:
    """The days as bars of sent, failed and skipped, one on the other."""
    highest = max((_total(day) for day in days), default=0)
    most = _round_up(highest)
    bars = tuple(Bar(day, _noon(day), _parts(day, most)) for day in days)
    lines = sorted({round(most * part) for part in (0.25, 0.5, 0.75, 1)} - {0})
    return Chart(bars, most, tuple((HIGH - HIGH * number / most, number) for number in lines))


def _noon(day: Day) -> datetime:
    return datetime(day.date.year, day.date.month, day.date.day, 12, tzinfo=UTC)


def _parts(day: Day, most: int) -> tuple[tuple[str, float, float], ...]:
    found: list[tuple[str, float, float]] = []
    ground = HIGH
    counts = (("sent", day.count.sent), ("failed", day.count.failed), ("skipped", day.count.skipped))
    for kind, count in counts:
        height = HIGH * count / most
        ground -= height
        if count:
            found.append((kind, round(ground, 2), round(height, 2)))
    return tuple(found)


def _total(day: Day) -> int:
    return day.count.sent + day.count.failed + day.count.skipped


def _round_up(number: int) -> int:
    """The next round number, at least 4, so that the grid has whole numbers."""
    size = 1
    while size * 10 < number:
        size *= 10
    return max(4, next(int(size * step) for step in STEPS if size * step >= number))


router = Mount(path="/", route_handlers=[page])
