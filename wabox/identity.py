"""Whether these data are still where they were: the box, its machine and its directory, so that a copy is noticed.

The row says where the box lives; the directory's own number on its file system is what no copy takes along. A new
name of the directory on the same machine is no copy. What runs under a box's id on this machine is noted outside
the data, too: so the first one learns at its next start that a copy of it was let go.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from wabox import fence, times
from wabox.db import Rows, Tx

BOX, HOME, RIVAL, SEEN = "box_id", "home", "rival", "seen_at"
# Here a directory keeps its number as long as it lives; elsewhere (FAT, shares) each mount may give another.
STEADY = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "overlay"})
_MACHINE = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_BOARD = (Path("/sys/firmware/devicetree/base/serial-number"), Path("/proc/device-tree/serial-number"))
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Home:
    """machine: a digest, "" where the machine has no id. number: the directory's inode, 0 where none stays."""

    machine: str
    host: str
    path: str
    number: int

    @property
    def named(self) -> str:
        """As people would call it."""
        return f"{self.host}, {self.path}"

    def same_as(self, other: Home) -> bool:
        """Whether both are one place. What is not known of one of them speaks for nothing."""
        machine = self.machine == other.machine or not (self.machine and other.machine)
        number = self.number == other.number or not (self.number and other.number)
        return machine and number


def here(directory: Path) -> Home:
    """Where this data directory is."""
    place = directory.resolve()
    number = place.stat().st_ino if _filesystem(place) in STEADY else 0
    return Home(_machine(), socket.gethostname(), str(place), number)


def settle(tx: Tx, at: Home, other: Home | None, *, now: datetime) -> bool:
    """The row says where the box is now. True: it was found to be a copy, or to have one, and is held.

    other: another directory on this machine that has the phones under the same id. Of which the owner was told
    already and let this one go on, that one is no news; once this one has the phones (`took_over`) it is again.
    """
    box_id(tx)
    was = home(tx)
    copied = was is not None and not was.same_as(at)
    first = was if copied else other if other != _home(tx, RIVAL) else None
    if first is not None:
        _put(tx, RIVAL, json.dumps(asdict(first)))
        seen = tx.value("select value from box where key = :key", key=SEEN)
        fence.quarantine(tx, "copied", behind=times.read_or_none(seen), other=first.named, now=now)
    if was != at:
        _put(tx, HOME, json.dumps(asdict(at)))
    return first is not None


def box_id(tx: Tx) -> str:
    """The box's own id, which its backups and copies have too; made now if there is none."""
    found = tx.value("select value from box where key = :key", key=BOX)
    if found is None:
        found = secrets.token_hex(16)
        _put(tx, BOX, found)
    return str(found)


def home(rows: Rows) -> Home | None:
    """Where the box was when it ran last."""
    return _home(rows, HOME)


def took_over(tx: Tx) -> str:
    """This box opens its phones: whoever else turns up from now on is news. Returns the box's id."""
    tx.run("delete from box where key = :key", key=RIVAL)
    return box_id(tx)


def forget_home(tx: Tx) -> None:
    """The next start is at home wherever it is: what was restored is held anyway."""
    tx.run("delete from box where key = :key", key=HOME)


# -- outside the data -------------------------------------------------------------------------------------


def note(box: str, at: Home) -> None:
    """This directory has the box's phones from now on, as far as this machine can say."""
    file = _note(box)
    if file.resolve().is_relative_to(at.path):  # a copy would take it along
        return
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = file.with_suffix(".new")
        half.write_text(json.dumps(asdict(at)), encoding="utf-8")
        half.replace(file)


def noted_elsewhere(box: str, at: Home) -> Home | None:
    """Another directory of this machine that has the box's phones, if it is there still."""
    with suppress(OSError, ValueError, TypeError):
        other = Home(**json.loads(_note(box).read_text(encoding="utf-8")))
        place = Path(other.path)
        alive = (place / "wabox.db").exists() and place.stat().st_ino == other.number
        if alive and not other.same_as(at):
            return other
    return None


def _home(rows: Rows, key: str) -> Home | None:
    text = rows.value("select value from box where key = :key", key=key)
    return None if text is None else Home(**json.loads(text))


def _note(box: str) -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path(os.environ.get("HOME", "/nonexistent"), ".local", "state")
    return Path(state, "wabox", f"{box}.json")


def _machine() -> str:
    """Digested, for systemd asks that a machine's id be told to nobody."""
    parts = [_first(_MACHINE), _first(_BOARD)]
    if not any(parts):
        return ""
    return hashlib.sha256("\n".join(["wabox", *parts]).encode()).hexdigest()[:32]


def _first(paths: tuple[Path, ...]) -> str:
    for path in paths:
        with suppress(OSError):
            text = path.read_text(encoding="ascii", errors="replace").strip("\0 \n")
            if text and text != "uninitialized":
                return text
    return ""


def _filesystem(place: Path) -> str:
    """The kind of file system that a directory is on; "" if the machine does not say."""
    found = ("", "")
    with suppress(OSError):
        for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
            fields, _, rest = line.partition(" - ")
            mount = fields.split(" ")[4].replace("\\040", " ")
            if place.is_relative_to(mount) and len(mount) >= len(found[0]):
                found = (mount, rest.split(" ")[0])
    return found[1]


def _put(tx: Tx, key: str, value: str) -> None:
    tx.run("insert or replace into box (key, value) values (:key, :value)", key=key, value=value)
