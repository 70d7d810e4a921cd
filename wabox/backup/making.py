"""Makes a backup while the box runs: one file, under its name once it is whole, on the disk, and was opened again.

The database is copied from one snapshot in small steps, beside the one writer and never in its way; files are held
by links meanwhile, so that none goes. The copy is looked through before it is packed, and what was packed is read
from the disk again: what the last part says of it is true then.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import IO

from wabox import __version__, datadir, migrations, opening
from wabox.backup import packing, reading
from wabox.backup.age import Damaged, Key, Lock, Sealing
from wabox.backup.packing import Manifest, Part
from wabox.checkup import promises
from wabox.config import Config
from wabox.datadir import DataDir
from wabox.errors import Unavailable
from wabox.languages import later
from wabox.media import store
from wabox.renewal import store as engines

MEGABYTE = 1024 * 1024
STEP_BYTES, STEP_REST = 256 * 1024, 0.004  # then others have their turn
FLUSHED = 4 * MEGABYTE  # so much is written before the disk gets it: a long queue would hold up every commit
BUSY = later("A backup is being made already; wait until it is done.")

Progress = Callable[[int, int], None]  # bytes packed, of so many


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was opened again. doubts: promises that do not hold in it, as in the box itself."""

    path: Path
    bytes: int
    manifest: Manifest
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """How it is made. lock None: not sealed. key: opens it again here. kind: backup, or move, with profiles."""

    path: Path
    lock: Lock | None = None
    key: Key | None = None
    kind: str = "backup"
    browser: str = ""


def make(
    config: Config,
    data: DataDir,
    wanted: Wanted,
    *,
    now: datetime,
    progress: Progress = lambda done, of: None,
    before_named: Callable[[], None] = lambda: None,
) -> Made:
    """The file is there, whole. before_named: called once it is whole and has not its name yet.

    Raises Unavailable `busy`, `storage_full`, `backup_failed`; nothing is left of it then.
    """
    with _alone(data) as work, _told(wanted.path):
        _check_room(data.path, _size(data.database) + store.LEFT_FREE)
        _forget_halves(data, wanted.path.parent)
        files = _Held(data, work, wanted.kind)
        files.hold()
        snapshot(data, work / packing.DATABASE, lambda: progress(0, 0))
        files.hold()  # what came meanwhile, and the copy may name
        counts, doubts, missing, box = _looked_through(work / packing.DATABASE, work)
        manifest = Manifest(
            wabox_backup=packing.FORMAT,
            kind=wanted.kind,
            wabox=__version__,
            schema=list(migrations.NAMES),
            box=box,
            host=socket.gethostname(),
            made_at=now,
            counts=counts,
            missing=missing,
            parts=list(_parts(config, data, work)),
            browser=wanted.browser,
        )
        _check_room(wanted.path.parent, manifest.size + MEGABYTE)
        half = wanted.path.with_name(f".{wanted.path.name}.part")
        half.unlink(missing_ok=True)
        try:
            _pack(half, wanted.lock, manifest, config, work, progress)
            reading.rehearse(half, wanted.key, manifest, progress)
            before_named()
            half.replace(wanted.path)
        finally:
            half.unlink(missing_ok=True)
        datadir.flush(wanted.path.parent)
        return Made(wanted.path, wanted.path.stat().st_size, manifest, doubts)


def check_free(data: DataDir) -> None:
    """No backup and no move is being made of this box just now. Raises Unavailable `busy`."""
    with contextlib.suppress(FileNotFoundError), (data.backups / "lock").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable("busy", BUSY, retry_after=60) from None


def snapshot(data: DataDir, to: Path, meanwhile: Callable[[], None] = lambda: None) -> None:
    """The database as it is at one moment, in a file of its own, without a journal, on the disk."""
    with opening.connected(data, query_only=True) as source, contextlib.closing(sqlite3.connect(to)) as target:
        source.execute("begin")
        source.execute("select count(*) from sqlite_master").fetchone()  # from here on the snapshot stands

        target.execute("pragma synchronous = off")  # a copy that is cut off is thrown away
        target.execute(f"pragma cache_size = {-STEP_BYTES // 1024}")  # so that it goes to the file piece by piece
        page_bytes = source.execute("pragma page_size").fetchone()[0]
        pages, flushed = max(1, STEP_BYTES // page_bytes), 0

        def rest(_: int, left: int, of: int) -> None:
            nonlocal flushed
            meanwhile()
            if (of - left) * page_bytes - flushed >= FLUSHED:
                flushed = (of - left) * page_bytes
                _flush(to)
            sleep(STEP_REST)

        source.backup(target, pages=pages, progress=rest)
        source.execute("rollback")
        target.execute("pragma journal_mode = delete")
    _flush(to)


class _Held:
    """The files beside the database, linked into the work folder: whoever deletes one there leaves it here."""

    def __init__(self, data: DataDir, work: Path, kind: str) -> None:
        self._data = data
        self._work = work
        self._folders = [one for one in packing.FOLDERS if one != "profiles" or kind == "move"]

    def hold(self) -> None:
        """Every file that is there now, once."""
        for folder in self._folders:
            for found in _files(self._data.path / folder):
                to = self._work / found.relative_to(self._data.path)
                to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with contextlib.suppress(FileNotFoundError, FileExistsError):
                    _link(found, to)


def _link(found: Path, to: Path) -> None:
    try:
        os.link(found, to)
    except PermissionError:  # a file system without links
        shutil.copyfile(found, to)


# Of a browser's profile: what it makes anew by itself.
_CACHES = frozenset({"Cache", "Code Cache", "GPUCache", "GrShaderCache", "ShaderCache", "DawnCache", "Crashpad"})


def _files(folder: Path) -> Iterator[Path]:
    """Plain files in it, but for what is on its way in, or a cache."""
    for place, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one not in _CACHES and not _is_coming(one)]
        for name in names:
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _is_coming(folder: str) -> bool:
    return folder == store.INCOMING or folder.endswith(engines.PART)


def _looked_through(copy: Path, work: Path) -> tuple[dict[str, int], tuple[str, ...], int, str]:
    """Rows of what people know of, promises that do not hold, files that are named and not there, whose box."""
    with contextlib.closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as connection:
        said = connection.execute("pragma integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise Damaged(f"in the database itself ({said})")
        doubts = tuple(one.promise for one in promises.broken(connection))
        loose = tuple(f"rows of {table} point at nothing" for table in promises.loose(connection))
        named = connection.execute("select distinct stored_sha256 from media where removed_at is null")
        missing = sum(not (work / "media" / row[0][:2] / row[0]).exists() for row in named)
        box = connection.execute("select value from box where key = 'box_id'").fetchone()
        return reading.counted(connection), (*doubts, *loose), missing, box[0] if box else ""


def _parts(config: Config, data: DataDir, work: Path) -> Iterator[Part]:
    """Everything that is packed; a file that lies under its hash is not read for it."""
    yield _part(packing.DATABASE, work / packing.DATABASE)
    yield _part(packing.KEY, data.key_file)
    if config.path is not None and config.path.exists():
        yield _part(packing.SETTINGS, config.path)
    for folder in packing.FOLDERS:
        for path in sorted(_files(work / folder)):
            name = path.relative_to(work).as_posix()
            if packing.is_part(name):
                yield _part(name, path)


def _part(name: str, path: Path) -> Part:
    with path.open("rb") as file:
        return Part(name, os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _pack(
    half: Path, lock: Lock | None, manifest: Manifest, config: Config, work: Path, progress: Progress
) -> None:
    def opened(part: Part) -> IO[bytes]:
        if part.name == packing.SETTINGS:
            assert config.path is not None
            return config.path.open("rb")
        return (work / part.name).open("rb")

    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, datadir.PRIVATE_FILE)
    with os.fdopen(handle, "wb") as file:
        out = _Paced(file, manifest.size, progress)
        sealing = Sealing(out, lock) if lock is not None else None
        packing.write(sealing or out, manifest, opened)
        if sealing is not None:
            sealing.close()
        file.flush()
        os.fsync(handle)


class _Paced:
    """Writes, tells how far it is, and lets the disk have each piece before the next."""

    def __init__(self, file: IO[bytes], size: int, progress: Progress) -> None:
        self._file = file
        self._size = size
        self._progress = progress
        self._done = 0
        self._flushed = 0

    def write(self, piece: bytes, /) -> int:
        """The piece is written."""
        self._file.write(piece)
        self._done += len(piece)
        if self._done - self._flushed >= FLUSHED:
            self._flushed = self._done
            self._file.flush()
            os.fdatasync(self._file.fileno())
            self._progress(min(self._done, self._size), self._size)
        return len(piece)


@contextlib.contextmanager
def _alone(data: DataDir) -> Iterator[Path]:
    """An empty folder to work in, for one process at a time."""
    data.backups.mkdir(mode=datadir.PRIVATE_DIR, exist_ok=True)
    handle = os.open(data.backups / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, datadir.PRIVATE_FILE)
    work = data.backups / "work"
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable("busy", BUSY, retry_after=60) from None
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=datadir.PRIVATE_DIR)
        shutil.copyfile(data.key_file, work / packing.KEY)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os.close(handle)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """What goes wrong inside is said as a refusal."""
    try:
        yield
    except Damaged as damage:
        raise Unavailable("backup_failed", f"The backup was not made: damage {damage}.") from None
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Unavailable("backup_failed", f"The backup was not made in {path.parent}: {why}.") from error


def _forget_halves(data: DataDir, place: Path) -> None:
    """In a place of the box's own, what a kill left half packed is gone; elsewhere it may be another box's."""
    if place.is_relative_to(data.path):
        for half in place.glob(".wabox-*.part"):
            half.unlink(missing_ok=True)


def _check_room(place: Path, wanted: int) -> None:
    free = shutil.disk_usage(place).free
    if free < wanted:
        raise Unavailable(
            "storage_full",
            f"The backup was not made: {place} has {free // MEGABYTE} MB free, and it takes "
            f"{wanted // MEGABYTE + 1} MB. Free some space.",
        )


def _size(path: Path) -> int:
    around: Iterable[Path] = (path, path.with_name(f"{path.name}-wal"))
    return sum(one.stat().st_size for one in around if one.exists())


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
