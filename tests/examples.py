"""How many examples hypothesis tries: in the suite a quarter, other ones each time; with WABOX_LONG all."""

from __future__ import annotations

import os


def tries(number: int) -> int:
    """number: what WABOX_LONG=1 tries."""
    return number if os.environ.get("WABOX_LONG") else number // 4
