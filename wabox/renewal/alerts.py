"""When somebody was last told that a phone's page lacks what sending needs."""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox import times
from wabox.db import Tx

AGAIN = timedelta(days=1)


def due(tx: Tx, device_id: int, *, now: datetime) -> bool:
    """Whether it shall be told now; then it counts as told."""
    moved = tx.run(
        """insert into device_pages (device_id, user_id, told_at)
           select id, user_id, :now from devices where id = :id
           on conflict do update set told_at = :now where told_at is null or told_at <= :before""",
        id=device_id,
        now=times.stored(now),
        before=times.stored(now - AGAIN),
    )
    return moved == 1
