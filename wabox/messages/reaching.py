"""Whether what a device sends reaches anybody: a sign that only its last messages together give."""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox import times
from wabox.db import Rows

ENOUGH = 15  # of fewer it is chance: phones are off at night
SETTLED = timedelta(minutes=30)
RECENT = timedelta(days=3)


def none_arrive(rows: Rows, device_id: int, *, now: datetime) -> bool:
    """Whether WhatsApp took the device's last messages, half an hour ago and longer, and delivered none of them.

    So it goes where WhatsApp limits a number without saying so. Newer ones count only once they are delivered.
    Source: OpenWA issue 454, whatsmeow issue 1197, seen 2026-11-20.
    """
    found = rows.one(
        """select count(*) as n, coalesce(sum(delivered_at is not null), 0) as arrived from (
             select delivered_at from messages where device_id = :device_id and spent_at >= :since
             and status in ('sent', 'delivered', 'read') and (sent_at <= :settled or delivered_at is not null)
             order by spent_at desc limit :enough)""",
        device_id=device_id,
        since=times.stored(now - RECENT),
        settled=times.stored(now - SETTLED),
        enough=ENOUGH,
    )
    return found is not None and found["n"] == ENOUGH and found["arrived"] == 0
