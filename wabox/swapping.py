"""Puts a whole box in the place of another, so that a cut at any moment leaves the one or the other.

What is unpacked lies in `restoring`. Renamed to `restored` it is decided: whoever holds the data directory next
goes on where it was cut. First all that belonged to the old box is moved aside, then `restored` becomes `placing`,
then each thing of it takes its place; by then nothing of the old box lies about, so nothing can be mistaken.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

STAGED, DECIDED, PLACING = "restoring", "restored", "placing"
BROUGHT = "brought"  # a backup that a browser brings; of no use once the process that took it is gone
ASIDE = "set-aside"
# What makes a box, the database first: without it nobody takes the rest for a box that works.
OWN = (
    "wabox.db",
    "wabox.db-wal",
    "wabox.db-shm",
    "wabox.db-journal",
    "queue.db",
    "queue.db-wal",
    "queue.db-shm",
    "profiles",
    "media",
    "receipts",
    "imports",
    "engine",
    "setup-link",
    "first-start",
    "wabox.toml.restored",
    "secret.key",
)
RESTORED_SETTINGS = "wabox.toml.restored"


def decide(place: Path) -> None:
    """What is staged, whole and on the disk, is the box from now on."""
    (place / STAGED).rename(place / DECIDED)
    flush(place)


def finish(place: Path) -> None:
    """No restore is halfway any more: what was decided is done, else it is gone. The caller holds the lock."""
    (place / BROUGHT).unlink(missing_ok=True)
    if (place / STAGED).exists():
        shutil.rmtree(place / STAGED)
    if (place / DECIDED).exists():
        _set_aside(place)
        (place / DECIDED).rename(place / PLACING)
        flush(place)
    if (place / PLACING).exists():
        for one in sorted((place / PLACING).iterdir()):
            one.rename(place / one.name)
        flush(place)
        (place / PLACING).rmdir()
        flush(place)


def _set_aside(place: Path) -> None:
    there = [place / name for name in OWN if (place / name).exists()]
    empty = {"profiles"} if not any((place / "profiles").glob("*")) else set()
    there = [one for one in there if one.name not in empty]
    for name in empty:
        if (place / name).exists():
            (place / name).rmdir()
    if not there:
        return
    decided = datetime.fromtimestamp((place / DECIDED).stat().st_mtime, UTC)  # the same when it is gone on with
    aside = place / ASIDE / f"{decided:%Y-%m-%d-%H%M%S-%f}"
    aside.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in there:
        one.rename(aside / one.name)
    flush(aside)
    flush(place)


def flush(folder: Path) -> None:
    """What came into it, went or was renamed is so on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
