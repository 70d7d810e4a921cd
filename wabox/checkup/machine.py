"""Looks at the machine: Python, SQLite, word size, memory, disk, clock."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.config import Config
from wabox.memory_there import memory_mb

MEGABYTE = 1024 * 1024
BASE_MB, FIRST_DEVICE_MB, MORE_DEVICE_MB = 180, 214, 80
LEAST_DISK_MB, LITTLE_DISK_MB = 200, 1_000
FREE_SPACE = (
    "Free some space: sudo apt-get clean; sudo journalctl --vacuum-size=100M; what else is large: "
    "sudo du -xh / | sort -h | tail -n 30."
)
FREE_THERE = "Free some space there; what is large: sudo du -xh %(mount)s | sort -h | tail -n 30."
KEEP_TIME = (
    "Let it be set over the network: sudo apt-get install systemd-timesyncd && sudo timedatectl set-ntp true; "
    "give it a minute."
)
OLDEST_SANE = datetime(2025, 11, 1, tzinfo=UTC)


def findings(config: Config) -> Iterator[Finding]:
    """Everything about the machine itself."""
    yield python(sys.version_info[:3])
    yield sqlite(sqlite3.sqlite_version_info)
    yield word_size(struct.calcsize("P") * 8, platform.machine())
    yield memory(memory_mb(), config.devices.max)
    yield disk(config.data.dir)
    yield clock(datetime.now(UTC), synchronised=_synchronised())


def python(version: tuple[int, ...]) -> Finding:
    """Python is new enough."""
    shown = ".".join(map(str, version))
    if version < (3, 11):
        return bad(
            "python", "Python is %(version)s.", "Use 3.11 or newer, for instance with Debian 12.", version=shown
        )
    return ok("python", "Python is %(version)s.", version=shown)


def sqlite(version: tuple[int, ...]) -> Finding:
    """SQLite is new enough for what wabox asks of it."""
    shown = ".".join(map(str, version))
    if version < (3, 38):
        return bad(
            "sqlite",
            "SQLite is %(version)s.",
            "wabox needs 3.38 or newer, for instance with Debian 12.",
            version=shown,
        )
    return ok("sqlite", "SQLite is %(version)s.", version=shown)


def word_size(bits: int, machine: str) -> Finding:
    """The system is a 64-bit one."""
    if bits != 64:
        return bad(
            "word_size",
            "This system is %(bits)s-bit (%(machine)s).",
            "WhatsApp Web needs a 64-bit system; install the 64-bit Raspberry Pi OS or Debian.",
            bits=bits,
            machine=machine,
        )
    return ok("word_size", "The system is 64-bit (%(machine)s).", machine=machine)


def memory(there_mb: tuple[int, int], most_devices: int) -> Finding:
    """There is memory for one phone, better for all. there_mb: (in all, available)."""
    whole, free = there_mb
    says = "Memory: %(whole)s MB in all, %(free)s MB available."
    one = BASE_MB + FIRST_DEVICE_MB
    everyone = one + MORE_DEVICE_MB * (most_devices - 1)
    values = {"whole": whole, "free": free, "one": one, "phones": most_devices, "everyone": everyone}
    if whole < one:
        return bad(
            "memory",
            says,
            "One phone needs about %(one)s MB, and WhatsApp's own page on top: use a machine with 1 GB at least.",
            **values,
        )
    if free < one:
        cure = "One phone needs about %(one)s MB; stop other programs, or add memory."
        return warning("memory", says, cure, **values)
    if whole < everyone:
        cure = "%(phones)s phones need about %(everyone)s MB; lower [devices] max, or add memory."
        return warning("memory", says, cure, **values)
    return ok("memory", says, **values)


def for_phones(whole_mb: int, phones: int) -> Finding:
    """The memory is enough for the phones that shall send, whatever else may come."""
    needed = BASE_MB + (FIRST_DEVICE_MB + MORE_DEVICE_MB * (phones - 1) if phones else 0)
    values = {"phones": phones, "needed": needed, "whole": whole_mb}
    if whole_mb < needed:
        says = (
            "Phones that shall send: %(phones)s. They need about %(needed)s MB, and this machine has %(whole)s MB."
        )
        return bad(
            "memory_phones", says, "Unlink a phone, or add memory; else the system ends browsers.", **values
        )
    return ok("memory_phones", "Phones that shall send: %(phones)s. The memory is enough for them.", **values)


def disk(directory: Path) -> Finding:
    """There is room where the data lies."""
    there = next(one for one in (directory, *directory.parents) if one.exists())
    free = shutil.disk_usage(there).free // MEGABYTE
    says = "Disk: %(free)s MB free for %(directory)s."
    values = {"free": free, "directory": directory, "mount": mount_of(there)}
    if free < LEAST_DISK_MB:
        return bad("disk", says, free_space(there), **values)
    if free < LITTLE_DISK_MB:
        return warning("disk", says, free_space(there), **values)
    return ok("disk", says, **values)


def free_space(there: Path) -> str:
    """How to make room on the disk that holds this, with its mount: the system's own has more to give."""
    return FREE_SPACE if mount_of(there) == Path("/") else FREE_THERE


def mount_of(there: Path) -> Path:
    """Where the file system that holds this begins."""
    real = there.resolve()
    return next(one for one in (real, *real.parents) if one.is_mount())


def clock(now: datetime, *, synchronised: bool | None) -> Finding:
    """The time is right, as far as this machine can tell. synchronised: None = it cannot."""
    shown = f"{now:%Y-%m-%d %H:%M}"
    if now < OLDEST_SANE:
        says = "The clock says %(time)s UTC, which is in the past."
        return bad("clock", says, KEEP_TIME, time=shown)
    if synchronised is False:
        says = "The clock says %(time)s UTC, and nothing keeps it right."
        return warning("clock", says, KEEP_TIME, time=shown)
    if synchronised:
        return ok("clock", "The clock says %(time)s UTC and is kept right over the network.", time=shown)
    return ok("clock", "The clock says %(time)s UTC.", time=shown)


def _synchronised() -> bool | None:
    program = shutil.which("timedatectl")
    if program is None:
        return None
    asked = [program, "show", "--property", "NTPSynchronized", "--value"]
    try:
        said = subprocess.run(
            asked, capture_output=True, text=True, timeout=5, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(said.stdout.strip())
