"""How long a page of the log takes with very many messages, against the same with few; what the index costs.

Run by hand: .venv/bin/python -m tests.bench.lists [messages]
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from tests.cast import Stage, stage
from wabox import times
from wabox.db import Tx
from wabox.finding import index
from wabox.messages import log, stored
from wabox.messages.log import Wanted

FEW = 1_000
CHUNK = 5_000


def fill(tx: Tx, made: Stage, first: int, last: int, total: int) -> None:
    """Messages of three months, nine in ten of them delivered, to a tenth as many people."""
    start = made.hands.now() - timedelta(days=90)
    at = [times.stored(start + timedelta(days=90) * n / total) for n in range(first, last)]
    tx.many(
        """insert into messages (user_id, device_id, phone, text, status, priority, new_chat, queued_at,
                                 finished_at)
           values (?, ?, ?, ?, ?, 0, 0, ?, ?)""",
        [
            (
                made.asha.id,
                made.asha.device_id,
                f"88017{n % (total // 10):08d}",
                f"Hello Name {n}, your order {n} is ready. Thank you for buying from us!"
                if n % 1_000
                else f"আপনার অর্ডার {n} তৈরি, ধন্যবাদ",
                "delivered" if n % 10 else "failed",
                moment,
                moment,
            )
            for n, moment in zip(range(first, last), at, strict=True)
        ],
    )
    stored.rows_added(tx, made.asha.id, last - first)


def measured(path: Path, count: int) -> dict[str, float]:
    """Milliseconds of each page, the best of five."""
    made = stage(path)
    for first in range(0, count, CHUNK):
        made.box.db.write_now(fill, made, first, min(first + CHUNK, count), count)
    _mark(made, count)
    pages: dict[str, tuple[Wanted, int | None]] = {
        "first page": (Wanted(), None),
        "by cursor, in the middle": (Wanted(), count // 2),
        "by cursor, near the end": (Wanted(), 100),
        "status failed": (Wanted(status="failed"), None),
        "status delivered, middle": (Wanted(status="delivered"), count // 2),
        "one phone": (Wanted(phone=f"88017{7:08d}"), None),
        "a week": (Wanted(since=made.hands.now() - timedelta(days=7)), None),
        "a number in the text": (Wanted(text=f"order {count // 3} "), None),
        "a word of every text": (Wanted(text="thank"), None),
        "a word of no text": (Wanted(text="নাসরিন"), None),
        "a word of 100, Bengali": (Wanted(text="অর্ডার"), None),
    }
    found = {}
    for name, (wanted, cursor) in pages.items():
        found[name] = min(_once(made, wanted, cursor) for _ in range(5))
    made.close()
    return found


def _mark(made: Stage, count: int) -> None:
    """The index of all of them is made, and what it cost is said."""
    before, began, longest = _bytes(made), perf_counter(), 0.0
    while True:
        marked = made.box.db.read_here(index.mark_one)
        due = None if marked else made.box.db.read_here(index.next_due)
        written = perf_counter()
        if marked:
            made.box.db.write_now(index.keep, marked)
        elif due is None or not made.box.db.write_now(index.open_unit, due):
            break
        longest = max(longest, perf_counter() - written)
    seconds, size = perf_counter() - began, (_bytes(made) - before) / count
    sys.stdout.write(f"{count:,} marked in {seconds:.1f} s, {size:.0f} bytes each, ")
    sys.stdout.write(f"the writer at most {longest * 1000:.0f} ms\n")


def _bytes(made: Stage) -> int:
    return int(made.box.db.read_here(lambda rows: rows.value("pragma page_count"))) * 1024


def _once(made: Stage, wanted: Wanted, cursor: int | None) -> float:
    began = perf_counter()
    made.box.db.read_here(log.page, made.asha.id, wanted, cursor=cursor)
    return (perf_counter() - began) * 1000


def main(count: int) -> None:
    """Print every page with its ratio."""
    with tempfile.TemporaryDirectory() as directory:
        few = measured(Path(directory) / "few", FEW)
        many = measured(Path(directory) / "many", count)
    say = sys.stdout.write
    say(f"{'a page of 50':26} {FEW:>9,} {count:>12,}\n")
    for name, milliseconds in many.items():
        say(f"{name:26} {few[name]:6.1f} ms {milliseconds:9.1f} ms {milliseconds / few[name]:8.1f} x\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
