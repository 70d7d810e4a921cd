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
from wabox.errors import Invalid, Refusal
from wabox.languages import later

SEALED = later("%(name)s is sealed; give its passphrase.")
WRONG = later("This passphrase does not open %(name)s.")
DAMAGED = later("%(said)s is damaged %(advice)s; take another backup.")
NEWER = later("%(name)s was made by a newer wabox (%(version)s); install that one or a later one first.")
GONE = later("%(name)s cannot be read (%(why)s); name a backup's file.")
TOLD = 1024 * 1024  # bytes after which it is said how far it is
COUNTED = ("users", "devices", "contacts", "campaigns", "messages", "inbox", "deliveries", "media", "invoices")

Take = Callable[[Part], contextlib.AbstractContextManager[IO[bytes] | None]]
Progress = Callable[[int, int], None]  # bytes read, of so many


class Told(Refusal):
    """A refusal that a page can translate. text, values: the sentence without its values."""

    def __init__(self, code: str, text: str, **values: str) -> None:
        super().__init__(code, text % values)
        self.text = text
        self.values = values


class Unreadable(Told, Invalid):
    """The file is not one that this box can be put back from, or not with this key."""


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
            raise Unreadable("backup_sealed", SEALED, name=path.name)
        try:
            source = age.Opening(file, key) if sealed and key is not None else file
            unpacking = Unpacking(source)
            _check_version(path, unpacking.manifest)
            _take_all(unpacking, take, progress)
        except Damaged as damage:
            raise damaged(path, str(damage)) from None
        except Newer as newer:
            raise _newer(path, str(newer)) from None
        except age.WrongKey:
            raise Unreadable("wrong_passphrase", WRONG, name=path.name) from None
        return unpacking.manifest


def _take_all(unpacking: Unpacking, take: Take, progress: Progress) -> None:
    """Every part was read to its end."""
    done, told, size = 0, 0, max(unpacking.manifest.size, 1)
    for part, pieces in unpacking.parts():
        with take(part) as to:
            for piece in pieces:
                if to is not None:
                    to.write(piece)
                done += len(piece)
                if done - told >= TOLD:
                    told = done
                    progress(done, size)
    progress(size, size)


def _check_version(path: Path, manifest: Manifest) -> None:
    if set(manifest.schema) - set(migrations.NAMES):
        raise _newer(path, manifest.wabox)


def damaged(path: Path, place: str) -> Unreadable:
    """The refusal of a file that is not what was packed. place: where."""
    return Unreadable("backup_damaged", DAMAGED, said=path.name, advice=place)


def _newer(path: Path, version: str) -> Unreadable:
    return Unreadable("backup_newer", NEWER, name=path.name, version=version)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise Unreadable("no_backup", GONE, name=str(path), why=str(error.strerror)) from None
