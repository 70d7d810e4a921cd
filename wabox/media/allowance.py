"""How many megabytes of new files a user's plan lets in within a day, how many are left, and until when.

A file counts once, when it is kept: an upload, or what was fetched from an address. Sending it again costs
nothing more, deleting it gives nothing back, and what people send to the user does not count. The day is the last
24 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.billing import subscriptions
from wabox.db import Rows
from wabox.errors import InsufficientCredits, Invalid
from wabox.media.kinds import MEGABYTE

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """Bytes of a day. most: what the plan allows, 0 = any number."""

    most: int
    used: int

    @property
    def left(self) -> int:
        """What may still come now; of no use where there is no limit."""
        return max(self.most - self.used, 0)


def of_user(rows: Rows, user_id: int, *, now: datetime) -> Allowance:
    """What the user's plan allows; without a plan that says so, anything."""
    most = subscriptions.standing_now(rows, user_id, now=now).daily_megabytes * MEGABYTE
    if not most:
        return Allowance(0, 0)
    return Allowance(most, sum(size for _, size in _came(rows, user_id, now)))


def check_plan(rows: Rows, user_id: int, *, now: datetime) -> None:
    """Raises InsufficientCredits `no_plan` where plans are sold and the user never had one."""
    if subscriptions.standing_now(rows, user_id, now=now).none:
        sentence = "Files need a plan, and you have none yet; choose one under Billing."
        raise InsufficientCredits("no_plan", sentence, details={"file": sentence})


def check(rows: Rows, user_id: int, coming: int, *, now: datetime) -> None:
    """Raises InsufficientCredits `no_plan`; Invalid `plan_megabytes` if so many bytes more are over the plan.

    That says when they fit.
    """
    check_plan(rows, user_id, now=now)
    found = of_user(rows, user_id, now=now)
    if not found.most or found.used + coming <= found.most:
        return
    a_day = found.most // MEGABYTE
    if coming > found.most:
        raise _refused(
            f"Your plan allows {a_day:,} MB of new files a day; make this one smaller, or choose a larger plan."
        )
    hours = -(-(_fits_at(rows, user_id, found, coming, now) - now) // timedelta(hours=1))
    left = found.left // MEGABYTE
    raise _refused(
        f"Of the {a_day:,} MB of new files a day that your plan allows, {left:,} MB are left; this one fits in "
        f"{hours} hours at the latest. What is here already can be sent meanwhile."
    )


def _fits_at(rows: Rows, user_id: int, found: Allowance, coming: int, now: datetime) -> datetime:
    """When enough of what came is a day old."""
    used = found.used
    for came_at, size in _came(rows, user_id, now):
        used -= size
        if used + coming <= found.most:
            return came_at + DAY
    return now + DAY


def _came(rows: Rows, user_id: int, now: datetime) -> list[tuple[datetime, int]]:
    """What came within the day, the oldest first, with what is removed by now."""
    found = rows.all(
        """select created_at, bytes from media where user_id = :user_id and created_at > :since
           and origin in ('upload', 'url') order by created_at, id""",
        user_id=user_id,
        since=times.stored(now - DAY),
    )
    return [(times.read(row["created_at"]), row["bytes"]) for row in found]


def _refused(sentence: str) -> Invalid:
    return Invalid("plan_megabytes", sentence, details={"file": sentence})
