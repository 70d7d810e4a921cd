"""Looks at what a box stands on: clock's source, disk, the browser's age, time zone, a proxy in front, systemd."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from babel.core import get_global

from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.checkup.machine import free_space, mount_of
from wabox.config import Config
from wabox.whatsapp import browser

SYS = Path("/sys")
SERVICE_FILE, SERVICE_USER = Path("/etc/wabox/wabox.toml"), "wabox"
KEEPERS = {
    "systemd-timesyncd": "systemd-timesyncd",
    "chrony": "chrony",
    "chronyd": "chrony",
    "ntpsec": "ntpsec",
    "ntp": "ntp",
}
OLD_BROWSER = timedelta(days=120)
FLUSHES, SLOW_MS, TOO_SLOW_MS = 5, 100, 1_000
WORN_TENTHS = 9  # of the life that a memory chip's maker gives it
FLAPS = 5
FULL = (errno.ENOSPC, errno.EDQUOT)
FAILING = "The disk cannot be read or written: check it, and copy the data while you can."
FLAPPED = "See why it ended: journalctl -u wabox; once that is put right: sudo systemctl restart wabox"


def findings(config: Config) -> Iterator[Finding]:
    """What can be looked at in a moment, and nothing written for it."""
    yield clock(keeper(), has_chip=(SYS / "class/rtc/rtc0").exists())
    yield from disk(config.data.dir)
    yield from _browser(config)
    yield zone(config.zone.key, config.locale.country)
    yield from proxy(config)


def of_service(config: Config) -> Iterator[Finding]:
    """What takes longer, or is only so of the service: the disk's speed, whose the data are, what systemd says."""
    if config.data.dir.is_dir() and os.access(config.data.dir, os.W_OK):
        yield keeps(config.data.dir)
    if config.path == SERVICE_FILE:
        yield unit(_unit())
        yield owner(config.data.dir, _number_of(SERVICE_USER))


def owner(directory: Path, wanted: int | None) -> Finding:
    """The service's user owns its data, and each file in them: a command that ran as root may have left others."""
    try:
        there = [directory, *directory.iterdir()]
        strange = [one for one in there if wanted is not None and one.lstat().st_uid != wanted]
    except OSError:
        strange = [directory]
    if not strange:
        return ok("owner", "The data belong to the service's user.")
    says = "%(names)s in %(path)s belong to another user, so the service cannot use them."
    cure = "sudo chown -R wabox: %(path)s && sudo systemctl restart wabox"
    names = ", ".join("." if one == directory else one.name for one in strange[:5])
    return bad("owner", says, cure, names=names, path=directory)


def _number_of(user: str) -> int | None:
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return None


def keeper() -> str | None:
    """The program that keeps the clock right; None: none that is known here."""
    return next((name for service, name in KEEPERS.items() if _runs(service)), None)


def clock(found: str | None, *, has_chip: bool) -> Finding:
    """Where the time comes from, now and after a power cut."""
    if found is None and not has_chip:
        says = "Nothing that is known here keeps the clock, and this machine has no clock chip."
        cure = "After a power cut the time is wrong. Install one: sudo apt-get install systemd-timesyncd"
        return warning("clock_source", says, cure)
    if found is None:
        return ok("clock_source", "The time comes from this machine's clock chip or its host.")
    if not has_chip:
        says = "%(program)s keeps the clock; there is no clock chip, so after a power cut it needs the network."
        return ok("clock_source", says, program=found)
    return ok("clock_source", "%(program)s keeps the clock, and a clock chip holds it.", program=found)


def disk(directory: Path) -> Iterator[Finding]:
    """The disk has not failed, as far as the kernel tells without root."""
    device = _device(directory)
    errors = _number(SYS / "fs/ext4" / device / "errors_count") if device else None
    if errors:
        says = "The file system on %(device)s has had %(n)s errors."
        cure = "Make a backup now, then check it (fsck) and replace the disk or card."
        yield bad("disk_health", says, cure, device=device, n=errors)
    elif (worn := _worn(device)) is not None and worn >= WORN_TENTHS:
        says = "The memory of %(device)s has used over %(percent)s %% of its life."
        yield warning(
            "disk_health", says, "Make a backup, then replace it.", device=device, percent=worn * 10 - 10
        )
    else:
        yield ok("disk_health", "The disk tells of no errors.")


def keeps(directory: Path) -> Finding:
    """The disk takes a small change there, and how fast."""
    try:
        return speed(flush_ms(directory))
    except OSError as error:
        cure = free_space(directory) if error.errno in FULL else FAILING
        says = "The disk keeps no small change in %(path)s: %(why)s."
        return bad("disk_speed", says, cure, path=directory, why=error.strerror, mount=mount_of(directory))


def speed(milliseconds: float) -> Finding:
    """How long the disk takes until a small change is safe: each send waits for some."""
    n = round(milliseconds)
    if n >= TOO_SLOW_MS:
        says = "The disk takes %(n)s ms to keep a small change."
        return bad("disk_speed", says, "Use a faster card, or better an SSD, before it loses data.", n=n)
    if n >= SLOW_MS:
        cure = "A faster card or an SSD answers sooner; look whether another program writes much."
        return warning("disk_speed", "The disk takes %(n)s ms to keep a small change.", cure, n=n)
    return ok("disk_speed", "The disk keeps a small change in %(n)s ms.", n=max(n, 1))


def flush_ms(directory: Path) -> float:
    """What the middle of some small flushed writes took there, in milliseconds."""
    took = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(FLUSHES):
            began = monotonic()
            file.write(os.urandom(4096))
            os.fsync(file.fileno())
            took.append((monotonic() - began) * 1000)
    return sorted(took)[FLUSHES // 2]


def browser_age(built: datetime, now: datetime, *, package: str = "chromium") -> Finding:
    """The browser is of this season: WhatsApp's page asks for a new one, and old ones have known holes."""
    days = (now - built).days
    if now - built > OLD_BROWSER:
        cure = (
            "Bring it up to date: sudo apt-get update && sudo apt-get install --only-upgrade %(package)s; then "
            "restart wabox. If there is no newer one, /etc/apt/sources.list does not name the security updates."
        )
        return warning("browser_age", "The browser is %(n)s days old.", cure, n=days, package=package)
    return ok("browser_age", "The browser is %(n)s days old.", n=max(days, 0))


def zone(name: str, country: str) -> Finding:
    """The time zone lies in the country whose numbers are understood: else one of the two was forgotten."""
    there = get_global("zone_territories").get(get_global("zone_aliases").get(name, name))
    if there is not None and there != country:
        says = "The time zone is %(zone)s, but numbers are read as those of %(country)s."
        cure = "Set [locale] timezone and country in wabox.toml: quiet hours and caps go by the first."
        return warning("zone", says, cure, zone=name, country=country)
    if there is None:
        says = "The time zone is %(zone)s, which is no country's."
        cure = "Set [locale] timezone in wabox.toml, or quiet hours come at the wrong time."
        return warning("zone", says, cure, zone=name)
    return ok("zone", "The time zone is %(zone)s.", zone=name)


def proxy(config: Config) -> Iterator[Finding]:
    """A proxy in front is believed; else all who come through it look like one, and lock each other out."""
    server = config.server
    if server.public_url is None:
        return
    if not server.trusted_proxies:
        says = "People use %(url)s, but no proxy is trusted: all of them look like one."
        cure = 'Name the proxy: [server] trusted_proxies = ["127.0.0.1"] if it runs on this machine.'
        yield warning("proxy", says, cure, url=server.public_url)
    else:
        yield ok("proxy", "People use %(url)s, through a proxy that is believed.", url=server.public_url)


def unit(found: dict[str, str]) -> Finding:
    """systemd has today's unit, starts it with the machine, and need not start it again and again."""
    state, restarts = found.get("ActiveState", ""), int(found.get("NRestarts") or 0)
    if not state:
        return ok("unit", "What systemd says of wabox cannot be asked here.")
    if found.get("LoadState") == "not-found":
        cure = "Put it in place again: sudo ./install.sh service, in the directory of wabox's checkout."
        return bad("unit", "systemd knows no wabox.service.", cure)
    if found.get("LoadState") == "masked":
        cure = "sudo systemctl unmask wabox && sudo systemctl enable --now wabox"
        return bad("unit", "The service is masked, so nothing starts it.", cure)
    if state != "active":
        cure = "Start it: sudo systemctl start wabox; why it ended: journalctl -u wabox"
        return bad("unit", "The service is %(state)s.", cure, state=state)
    if found.get("UnitFileState") != "enabled":
        cure = "sudo systemctl enable wabox"
        return warning("unit", "The service does not start with the machine.", cure)
    if found.get("NeedDaemonReload") == "yes":
        cure = "sudo systemctl daemon-reload && sudo systemctl restart wabox"
        return warning("unit", "systemd has not read today's wabox.service.", cure)
    if restarts >= FLAPS:
        says = "systemd had to start the service again %(n)s times."
        return warning("unit", says, FLAPPED, n=restarts)
    return ok("unit", "The service runs and starts with the machine.")


def _browser(config: Config) -> Iterator[Finding]:
    found = browser.find(config.whatsapp.chromium)
    if found is None:
        return
    path = found.path.resolve()
    program = next(
        (one for one in (path.parent / "chrome", Path("/usr/lib/chromium/chromium")) if one.exists()), path
    )
    built = datetime.fromtimestamp(program.stat().st_mtime, UTC)
    package = "google-chrome-stable" if "chrome" in path.name or path.parent.name == "chrome" else "chromium"
    yield browser_age(built, datetime.now(UTC), package=package)


def _unit() -> dict[str, str]:
    names = "LoadState,ActiveState,NRestarts,UnitFileState,NeedDaemonReload"
    said = _said("systemctl", "show", "-p", names, "wabox")
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def _runs(service: str) -> bool:
    return _said("systemctl", "is-active", service).strip() == "active"


def _said(*words: str) -> str:
    if shutil.which(words[0]) is None:
        return ""
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _device(directory: Path) -> str | None:
    """The name of the block device that holds this, as vda1."""
    there = next(one for one in (directory, *directory.parents) if one.exists())
    number = there.stat().st_dev
    link = SYS / "dev/block" / f"{os.major(number)}:{os.minor(number)}"
    return link.resolve().name if link.exists() else None


def _worn(device: str | None) -> int | None:
    """Tenths of an SD card's or eMMC's life, the worse of its two kinds of cells; None: it does not tell."""
    if device is None:
        return None
    block = (SYS / "class/block" / device).resolve()
    for place in (block, block.parent):
        try:
            words = (place / "device/life_time").read_text(encoding="ascii").split()
            return max(int(word, 16) for word in words)
        except (OSError, ValueError):
            continue
    return None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
