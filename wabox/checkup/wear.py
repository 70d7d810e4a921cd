"""What a box has written to its disk: a memory card bears only so much of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from wabox.checkup import memory
from wabox.checkup.findings import Finding, ok, warning

REWRITES = (
    50  # of the whole card: some 500 erasures, and ten times what it is given in small pieces; a rule of thumb
)
SOON_SECONDS = 3_600  # before that a day cannot be told
DAY_SECONDS = 86_400
FEW_YEARS = 2
MEGABYTE = 1_000_000


def written(pid: int | None = None) -> int:
    """Bytes that a process, or this one, has given to the disk since it began; 0 where that is not told."""
    try:
        found = Path(f"/proc/{pid or 'self'}/io").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in found.splitlines() if line.startswith("write_bytes")), 0)


def of_family(pid: int | None = None) -> dict[str, int]:
    """{"wabox" | "browsers": bytes} of a process, or this one, and of those below it that run now."""
    mine = pid or os.getpid()
    below = [one for one in memory.family(mine) if one != mine]
    return {"wabox": written(mine), "browsers": sum(written(one) for one in below)}


def up_seconds(pid: int) -> float:
    """How long the process runs; 0 where that is not told."""
    try:
        began = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        up = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    except (OSError, IndexError, ValueError):
        return 0.0
    return max(up - began / os.sysconf("SC_CLK_TCK"), 0.0)


def findings(found: Mapping[str, int], *, seconds: float, disk: int) -> Iterator[Finding]:
    """How long a cheap card bears what was written in so many seconds. disk: its size, in bytes."""
    total = sum(found.values())
    if seconds < SOON_SECONDS or not total or not disk:
        return
    day = total * DAY_SECONDS / seconds
    years = int(disk * REWRITES / day / 365)
    values = {"n": max(round(day / MEGABYTE), 1), "years": min(years, 50), "gb": max(round(disk / 1e9), 1)}
    if years < FEW_YEARS:
        cure = "Put the data on an SSD ([data] dir), or send from a box with one; and keep a backup elsewhere."
        says = (
            "wabox and its browsers write %(n)s MB a day: a cheap card of %(gb)s GB may fail within "
            "%(years)s years."
        )
        yield warning("wear", says, cure, **{**values, "years": years + 1})
    else:
        says = (
            "wabox and its browsers write %(n)s MB a day: a cheap card of %(gb)s GB bears that for "
            "%(years)s years or more."
        )
        yield ok("wear", says, **values)
