"""Draws days as bars: what was read, delivered, only sent, and failed, one on the other. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from wabox.reports import COLUMNS, Dated, Numbers

HIGH = 100.0  # the height of the drawing; the style stretches it
STEPS = (1, 2, 2.5, 5, 10)
MOST_LINES = 31  # of the table, so that it fits on a page
STRETCHES = (1, 7, 14)  # days of a line


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart: (kind, y, height) from the ground up. moment: its noon, to be written."""

    day: Dated
    moment: datetime
    parts: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under a round number. lines: (y, number) of the grid."""

    bars: tuple[Bar, ...]
    most: int
    lines: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: a day, or a stretch that begins with it. moment: its noon. last: None for a day."""

    moment: datetime
    last: datetime | None
    numbers: Numbers


def chart(days: tuple[Dated, ...], zone: ZoneInfo) -> Chart:
    """The days as bars."""
    most = _round_up(max((sum(_stack(day.numbers).values()) for day in days), default=0))
    bars = tuple(Bar(day, _noon(day.date, zone), _parts(day.numbers, most)) for day in days)
    lines = sorted({round(most * part) for part in (0.25, 0.5, 0.75, 1)} - {0})
    return Chart(bars, most, tuple((HIGH - HIGH * number / most, number) for number in lines))


def table(days: tuple[Dated, ...], zone: ZoneInfo) -> tuple[Line, ...]:
    """The newest first: days; of a long period stretches of a week or two, which end with the last day."""
    if len(days) <= MOST_LINES:
        return tuple(Line(_noon(day.date, zone), None, day.numbers) for day in reversed(days))
    long = next(one for one in STRETCHES if len(days) <= MOST_LINES * one)
    weeks = [days[max(end - long, 0) : end] for end in range(len(days), 0, -long)]
    return tuple(Line(_noon(week[0].date, zone), _noon(week[-1].date, zone), _sum(week)) for week in weeks)


def _sum(days: tuple[Dated, ...]) -> Numbers:
    return Numbers(*(sum(getattr(day.numbers, column) for day in days) for column in COLUMNS))


def _noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone)


def _stack(numbers: Numbers) -> dict[str, int]:
    """What each part of a bar stands for, from the ground up. What is counted of removed rows may not nest."""
    return {
        "read": numbers.read,
        "delivered": max(numbers.delivered - numbers.read, 0),
        "sent": max(numbers.sent - max(numbers.delivered, numbers.read), 0),
        "failed": numbers.failed,
    }


def _parts(numbers: Numbers, most: int) -> tuple[tuple[str, float, float], ...]:
    found: list[tuple[str, float, float]] = []
    ground = HIGH
    for kind, count in _stack(numbers).items():
        height = HIGH * count / most
        ground -= height
        if count:
            found.append((kind, round(ground, 2), round(height, 2)))
    return tuple(found)


def _round_up(number: int) -> int:
    """The next round number, at least 4, so that the grid has whole numbers."""
    size = 1
    while size * 10 < number:
        size *= 10
    return max(4, next(int(size * step) for step in STEPS if size * step >= number))
