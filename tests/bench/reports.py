"""How long a report takes over very many messages, and counting those from before there were counts.

Run by hand: .venv/bin/python -m tests.bench.reports [messages]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.cast import NOON, Stage, stage
from wabox import reports, times
from wabox.campaigns import recounting
from wabox.db import Tx
from wabox.devices import orders
from wabox.reports import Asked

CHUNK = 5_000
CAMPAIGNS = 200
PHONES = 3
DAYS = 366
STATUSES = ("read", "read", "delivered", "read", "sent", "failed", "read", "delivered", "read", "skipped")


def dress(tx: Tx, made: Stage) -> list[int]:
    """Campaigns to two tags in turn, and three phones; their ids."""
    for number in range(CAMPAIGNS):
        tx.run(
            """insert into campaigns (user_id, name, message, audience, status, created_at)
               values (:user, :name, 'x', :audience, 'completed', :at)""",
            user=made.asha.id,
            name=f"Campaign {number}",
            audience=f'{{"tags_any":["{("vip", "leads")[number % 2]}"]}}',
            at=times.stored(NOON),
        )
    more = [orders.create(tx, made.asha.id, f"phone{n}", most=9, now=NOON).id for n in range(1, PHONES)]
    return [made.asha.device_id, *more]


def fill(tx: Tx, made: Stage, phones: list[int], first: int, last: int, total: int) -> None:
    """Messages of a year, half of them of campaigns, in quarters of days as shops send them."""
    start = NOON - timedelta(days=DAYS - 1)
    rows = []
    for n in range(first, last):
        at = times.stored(start + timedelta(days=DAYS - 1) * n / total)
        status = STATUSES[n % len(STATUSES)]
        sent = at if status in ("sent", "delivered", "read") else None
        campaign = 1 + n * CAMPAIGNS // total if n % 2 else None
        phone, address = phones[n % PHONES], f"88017{n % 100_000:08d}"
        rows.append((made.asha.id, phone, campaign, n, address, status, at, sent, sent, sent, at))
    tx.many(
        """insert into messages (user_id, device_id, campaign_id, contact_id, phone, text, status, queued_at,
                                 sent_at, delivered_at, read_at, finished_at)
           values (?, ?, ?, ?, ?, 'x', ?, ?, ?, ?, ?, ?)""",
        rows,
    )


def _mark(tx: Tx, left: int) -> None:
    tx.run("insert into box (key, value) values ('report_left', :left)", left=str(left))


def timed(ask: Callable[[], Any]) -> float:
    """Milliseconds, the best of five."""
    best = 1e9
    for _ in range(5):
        began = perf_counter()
        ask()
        best = min(best, (perf_counter() - began) * 1000)
    return best


def main(count: int) -> None:
    """Print every report with its milliseconds."""
    say = sys.stdout.write
    with tempfile.TemporaryDirectory() as directory:
        made = stage(Path(directory))
        db, asha = made.box.db, made.asha.id
        phones = db.write_now(dress, made)
        for first in range(0, count, CHUNK):
            db.write_now(fill, made, phones, first, min(first + CHUNK, count), count)
        db.write_now(_mark, count + 1)
        pieces, began = [], perf_counter()
        while True:
            at = perf_counter()
            if not db.write_now(recounting.catch_up):
                break
            pieces.append((perf_counter() - at) * 1000)
        pieces.sort()
        say(f"counted {count:,} in {perf_counter() - began:.1f} s, {len(pieces):,} pieces, ")
        say(f"median {pieces[len(pieces) // 2]:.1f} ms, 99 % within {pieces[len(pieces) * 99 // 100]:.1f} ms\n")
        say(f"{made.value('select count(*) from report_counts'):,} rows of days, ")
        say(f"{made.value('select count(*) from campaign_hours'):,} of campaigns' quarters\n")
        day = NOON.date()
        for days in (1, 30, 90, DAYS):
            first_day = day - timedelta(days=days - 1)
            chosen: tuple[tuple[str, dict[str, Any]], ...] = (
                ("all", {}),
                ("a phone", {"device_label": "phone1"}),
                ("a campaign", {"campaign_id": CAMPAIGNS}),
                ("a tag", {"tag": "vip"}),
            )
            for name, more in chosen:
                asked = replace(Asked(first_day, day), **more)
                ms = timed(partial(db.read_here, reports.daily, asha, asked))
                say(f"{days:>4} days, {name:12} {ms:6.2f} ms\n")
        zone = made.box.config.zone
        ms = timed(lambda: db.read_here(reports.of_campaign, asha, CAMPAIGNS // 2, zone=zone))
        say(f"one campaign {ms:17.2f} ms\n")
        made.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
