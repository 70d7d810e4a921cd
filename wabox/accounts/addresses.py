"""Knows where accounts keep the IP addresses of what was done, and forgets old ones; the record itself stays."""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.db import Tx

# Where an address stands, and by when the row is dated.
PLACES: dict[tuple[str, str], str] = {
    ("audit", "ip"): "at",
    ("terms_acceptances", "ip"): "at",
    ("sessions", "ip"): "seen_at",
    ("known_browsers", "ip"): "seen_at",
    ("api_keys", "last_used_ip"): "last_used_at",
    ("users", "disclaimer_ip"): "disclaimer_at",
}


def forget(tx: Tx, *, before: datetime, most: int) -> int:
    """Addresses older than that are gone, so many of each table; returns how many, 0: none is left."""
    return sum(_blank(tx, *place, dated, before, most) for place, dated in PLACES.items())


def _blank(tx: Tx, table: str, column: str, dated: str, before: datetime, most: int) -> int:
    return tx.run(
        f"""update {table} set {column} = null where rowid in (select rowid from {table}
              where {column} is not null and {dated} < :before limit :most)""",  # noqa: S608
        before=times.stored(before),
        most=most,
    )
