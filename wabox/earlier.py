"""The copies of the database that upgrades leave in `backups/`: made if there is room, forgotten after a month.

wabox copies it before a step changes an old schema (`before-NNNN.db`), unless one that is as good lies there: that
of `./install.sh service` (`before-RELEASE/wabox.db`), or of a start that was cut off. A card bears no second one.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from wabox import datadir
from wabox.datadir import DataDir
from wabox.errors import ConfigError

log = structlog.get_logger()

KEPT = timedelta(days=30)
MEGABYTE = 1024 * 1024
SPARE_BYTES = 64 * MEGABYTE
STEPS_SHARE = 4  # a part of the database, which the steps may need beside the copy
SAMPLES, SAMPLE_BYTES = 256, 4096


def make_sure(data: DataDir, connection: sqlite3.Connection, step: str) -> Path:
    """There is a copy of the database as it was before `step`; its place. Raises ConfigError without room."""
    found = next((one for one in copies(data) if _is_as_good(one, data, connection)), None)
    if found is not None:
        log.info("the copy that was made before the upgrade is as good as another", copy=str(found))
        return found
    data.backups.mkdir(mode=datadir.PRIVATE_DIR, exist_ok=True)
    _check_room(data, connection)
    copy = data.backups / f"before-{step}.db"
    half = copy.with_name(f"{copy.name}.half")
    _remove(half)
    log.info(
        "the database is copied before the upgrade", copy=str(copy), megabytes=_bytes_of(connection) // MEGABYTE
    )
    with closing(sqlite3.connect(half)) as target:
        connection.backup(target)
    datadir.flush(half)
    half.replace(copy)
    datadir.flush(data.backups)
    return copy


def keep_only(data: DataDir, copy: Path) -> None:
    """Of wabox's own copies this one is left: the upgrade is done, and the ones before it are of no use."""
    for one in data.backups.glob("before-*.db*"):
        if one != copy:
            _remove(one)


def copies(data: DataDir) -> list[Path]:
    """Those that upgrades left, the newest first."""
    found = [*data.backups.glob("before-*.db"), *data.backups.glob("before-*/wabox.db")]
    return sorted(found, key=lambda one: one.stat().st_mtime, reverse=True)


def forget(data: DataDir, *, at: datetime) -> int:
    """Copies over a month old are gone: going back so far would lose more than it saves. How many were."""
    gone = 0
    for one in [*data.backups.glob("before-*.db"), *data.backups.glob("before-*/")]:
        with suppress(OSError):
            if at - datetime.fromtimestamp(_changed(one), UTC) <= KEPT:
                continue
            if one.is_dir():
                shutil.rmtree(one)
            else:
                _remove(one)
            gone += 1
    if gone:
        log.info("copies of earlier upgrades removed", copies=gone)
    return gone


def _changed(one: Path) -> float:
    inside = one.iterdir() if one.is_dir() else iter(())
    return max(place.stat().st_mtime for place in (one, *inside))


def _is_as_good(copy: Path, data: DataDir, connection: sqlite3.Connection) -> bool:
    """Whether it was made since the box ran last: by the moment at which that was seen, which no step touches.

    The installer's is the file itself, byte for byte; so it must look like that, too.
    """
    seen = _seen_at(connection)
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?immutable=1", uri=True)) as there:
            if seen is None or _seen_at(there) != seen:
                return False
    except sqlite3.Error:
        return False
    return copy.parent == data.backups or _looks(copy) == _looks(data.database)


def _seen_at(connection: sqlite3.Connection) -> str | None:
    with suppress(sqlite3.OperationalError):  # the first boxes had no such table
        found = connection.execute("select value from box where key = 'seen_at'").fetchone()
        return None if found is None else str(found[0])
    return None


def _looks(path: Path) -> tuple[int, str]:
    """(bytes, digest of pieces all over it): reading two of 4 GB whole would take minutes on a card."""
    digest, size = hashlib.sha256(), path.stat().st_size
    log_of_it = path.with_name(f"{path.name}-wal")
    if log_of_it.exists():
        digest.update(log_of_it.read_bytes()[:SAMPLE_BYTES])
    with path.open("rb") as file:
        for at in _places(size):
            file.seek(at)
            digest.update(file.read(SAMPLE_BYTES))
    return size, digest.hexdigest()


def _places(size: int) -> Iterator[int]:
    for n in range(SAMPLES):
        yield n * max(size - SAMPLE_BYTES, 0) // max(SAMPLES - 1, 1)


def _check_room(data: DataDir, connection: sqlite3.Connection) -> None:
    size = _bytes_of(connection)
    wanted, free = size + size // STEPS_SHARE + SPARE_BYTES, shutil.disk_usage(data.backups).free
    if free < wanted:
        raise ConfigError(
            f"This version changes the database, and copies it first, which needs {wanted // MEGABYTE} MB in "
            f"{data.backups}; only {free // MEGABYTE} MB are free. Free some space, then start wabox "
            "again; nothing was changed."
        )


def _bytes_of(connection: sqlite3.Connection) -> int:
    pages, size = (connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(size)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
