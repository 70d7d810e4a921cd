"""How much memory this process, Playwright's helper and the browsers use, as /proc tells it."""

from __future__ import annotations

import os
import resource
from collections import defaultdict
from pathlib import Path

PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")


def used() -> dict[str, int]:
    """{"wabox" | "node" | "chromium": bytes}; what processes share is divided among them. Reads /proc once."""
    mine = os.getpid()
    found = {"wabox": 0, "node": 0, "chromium": 0}
    for pid in family(mine):
        kind = "wabox" if pid == mine else "node" if _is_node(pid) else "chromium"
        found[kind] += _bytes(pid)
    return found


def family(pid: int) -> list[int]:
    """The process and all below it, as far as they run now."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in os.listdir(PROC):  # noqa: PTH208 - a third of iterdir's time, and there are many
        if entry.isdigit():
            parent = _parent(int(entry))
            children[parent].append(int(entry))
    found = [pid]
    for one in found:  # grows while it is walked
        found += children[one]
    return found


def open_files() -> tuple[int, int]:
    """(how many this process has open, how many it may)."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        return len(os.listdir(PROC / "self" / "fd")), most  # noqa: PTH208 - there may be thousands
    except OSError:  # not one more, even to look
        return most, most


def _parent(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _is_node(pid: int) -> bool:
    try:
        return b"run-driver" in (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


def _bytes(pid: int) -> int:
    """Its proportional share; all that is resident where the system does not tell."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError, ValueError):
        return 0
