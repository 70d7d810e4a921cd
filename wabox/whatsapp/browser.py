"""Which Chromium there is, and how it must be started: hardened, quiet, bound to a few hosts."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

# Full Chromium first: the shell calls itself headless in its client hints.
NAMES = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
WHATSAPP_HOSTS = ("web.whatsapp.com", "*.whatsapp.com", "*.whatsapp.net")
HARDENING = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--disable-gpu",
    "--no-pings",
    "--metrics-recording-only",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What the browser's helper process must never inherit: a debug port or log would be a way in.
_DROPPED = re.compile(r"DEBUG|DEBUGP|PWDEBUG|PLAYWRIGHT_CHROMIUM_DEBUG_PORT|NODE_OPTIONS|PW_.*")


@dataclass(frozen=True, slots=True)
class Chromium:
    """A browser on this machine. version: None if it did not say."""

    path: Path
    version: str | None

    @property
    def user_agent(self) -> str | None:
        """What this Chromium calls itself with a window: its own text without "Headless".

        Since version 107 Chromium names only its major version, on every Linux the same.
        Source: chromium.org/updates/ua-reduction, seen 2026-11-22.
        """
        if self.version is None:
            return None
        return (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{self.version.partition('.')[0]}.0.0.0 Safari/537.36"
        )


def find(setting: str | None) -> Chromium | None:
    """The browser to use: the one of the setting, else the first found; None if there is none."""
    for name in (setting,) if setting else NAMES:
        if found := shutil.which(name):
            return _asked(Path(found), Path(found).stat().st_mtime_ns)
    return None


def is_loopback(url: str) -> bool:
    """The site is on this machine: the sandbox, or a test."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def runs_as_root() -> bool:
    """As root Chromium has no sandbox."""
    return os.geteuid() == 0


def refuses(url: str) -> bool:
    """We run as root and the site is not on this machine: no browser may be started."""
    return runs_as_root() and not is_loopback(url)


def arguments(url: str, user_agent: str | None) -> list[str]:
    """Chromium's extra flags for a site."""
    flags = [*HARDENING, f"--host-resolver-rules={resolver_rules(url)}"]
    if user_agent:
        flags.append(f"--user-agent={user_agent}")
    return flags


def resolver_rules(url: str) -> str:
    """Only these names resolve, for pages, workers and WebSockets alike; all others do not exist.

    A site on this machine gets its own port and nothing more; any other site gets its host and
    WhatsApp's own hosts.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(url):
        shown = f"[{host}]" if ":" in host else host
        here = f"{shown}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)}"
        return f"MAP {here} {here}, MAP * ~NOTFOUND"
    allowed = dict.fromkeys((host, *WHATSAPP_HOSTS))
    return ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {name}" for name in allowed)])


def environment() -> dict[str, str]:
    """Our environment without what would open the browser or its helper to others."""
    return {name: value for name, value in os.environ.items() if not _DROPPED.fullmatch(name)}


@lru_cache(maxsize=8)
def _asked(path: Path, _changed: int) -> Chromium:
    """Asks the browser its version, once per installed file."""
    try:
        said = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    version = re.search(r"\d+\.\d+\.\d+\.\d+", said)
    return Chromium(path, version[0] if version else None)
