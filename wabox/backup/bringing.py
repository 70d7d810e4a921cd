"""A backup that a browser brings to a box without an owner: on the disk beside the data, then put in its place.

While it comes it is a file that nobody else sees, and gone if it does not come whole. It is checked to its end
before a thing of the box is touched. The set-up link is spent for it: nobody makes the box theirs meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from wabox import datadir, swapping
from wabox.accounts import links, users
from wabox.backup import age, restoring
from wabox.box import Box
from wabox.datadir import DataDir
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.media import store

LONGEST_NAME = 100
MEANWHILE = later("The box has an owner meanwhile, or its set-up link is over; nothing was put back.")


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that came whole. name: as its sender calls it. sealed: it takes a passphrase or an identity."""

    path: Path
    name: str
    bytes: int
    sealed: bool


class Coming:
    """The file on its way in. As a context: what did not come whole is gone when it is left."""

    def __init__(self, data: DataDir) -> None:
        """The caller sees to it that there is one at a time."""
        self._path = data.brought
        self._path.unlink(missing_ok=True)
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, datadir.PRIVATE_FILE)
        self._file: IO[bytes] = os.fdopen(handle, "wb")
        self._bytes = 0
        self._whole = False

    def __enter__(self) -> Coming:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self._whole:
            self._path.unlink(missing_ok=True)

    def announce(self, size: int) -> None:
        """So many bytes will come, and lie there twice while it is unpacked. Raises NoRoom `storage_full`."""
        restoring.check_room(self._path.parent, 2 * size + store.LEFT_FREE)

    def write(self, piece: bytes) -> None:
        """The piece is in it. Raises NoRoom, Unavailable `storage_full`."""
        self._bytes += len(piece)
        with store.full_disk_is_said():
            self._file.write(piece)

    def finish(self, name: str | None) -> Brought:
        """It is whole and on the disk. name: what its sender calls it."""
        with store.full_disk_is_said():
            self._file.flush()
            os.fsync(self._file.fileno())
        self._whole = True
        with self._path.open("rb") as file:
            return Brought(self._path, shown_name(name), self._bytes, age.is_sealed(file))


def shown_name(name: str | None) -> str:
    """What a file is called on a page: the end of its path, without what writing could hide in."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in last if one.isprintable())[:LONGEST_NAME] or "?"


async def decide(box: Box, data: DataDir, token: str) -> None:
    """What is staged is the box from the next start on. Raises Invalid `owner_exists`: what is staged is gone.

    token: of the set-up link, which is spent. Cut off after that, the next start prints another.
    """
    if not await box.db.write(_spend, token, box.now()):
        shutil.rmtree(data.staged, ignore_errors=True)
        raise Invalid("owner_exists", MEANWHILE)
    await asyncio.to_thread(swapping.decide, data.path)
    data.brought.unlink(missing_ok=True)


def _spend(tx: Tx, token: str, now: datetime) -> bool:
    return not users.owner_exists(tx) and links.use(tx, token, "setup", now) is not None
