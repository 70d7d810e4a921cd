"""How much memory there is for wabox: the machine's, or what a container may take of it, if that is less."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Version:
    """How a version of the kernel's control groups writes it. mounts: where, the first that is there."""

    mounts: tuple[str, ...]
    limit: str
    used: str
    given_back: str


_V1 = _Version(("sys/fs/cgroup/memory",), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = _Version(("sys/fs/cgroup", "sys/fs/cgroup/unified"), "memory.max", "memory.current", "inactive_file")


def memory_mb(root: Path = Path("/")) -> tuple[int, int]:
    """(in all, available), as this process may have it. root: of the file system that tells.

    Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html, seen 2026-11-28.
    """
    lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
    kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    whole, free = kilobytes["MemTotal"] * 1024, kilobytes.get("MemAvailable", kilobytes["MemFree"]) * 1024
    for limit, left in _limits(root):
        whole, free = min(whole, limit), min(free, left)
    return whole // MEGABYTE, max(free, 0) // MEGABYTE


def _limits(root: Path) -> Iterator[tuple[int, int]]:
    """(limit, what is left of it) of each group that this process is in, in bytes."""
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for _, kinds, path in (line.split(":", 2) for line in groups if line.count(":") >= 2):
        if not kinds:
            yield from _of(root, _V2, path)
        elif "memory" in kinds.split(","):
            yield from _of(root, _V1, path)


def _of(root: Path, version: _Version, path: str) -> Iterator[tuple[int, int]]:
    """Of the group and of those above it: a container that does not see its own name sees itself as the root."""
    for mount in (root / one for one in version.mounts):
        own = mount / path.strip("/")
        for group in (own, *(one for one in own.parents if one.is_relative_to(mount))):
            yield from _limit(group, version)


def _limit(group: Path, version: _Version) -> Iterator[tuple[int, int]]:
    try:
        limit = int((group / version.limit).read_text(encoding="ascii"))
        used = int((group / version.used).read_text(encoding="ascii"))
        told = (group / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):  # `max`, or no such file: none
        return
    given_back = next((int(line.split()[1]) for line in told if line.startswith(version.given_back + " ")), 0)
    yield limit, limit - used + given_back
