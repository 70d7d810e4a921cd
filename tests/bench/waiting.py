"""What lines that cannot move cost: turns and processor time while another user posts, and while nobody does.

Run by hand: .venv/bin/python -m tests.bench.waiting [phones] [messages] [seconds]
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import process_time

from tests.bench.stopping import Till
from tests.cast import Stage, stage
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.engine.clock import Clock
from wabox.engine.lines import Lines
from wabox.engine.turns import Turns
from wabox.engine.workers import Kind, Workers
from wabox.messages import outbox, template
from wabox.whatsapp.driver import Link
from wabox.whatsapp.fake import FakeDriver

CHUNK = 500


class Restless(Lines):
    """Every line is looked at in every tick."""

    def may_move(self, *_: object, **__: object) -> bool:
        return True


def fill(made: Stage, phones: int, messages: int) -> None:
    """So many linked phones of asha's, so many messages before each."""

    def link(tx: Tx, number: int) -> None:
        orders.start(tx, devices.by_id(tx, number))
        ready = Link(
            number, devices.by_id(tx, number).session, "ready", phone=f"880170000{number:04d}", synced=True
        )
        linking.saw(tx, ready, now=made.hands.now())

    def queue(tx: Tx, number: int, at: int) -> None:
        device = devices.by_id(tx, number)
        for n in range(at, min(at + CHUNK, messages)):
            outbox.accept(tx, device, phone=f"88018{n:08d}", template=parsed, values={}, now=made.hands.now())

    parsed = template.parse("Hello")
    labels = [f"till-{n}" for n in range(1, phones)]
    mine = [made.asha.device_id]
    for label in labels:
        created = made.box.db.write_now(orders.create, made.asha.id, label, most=phones, now=made.hands.now())
        mine.append(created.id)
    for number in mine:
        made.box.db.write_now(link, number)
        for at in range(0, messages, CHUNK):
            made.box.db.write_now(queue, number, at)


async def measure(made: Stage, lines: Lines, seconds: float) -> tuple[Counter[str], float]:
    """Turns, and seconds of processor time."""
    turns = Turns(made.box, FakeDriver(lambda _: None, now=made.hands.now), "boot-1", lines=lines)
    had: Counter[str] = Counter()

    def turn(device_id: int) -> None:
        had["turns"] += 1
        turns.turn(device_id)

    workers = Workers(made.box.config.data.dir / "queue.db", {"device": Kind(turn, most=50)})
    clock = Clock(made.box, workers, steps=[], hourly=[], lines=lines)
    workers.start()
    clock.start()
    made.box.db.on_commit = clock.wake
    await asyncio.sleep(1)
    had.clear()
    began = process_time()
    await asyncio.sleep(seconds)
    took = process_time() - began
    made.box.db.on_commit = None
    await clock.stop(5)
    workers.stop(5)
    return had, took


def main(phones: int, messages: int, seconds: float) -> None:
    """Print both, before and after."""
    say = sys.stdout.write
    with tempfile.TemporaryDirectory() as directory:
        made = stage(Path(directory), sending={"quiet_hours": ["11:00", "13:00"]})
        fill(made, phones, messages)
        say(f"{phones} phones, {messages:,} messages before each, in quiet hours\n")
        for name, kind in (("every tick", Restless), ("resting", Lines)):
            for posts in (False, True):
                with Till(made) if posts else contextlib.nullcontext():
                    had, took = asyncio.run(measure(made, kind(), seconds))
                rate = f"{had['turns'] / seconds:7.1f} turns/s, {took / seconds:6.1%} of a processor"
                say(f"{name:11} {'50 posts/s' if posts else 'idle':11} {rate}\n")
        made.close()


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*(given + [5, 10_000, 10][len(given) :]))
