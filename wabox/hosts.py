"""Knows by which names this box is called: another may be a stranger's, pointed here (DNS rebinding)."""

from __future__ import annotations

import functools
import ipaddress
from urllib.parse import urlsplit

from wabox.config import Server
from wabox.errors import Forbidden

LOCAL_ENDS = (".localhost", ".local", ".lan", ".home.arpa", ".internal")


def check(host: str, server: Server) -> None:
    """Nothing happens if a Host header names this box. Raises Forbidden `unknown_host`, saying what to do."""
    name = _name_of(host)
    if name is not None and (name in _own(server) or _is_private(name)):
        return
    raise Forbidden(
        "unknown_host",
        f"This box does not know itself by the name {(name or '?')[:80]}. If the name is right, write it into "
        "wabox.toml as [server] public_url and start wabox again.",
    )


@functools.lru_cache(maxsize=8)
def _own(server: Server) -> tuple[str | None, str]:
    return urlsplit(server.public_url or "").hostname, server.host.lower()


@functools.lru_cache(maxsize=64)
def _name_of(host: str) -> str | None:
    """The name in a Host header, small and without its port. None: it is no address of anything."""
    try:
        parts = urlsplit(f"//{host}")
        return (parts.hostname or "").rstrip(".") if parts.port != 0 else None
    except ValueError:
        return None


@functools.lru_cache(maxsize=64)
def _is_private(name: str) -> bool:
    """Whether no stranger can own the name."""
    return "." not in name or name.endswith(LOCAL_ENDS) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
