"""How long a device rests after a message."""

from __future__ import annotations

import random
from datetime import datetime, timedelta


def next_send_at(now: datetime, gap_seconds: tuple[float, float]) -> datetime:
    """The earliest moment the device may send again; drawn uniformly, never before now.

    gap_seconds: (low, high). Caps and quiet hours are the gate's.
    """
    return now + timedelta(seconds=random.uniform(*gap_seconds))
