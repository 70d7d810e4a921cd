"""By which names this machine calls itself; nobody else is asked."""

from __future__ import annotations

import functools
import ipaddress
import socket
from pathlib import Path

HOSTS = Path("/etc/hosts")
MOST_BYTES = 1_000_000

# What every system's own table of hosts calls this machine.
_EVERYWHERE = frozenset(
    [
        "localhost",
        "localhost.localdomain",
        "localhost6",
        "localhost6.localdomain6",
        "ip6-localhost",
        "ip6-loopback",
    ]
)


def names(host: str) -> bool:
    """Whether the host means this machine. host: lower-case ASCII, without a dot at its end."""
    if host in _EVERYWHERE or host.endswith(".localhost"):
        return True
    return host == _own_name() or host in _in_table()


def _own_name() -> str | None:
    """One with a domain may be what the world calls it, at its public address."""
    name = socket.gethostname().lower().removesuffix(".")
    return name if name and "." not in name else None


def _in_table() -> frozenset[str]:
    """What the table of hosts has for loopback. Of a table that cannot be read: nothing."""
    try:
        found = HOSTS.stat()
        return _read(HOSTS, found.st_mtime_ns, found.st_size) if found.st_size <= MOST_BYTES else frozenset()
    except (OSError, ValueError):
        return frozenset()


@functools.lru_cache(maxsize=1)
def _read(table: Path, _mtime_ns: int, _size: int) -> frozenset[str]:
    """Once for each state of the file."""
    lines = (line.partition("#")[0].lower().split() for line in table.read_text(encoding="utf-8").splitlines())
    own = [called for at, *called in filter(None, lines) if _is_loopback(at)]
    return frozenset(name.removesuffix(".") for called in own for name in called)


def _is_loopback(written: str) -> bool:
    try:
        return ipaddress.ip_address(written).is_loopback
    except ValueError:
        return False
