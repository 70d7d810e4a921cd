"""Puts a backup in the place of a box: unpacked and checked whole beside it, made safe, then taken in one step.

Safe: it is held until its owner says what goes; no number that the lost box may have given since is given again;
its phones ask for a new scan, unless they were moved along; nobody is logged in.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from wabox import datadir, db, fence, identity, migrations, swapping
from wabox.accounts import audit
from wabox.backup import packing, reading
from wabox.backup.age import Key
from wabox.backup.packing import Manifest
from wabox.billing import invoices
from wabox.datadir import DataDir
from wabox.db import Tx
from wabox.errors import ConfigError, Unavailable
from wabox.languages import later
from wabox.media import store

STRIDE = 1_000_000  # ids that the lost box may have given after the backup
MEGABYTE = 1024 * 1024
MOVE = "move"
NO_ROOM = later("The disk has %(free)s MB free, and this takes %(wanted)s MB. Free some space.")


class NoRoom(reading.Told, Unavailable):
    """The disk is too full for it."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place. phones: how many ask for a new scan. settings: where the backup's wabox.toml lies."""

    manifest: Manifest
    phones: int
    settings: Path | None


def stage(
    data: DataDir,
    path: Path,
    key: Key | None,
    *,
    now: datetime,
    browser: str | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Restored:
    """The backup lies unpacked, checked and made safe in `data.staged`; nothing of the box there is touched.

    browser: the version of the one here. What was moved keeps its phones' links if that is not older.
    Raises Invalid as `reading.check`, Unavailable `storage_full`. Nothing is left of it then.
    """
    shutil.rmtree(data.staged, ignore_errors=True)
    _check_room(data, path)
    data.staged.mkdir(mode=datadir.PRIVATE_DIR)
    try:
        manifest = reading.unpack(path, key, data.staged, progress=progress)
        linked = manifest.kind == MOVE and not is_older(browser, manifest.browser)
        if not linked:
            shutil.rmtree(data.staged / "profiles", ignore_errors=True)
        phones = _made_safe(data, path, manifest, now, linked=linked)
        settings = data.staged / packing.SETTINGS
        if settings.exists():
            settings.rename(data.staged / swapping.RESTORED_SETTINGS)
        (data.staged / "profiles").mkdir(mode=datadir.PRIVATE_DIR, exist_ok=True)
        for folder in [data.staged, *(one for one in data.staged.rglob("*") if one.is_dir())]:
            folder.chmod(datadir.PRIVATE_DIR)
            datadir.flush(folder)
    except BaseException:
        shutil.rmtree(data.staged, ignore_errors=True)
        raise
    kept = data.path / swapping.RESTORED_SETTINGS if packing.SETTINGS in _names(manifest) else None
    return Restored(manifest, phones, kept)


def restore(
    data: DataDir,
    path: Path,
    key: Key | None,
    *,
    now: datetime,
    browser: str | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Restored:
    """The box in `data` is the backup's; what was there lies in `set-aside`. The caller holds the lock."""
    found = stage(data, path, key, now=now, browser=browser, progress=progress)
    swapping.decide(data.path)
    swapping.finish(data.path)
    return found


def part_ways(tx: Tx, *, now: datetime) -> None:
    """Another box may have lived on from these data: no number is given twice, and each phone is scanned anew.

    A profile that lay still while its copy was used has keys that were used already.
    """
    _jump(tx, now)
    _unlink(tx)


def is_older(here: str | None, there: str) -> bool:
    """Whether the browser here cannot take a profile of the one there. What is not known is taken for older."""
    if here is None or not there:
        return True
    return _major(here) < _major(there)


def _major(version: str) -> int:
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else 0


def _names(manifest: Manifest) -> set[str]:
    return {one.name for one in manifest.parts}


def _check_room(data: DataDir, path: Path) -> None:
    try:
        wanted = path.stat().st_size + store.LEFT_FREE
    except OSError as error:
        raise reading.Unreadable("no_backup", reading.GONE, name=str(path), why=str(error.strerror)) from None
    check_room(data.path, wanted)


def check_room(place: Path, wanted: int) -> None:
    """So many bytes fit where the data lie. Raises NoRoom `storage_full`."""
    free = shutil.disk_usage(place).free
    if free < wanted:
        raise NoRoom("storage_full", NO_ROOM, free=f"{free // MEGABYTE}", wanted=f"{wanted // MEGABYTE + 1}")


def _made_safe(data: DataDir, file: Path, manifest: Manifest, now: datetime, *, linked: bool) -> int:
    """As `_make_safe`. What no box could be started from is refused as damaged, whoever made it so."""
    try:
        datadir.secret_key(DataDir(data.staged))
        return _make_safe(data.staged / packing.DATABASE, manifest, now, linked=linked)
    except _Other as other:
        raise reading.damaged(file, f"in its database: it is not what it says it is ({other})") from None
    except sqlite3.Error as error:
        raise reading.damaged(file, f"in its database ({error})") from None
    except ConfigError:
        raise reading.damaged(file, f"in {packing.KEY}") from None


class _Other(Exception):
    """The database is sound, or not, and not the one that was packed."""


def _make_safe(path: Path, manifest: Manifest, now: datetime, *, linked: bool) -> int:
    """The unpacked database may be opened by a box. Returns how many phones ask for a new scan."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        said = connection.execute("pragma integrity_check(1)").fetchone()[0]
        if said != "ok" or reading.counted(connection) != manifest.counts:
            raise _Other(said)
    with contextlib.closing(db.connect(path)) as connection:
        migrations.migrate(connection)
        connection.execute("begin immediate")
        tx = Tx(connection)
        _hold(tx, "moved_here" if manifest.kind == MOVE else "restored", manifest, now)
        phones = 0
        if not linked:
            phones = _unlink(tx)
        if manifest.kind != MOVE:
            _jump(tx, now)
            tx.run("delete from sessions")
        identity.forget_home(tx)
        details = {"made_at": manifest.made_at.isoformat(), "host": manifest.host, "kind": manifest.kind}
        audit.note(tx, user_id=None, action="box.restored", details=details, now=now)
        connection.execute("commit")
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("pragma journal_mode = delete")
    datadir.flush(path.parent)
    return phones


def _hold(tx: Tx, why: Literal["restored", "moved_here"], manifest: Manifest, now: datetime) -> None:
    fence.quarantine(tx, why, behind=manifest.made_at, other=manifest.host, now=now)


def _jump(tx: Tx, now: datetime) -> None:
    """No id of any table is given a second time, nor an invoice's number."""
    for row in tx.all("select name from sqlite_master where type = 'table' and sql like '%autoincrement%'"):
        if tx.value("select 1 from sqlite_sequence where name = :name", name=row["name"]) is None:
            tx.run("insert into sqlite_sequence (name, seq) values (:name, 0)", name=row["name"])
    tx.run("update sqlite_sequence set seq = seq + :stride", stride=STRIDE)
    invoices.jump(tx, now=now)


def _unlink(tx: Tx) -> int:
    """The phones have no profile here: each asks for a new scan, and what was in hand is not looked up."""
    tx.run(
        """update devices set command = null, pairing_phone = null, pairing_code = null, qr = null, synced = 0,
           session = session + 1, detail = case when linked = 1 then 'logged_out' end, detail_text = null,
           state = case when linked = 1 then 'disconnected' else 'not_started' end, wanted = 0"""
    )
    for row in tx.all("select id from devices"):
        tx.run("update devices set profile = :name where id = :id", id=row["id"], name=secrets.token_hex(16))
    return tx.run("update devices set linked = 0 where linked = 1 and removed_at is null")
