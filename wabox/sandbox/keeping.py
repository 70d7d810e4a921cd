"""The sandbox's memory on disk: a record is written before any page hears of it, so a kill loses nothing.

One SQLite file of records by kind and id. Not synced at each write: it outlives the process, and a power cut of a
toy WhatsApp may cost its last second.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import msgspec

from wabox.errors import ConfigError
from wabox.sandbox.faults import Faults
from wabox.sandbox.world import Account, Companion, Kept, Message, Queued, Record

FILE = "sandbox.db"


class Keeper:
    """Loads and saves what outlives the process; without a directory nothing does."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._database: sqlite3.Connection | None = None

    def load(self) -> Kept:
        """What was kept last time, or a world without memory. Raises ConfigError."""
        if self._directory is None:
            return Kept()
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / FILE
        path.touch(mode=0o600)
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
            return _read(self._database)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            self.close()
            cure = "Move it away to start with an empty sandbox."
            raise ConfigError(f"{path} cannot be read: {error}. {cure}") from None

    def save(self, changes: Mapping[tuple[str, str], Record | None]) -> None:
        """These records are written down, all or none; None removes one."""
        if self._database is None or not changes:
            return
        self._database.execute("begin immediate")
        for (kind, record_id), record in changes.items():
            if record is None:
                self._database.execute("delete from records where kind = ? and id = ?", (kind, record_id))
            else:
                self._database.execute(
                    "insert into records (kind, id, body) values (?, ?, ?) "
                    "on conflict (kind, id) do update set body = excluded.body",
                    (kind, record_id, msgspec.json.encode(record)),
                )
        self._database.execute("commit")

    def close(self) -> None:
        """The file is closed and whole."""
        if self._database is not None:
            self._database.close()
            self._database = None


def _read(database: sqlite3.Connection) -> Kept:
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = off")
    database.execute(
        "create table if not exists records (place integer primary key, kind text not null, "
        "id text not null, body blob not null, unique (kind, id)) strict"
    )
    kept = Kept()
    for kind, body in database.execute("select kind, body from records order by place"):
        _place(kept, kind, body)
    return kept


def _place(kept: Kept, kind: str, body: bytes) -> None:
    match kind:
        case "account":
            account = msgspec.json.decode(body, type=Account)
            kept.accounts[account.phone] = account
        case "companion":
            companion = msgspec.json.decode(body, type=Companion)
            kept.companions[companion.id] = companion
        case "queued":
            entry = msgspec.json.decode(body, type=Queued)
            kept.queued.setdefault(entry.companion, []).append(entry)
        case "message":
            kept.messages.append(msgspec.json.decode(body, type=Message))
        case "faults":
            kept.faults = msgspec.json.decode(body, type=Faults)
