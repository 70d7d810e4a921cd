"""Knows the database's files as the file system shows them: gone, cut, or exchanged under a running box."""

from __future__ import annotations

import os
from pathlib import Path

_Identity = tuple[int, int]


class Files:
    """What was seen of the files so far. A file that SQLite keeps never gets shorter, nor does its journal go."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._journal = path.with_name(f"{path.name}-wal")
        self._file: _Identity | None = None
        self._longest = 0
        self._seen_journal: _Identity | None = None

    def hurt(self) -> str | None:
        """What somebody did to the files while they were in use; None: nothing."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return "the file wabox.db is gone"
        except OSError:
            return None  # the disk's own trouble is told by those who write
        identity = (found.st_dev, found.st_ino)
        if self._file is None:
            self._file = identity
        if identity != self._file:
            return "another file stands in the place of wabox.db"
        if found.st_size < self._longest:
            return "the file wabox.db was cut"
        self._longest = found.st_size
        return self._journal_hurt()

    def journal_bytes(self) -> int:
        """How long the journal is now; 0 = there is none."""
        found = self._journal_now()
        return 0 if found is None else found.st_size

    def _journal_hurt(self) -> str | None:
        before = self._seen_journal
        found = self._journal_now()
        if before is None:
            return None
        if found is None:
            return "the file wabox.db-wal is gone"
        same = before == (found.st_dev, found.st_ino)
        return None if same else "another file stands in the place of wabox.db-wal"

    def _journal_now(self) -> os.stat_result | None:
        try:
            found = self._journal.stat()
        except OSError:
            return None
        if self._seen_journal is None:
            self._seen_journal = (found.st_dev, found.st_ino)
        return found
