"""A database with today's schema: made once in this process, then copied."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from wabox import migrations
from wabox.db import connect


def database(path: Path) -> None:
    """An empty database of today lies at this path."""
    path.write_bytes(_made())


@functools.cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "wabox.db"
        connection = connect(path)
        migrations.migrate(connection)
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.close()
        return path.read_bytes()
