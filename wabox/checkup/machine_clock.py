"""Whether this machine's clock can be trusted; while it cannot, nothing is sent.

`seen_at` is the latest time the box has lived through. The clock is wrong when it is more than an hour
before that, or when it jumped by more than an hour while nothing synchronises it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox import times
from wabox.db import Rows, Tx

TOLERANCE = timedelta(hours=1)
WRITTEN_EVERY = timedelta(minutes=1)


def is_wrong(rows: Rows) -> bool:
    """Whether sending is held because of the clock."""
    return _get(rows, "clock_wrong") is not None


def looks_wrong(rows: Rows, now: datetime) -> bool:
    """Whether it is wrong, also where nobody judged it yet: a box that stands still would hold at its start."""
    return is_wrong(rows) or _is_behind(times.read_or_none(_get(rows, "seen_at")), now)


def needs_judging(rows: Rows, now: datetime, *, jumped: bool) -> bool:
    """Whether `judge` would write anything; asked each tick, so that a quiet box writes little."""
    seen = times.read_or_none(_get(rows, "seen_at"))
    return jumped or is_wrong(rows) or seen is None or not timedelta() <= now - seen < WRITTEN_EVERY


def judge(tx: Tx, now: datetime, *, jumped: bool) -> bool:
    """Write down whether the clock is wrong, and how far the box has come. Returns whether it is wrong.

    jumped: since the last look the clock moved by over an hour more than time passed, unsynchronised.
    """
    seen = times.read_or_none(_get(tx, "seen_at"))
    behind = _is_behind(seen, now)
    if behind or jumped:
        tx.run(
            "insert or ignore into box (key, value) values ('clock_wrong', :now)",
            now="behind" if behind else times.stored(now),
        )
        return True
    if _get(tx, "clock_wrong") not in (None, "behind"):
        return True
    tx.run("delete from box where key = 'clock_wrong'")
    if seen is None or now > seen:
        _put(tx, "seen_at", times.stored(now))
    return False


def confirm(tx: Tx, now: datetime) -> None:
    """The owner says the clock is right: the box goes on from here."""
    tx.run("delete from box where key = 'clock_wrong'")
    _put(tx, "seen_at", times.stored(now))


def settled(tx: Tx) -> None:
    """The jump was undone, or the clock is synchronised now: it is right again."""
    tx.run("delete from box where key = 'clock_wrong' and value <> 'behind'")


def _is_behind(seen: datetime | None, now: datetime) -> bool:
    return seen is not None and now < seen - TOLERANCE


def _get(rows: Rows, key: str) -> str | None:
    value: str | None = rows.value("select value from box where key = :key", key=key)
    return value


def _put(tx: Tx, key: str, value: str) -> None:
    tx.run("insert or replace into box (key, value) values (:key, :value)", key=key, value=value)
