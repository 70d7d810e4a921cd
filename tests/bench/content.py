"""What the rules of a shared box cost: judging one text, and a line whose first 100,000 messages are held.

Run by hand: .venv/bin/python -m tests.bench.content [messages]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from tests.cast import Stage, stage
from wabox.campaigns import reviewing
from wabox.content import builtin, reviews
from wabox.content.matcher import Matcher, Rule
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.messages import claiming, explaining, outbox, template
from wabox.whatsapp.driver import Link

CHUNK = 5_000
TEXTS = {
    "short English": "Dear customer, your order 1234 is ready for pick up. Thank you.",
    "short Bengali": "আপনার অর্ডার নং ৪৫২১ প্রস্তুত। মোট ১,২৫০ টাকা।",
    "4,096 Bengali": ("আপনার অর্ডার নং ৪৫২১ প্রস্তুত। মোট ১,২৫০ টাকা। " * 90)[:4_096],
    "4,096 of one a": "a" * 4_096,
}


def seconds(work: Callable[[], object], times: int) -> float:
    """Of one run, of so many."""
    began = perf_counter()
    for _ in range(times):
        work()
    return (perf_counter() - began) / times


def judging() -> None:
    """The house's rules, 450 words and 40 patterns of an owner."""
    rules = [Rule(f"builtin:{name}", "builtin", name, "hold", "…") for name in builtin.NAMES]
    rules += [Rule(f"word:{n}", "word", f"word{n} thing", "hold", "…") for n in range(450)]
    rules += [Rule(f"pattern:{n}", "pattern", rf"(a+)+ \d+ tk{n}$", "hold", "…") for n in range(40)]
    made = Matcher(rules)
    for name, text in TEXTS.items():
        found = seconds(lambda text=text: made.judge(text), 50)  # type: ignore[misc]
        print(f"judge {name:<16} {found * 1e6:8.0f} µs")  # noqa: T201


def held(made: Stage, count: int) -> None:
    """So many messages of asha wait for review, one behind them does not."""

    def some(tx: Tx, first: int) -> None:
        tx.many(
            """insert into messages (user_id, device_id, phone, text, in_review, queued_at)
               values (?, ?, ?, 'Send your PIN', 1, '2026-03-10T06:00:00.000000Z')""",
            [(made.asha.id, made.asha.device_id, f"88017{n:08d}") for n in range(first, first + CHUNK)],
        )
        tx.run(
            """insert into reviews (user_id, message_id, rules, reason, since)
               select user_id, id, '["builtin:secrets"]', '…', queued_at from messages
               where in_review = 1 and id > coalesce((select max(message_id) from reviews), 0)"""
        )

    for first in range(0, count, CHUNK):
        made.box.db.write_now(some, first)


def line_behind(count: int) -> None:
    """The claim of the one message behind them, and what pages ask."""
    with tempfile.TemporaryDirectory() as place:
        made = stage(Path(place), accounts={"registration": "open"})
        db, config, now = made.box.db, made.box.config, made.hands.now()

        def link(tx: Tx) -> None:
            orders.start(tx, devices.by_id(tx, made.asha.device_id))
            linking.saw(tx, Link(made.asha.device_id, 1, "ready", phone="8801711123456", synced=True), now=now)

        def one(tx: Tx) -> int:
            device = devices.by_id(tx, made.asha.device_id)
            text = template.parse("Hello")
            return outbox.accept(tx, device, phone="8801811000001", template=text, values={}, now=now)

        db.write_now(link)
        held(made, count)
        asked: dict[str, Callable[[], object]] = {
            "devices due": lambda: db.read_here(claiming.devices_due, now=now),
            "queue's groups": lambda: db.read_here(
                explaining.groups, made.asha.id, config=config, now=now, most_rows=20
            ),
            "entries counted": lambda: db.read_here(reviews.waiting),
            "first page to read": lambda: db.read_here(reviewing.queue),
        }
        for name, work in asked.items():
            print(f"{name:<22} {seconds(work, 5) * 1e3:8.2f} ms")  # noqa: T201
        db.write_now(one)
        claim = seconds(lambda: db.write_now(claiming.claim_next, made.asha.device_id, config=config, now=now), 1)
        print(f"{'claim behind them':<22} {claim * 1e3:8.2f} ms")  # noqa: T201
        made.close()


if __name__ == "__main__":
    judging()
    line_behind(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
