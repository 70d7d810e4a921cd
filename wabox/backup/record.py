"""What became of the latest backups, in a file beside the data: a restore does not bring an older box's past."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec

from wabox.datadir import PRIVATE_FILE, DataDir, flush

KEPT = 60
FILE = "record.json"
WAITS = "waits.json"


class Entry(msgspec.Struct, frozen=True):
    """One try. why: what went wrong, "" = it is whole and was opened again at `tried_at`.

    by: night, page. missing: the directory itself was not there. after: what the owner's command said, None = it
    was not asked for; after_failed: that it failed. doubts: promises that do not hold in the box itself.
    """

    at: datetime
    by: str
    name: str
    place: str
    bytes: int = 0
    sealed: bool = False
    tried_at: datetime | None = None
    why: str = ""
    missing: bool = False
    after: str | None = None
    after_failed: bool = False
    messages: int = 0
    doubts: list[str] = []

    @property
    def well(self) -> bool:
        """Whether a box could be put back from it."""
        return not self.why

    @property
    def path(self) -> Path:
        """Where the file lies, if nobody moved it."""
        return Path(self.place, self.name)


def entries(data: DataDir) -> list[Entry]:
    """The latest first. A record that cannot be read is none: the backups themselves are whole or not."""
    try:
        return msgspec.json.decode((data.backups / FILE).read_bytes(), type=list[Entry])
    except (OSError, msgspec.DecodeError):
        return []


def add(data: DataDir, entry: Entry) -> None:
    """It is on record."""
    _write(data, FILE, msgspec.json.encode([entry, *entries(data)][:KEPT]))


def waits_since(data: DataDir) -> datetime | None:
    """Since when tonight's waits for its turn, also over a start of the box; None: it does not."""
    try:
        return msgspec.json.decode((data.backups / WAITS).read_bytes(), type=datetime)
    except (OSError, msgspec.DecodeError):
        return None


def waits(data: DataDir, since: datetime | None) -> None:
    """Tonight's waits since then, or does not wait any more. Nothing is written where that is so already."""
    if since == waits_since(data):
        return
    if since is None:
        (data.backups / WAITS).unlink(missing_ok=True)
    else:
        _write(data, WAITS, msgspec.json.encode(since))


def _write(data: DataDir, name: str, what: bytes) -> None:
    data.backups.mkdir(mode=0o700, exist_ok=True)
    half = data.backups / f"{name}.new"
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(handle, "wb") as file:
        file.write(what)
        file.flush()
        os.fsync(handle)
    half.replace(data.backups / name)
    flush(data.backups)
