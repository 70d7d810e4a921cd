"""Reads a backup to its end and checks every byte: to rehearse it, to look at it, or to unpack it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from wabox import datadir, migrations
from wabox.backup import age
from wabox.backup.age import Damaged, Key
from wabox.backup.packing import Manifest, Newer, Part, Unpacking
from wabox.errors import Invalid

COUNTED = ("users", "devices", "contacts", "campaigns", "messages", "inbox", "deliveries", "media", "invoices")

Take = Callable[[Part], contextlib.AbstractContextManager[IO[bytes] | None]]
Progress = Callable[[int, int], None]  # bytes read, of so many


@contextlib.contextmanager
def _nowhere(_: Part) -> Iterator[None]:
    yield None


def check(path: Path, key: Key | None, *, progress: Progress = lambda done, of: None) -> Manifest:
    """What is in the file; every byte of it was read and is as it was written.

    Raises Invalid `backup_damaged`, `backup_newer`, `backup_sealed` without a key, `wrong_passphrase`.
    """
    return _read(path, key, _nowhere, progress)


def unpack(path: Path, key: Key | None, into: Path, *, progress: Progress = lambda done, of: None) -> Manifest:
    """As `check`, and its parts lie in this folder, which was empty; on the disk."""

    @contextlib.contextmanager
    def take(part: Part) -> Iterator[IO[bytes]]:
        to = into / part.name
        to.parent.mkdir(mode=datadir.PRIVATE_DIR, parents=True, exist_ok=True)
        handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, datadir.PRIVATE_FILE)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(handle)

    return _read(path, key, take, progress)


def rehearse(path: Path, key: Key | None, made: Manifest, progress: Progress) -> None:
    """What was just packed reads from the disk as it was packed. Raises Damaged.

    The database in it is, byte for byte, the copy that was looked through before it was packed.
    """
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # from the disk, not from memory
    try:
        found = check(path, key, progress=progress)
    except Invalid as refusal:
        raise Damaged(f"in what was written ({refusal.sentence})") from None
    if found != made:
        raise Damaged("in what was written: it says other things")


def counted(connection: sqlite3.Connection) -> dict[str, int]:
    """{table: its rows} of what people know of."""
    return {
        table: int(connection.execute(f"select count(*) from {table}").fetchone()[0])  # noqa: S608 - a constant
        for table in COUNTED
    }


def is_sealed(path: Path) -> bool:
    """Whether a passphrase or an identity is needed. Raises Invalid if there is no such file."""
    with _opened(path) as file:
        return age.is_sealed(file)


def _read(path: Path, key: Key | None, take: Take, progress: Progress) -> Manifest:
    with _opened(path) as file:
        sealed = age.is_sealed(file)
        if sealed and key is None:
            raise Invalid("backup_sealed", f"{path.name} is sealed; give its passphrase.")
        try:
            source = age.Opening(file, key) if sealed and key is not None else file
            unpacking = Unpacking(source)
            _check_version(path, unpacking.manifest)
            done, size = 0, max(unpacking.manifest.size, 1)
            for part, pieces in unpacking.parts():
                with take(part) as to:
                    for piece in pieces:
                        if to is not None:
                            to.write(piece)
                done += part.bytes
                progress(done, size)
        except Damaged as damage:
            raise Invalid("backup_damaged", f"{path.name} is damaged {damage}; take another backup.") from None
        except Newer as newer:
            raise _newer(path, str(newer)) from None
        except age.WrongKey:
            raise Invalid("wrong_passphrase", f"This passphrase does not open {path.name}.") from None
        return unpacking.manifest


def _check_version(path: Path, manifest: Manifest) -> None:
    if set(manifest.schema) - set(migrations.NAMES):
        raise _newer(path, manifest.wabox)


def _newer(path: Path, version: str) -> Invalid:
    return Invalid(
        "backup_newer",
        f"{path.name} was made by a newer wabox ({version}); install that one or a later one first.",
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise Invalid("no_backup", f"{path} cannot be read ({error.strerror}); name a backup's file.") from None
