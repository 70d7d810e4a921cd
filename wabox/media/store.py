"""Where files lie: `data/media/ab/<sha256>`, once a box, and what comes in beside them in `incoming`.

A file is whole and on the disk before it has its place, and has its place before a row names it. So a file without
a row is what a crash or a refusal left, and goes at the next start or within the hour; no row is without its file.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO

from wabox.datadir import flush
from wabox.errors import TooLarge, Unavailable
from wabox.media.coming import Place, Room
from wabox.media.kinds import MEGABYTE
from wabox.media.stored import path_of

INCOMING = "incoming"
PART = ".part"
SMALL = ".t"  # a small picture of it
LEFT_FREE = 100 * MEGABYTE  # of the disk: the database needs it more
PIECE = 200  # files that go while nobody can pin one
_PAUSE_SECONDS = 0.01
_HASH = re.compile(r"[0-9a-f]{64}")
_FULL = (errno.ENOSPC, errno.EDQUOT)

_settling = threading.Lock()
_pinned: Counter[str] = Counter()  # hashes whose rows are being written


class Incoming:
    """A file on its way in. As a context: what was not placed is gone when it is left."""

    def __init__(self, folder: Path, *, most_bytes: int, room: Room | None = None) -> None:
        """folder: `data/media`. room: what its account may have on its way. Raises Unavailable `storage_full`."""
        self._folder = folder
        self._most = most_bytes
        self._sum = hashlib.sha256()
        self.place = Place(room)
        self.bytes = 0
        self.claims = ""  # the content type that its sender gives it; it proves nothing
        self.path = part(folder)
        _refuse_when_full(folder, 0)
        self._file: IO[bytes] = self.path.open("xb")

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def drop(self) -> None:
        """Nothing of it is left where it came in."""
        self._file.close()
        self.path.unlink(missing_ok=True)
        self.place.__exit__()

    def announce(self, size: int) -> None:
        """So many bytes will come. Raises TooMany `too_many_uploads`, Unavailable `media_full`, `storage_full`."""
        self.place.take(size)
        _refuse_when_full(self._folder, size)

    def write(self, piece: bytes) -> None:
        """The piece is in it. Raises TooLarge `too_large`, Unavailable `storage_full`, and as `announce`."""
        self.bytes += len(piece)
        if self.bytes > self._most:
            raise too_large(self._most)
        self.place.take(self.bytes)
        self._sum.update(piece)
        with full_disk_is_said():
            self._file.write(piece)

    def finish(self) -> str:
        """It is whole and on the disk; its SHA-256."""
        with full_disk_is_said():
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()
        return self._sum.hexdigest()


def part(folder: Path) -> Path:
    """A new name in `incoming`, which is there."""
    incoming = folder / INCOMING
    incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
    return incoming / f"{secrets.token_hex(16)}{PART}"


def hashed(path: Path) -> str:
    """The SHA-256 of a file, which is on the disk then."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def place(folder: Path, path: Path, sha256: str, small: Path | None = None) -> None:
    """The finished file lies under its hash, unchangeable. What lay there already stays: it is the same.

    small: a small picture of it, which goes beside.
    """
    home = path_of(folder, sha256)
    with full_disk_is_said():
        if not home.parent.is_dir():
            home.parent.mkdir(mode=0o700, exist_ok=True)
            flush(folder)
        for one, to in ((small, small_of(folder, sha256)), (path, home)):
            if one is not None and one.exists():
                one.chmod(0o400)
                with contextlib.suppress(FileExistsError):
                    os.link(one, to)  # a rename would put another file there, under whoever reads it
        flush(home.parent)


def small_of(folder: Path, sha256: str) -> Path:
    """Where the small picture of a file lies, if it has one."""
    return path_of(folder, sha256).with_name(sha256 + SMALL)


def pin(sha256: str) -> None:
    """Nobody takes this file away, until `unpin`: its row is being written."""
    with _settling:
        _pinned[sha256] += 1


def unpin(sha256: str) -> None:
    """Its row is there, or will not be."""
    with _settling:
        _pinned[sha256] -= 1
        if not _pinned[sha256]:
            del _pinned[sha256]


def held(folder: Path) -> list[str]:
    """The hashes of all files that are there, small pictures apart."""
    return [one.name for one in folder.glob("??/*") if _HASH.fullmatch(one.name)]


def sweep(folder: Path, found: Collection[str], named: Callable[[], set[str]]) -> int:
    """Of the found files, those that no row names are gone; how many.

    named: asks the rows, while no file can be pinned: who pins one later has to place it anew, and does. A piece
    at a time: between two, whoever waits to pin a file has their turn.
    """
    doomed = list(found if len(found) <= PIECE else set(found) - named())
    gone = 0
    for at in range(0, len(doomed), PIECE):
        if at:
            time.sleep(_PAUSE_SECONDS)  # a lock let go and taken at once would let nobody in
        gone += _sweep_piece(folder, doomed[at : at + PIECE], named)
    return gone


def _sweep_piece(folder: Path, piece: Iterable[str], named: Callable[[], set[str]]) -> int:
    with _settling:
        gone = set(piece) - set(_pinned)
        gone -= named() if gone else set()
        for sha256 in gone:
            path_of(folder, sha256).unlink(missing_ok=True)
            small_of(folder, sha256).unlink(missing_ok=True)
    return len(gone)


def sweep_parts(folder: Path) -> None:
    """What came in halfway before this start is gone. Only while nothing comes in."""
    shutil.rmtree(folder / INCOMING, ignore_errors=True)


def check_room(folder: Path, coming: int) -> None:
    """Nothing happens if the disk takes so many bytes more. Raises Unavailable `storage_full`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_when_full(folder, coming)


def too_large(most_bytes: int) -> TooLarge:
    """What is said of a file over the limit."""
    sentence = f"The file is over {most_bytes // MEGABYTE} MB; make it smaller."
    return TooLarge("too_large", sentence, details={"file": sentence})


@contextlib.contextmanager
def full_disk_is_said() -> Iterator[None]:
    """A full disk inside is Unavailable `storage_full`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _storage_full() from error


def _refuse_when_full(folder: Path, coming: int) -> None:
    if shutil.disk_usage(folder).free < LEFT_FREE + coming:
        raise _storage_full()


def _storage_full() -> Unavailable:
    return Unavailable(
        "storage_full", "The disk of the box is full; free some space, then try again.", retry_after=60
    )
