"""How long others wait for a commit while a long campaign is stopped: in one transaction, and in pieces.

Run by hand: .venv/bin/python -m tests.bench.stopping [people]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from time import monotonic, perf_counter

from tests.bench.campaigns import add_people, launch, timed
from tests.cast import Stage, stage
from wabox.campaigns import control
from wabox.db import Tx
from wabox.devices import stored as devices
from wabox.engine.expansion import Expansion
from wabox.engine.leaving import Leaving
from wabox.messages import leaving, outbox, template
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow

EVERY_SECONDS = 0.02


class Till:
    """Another user who posts all the while, and notes how long each 202 takes."""

    def __init__(self, made: Stage) -> None:
        self._made = made
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._post)
        self.took: list[float] = []

    def __enter__(self) -> Till:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _post(self) -> None:
        made, parsed, due = self._made, template.parse("Hello"), monotonic()
        while not self._over.wait(max(due - monotonic(), 0)):
            due += EVERY_SECONDS
            self.took.append(timed(lambda: made.box.db.write_now(self._accept, parsed)))

    def _accept(self, tx: Tx, parsed: template.Template) -> None:
        device = devices.by_id(tx, self._made.bilal.device_id)
        now = self._made.hands.now()
        outbox.accept(tx, device, phone="8801711000001", template=parsed, values={}, now=now)


def stop(made: Stage, campaign_id: int, first: int) -> float:
    """Seconds until nothing is left. first: how many go with the stop itself."""
    began, now = perf_counter(), made.hands.now()
    made.box.db.write_now(control.stop, made.asha.id, campaign_id, now=now, most=first)
    step = Leaving(made.box)
    while made.box.db.read_here(leaving.left).campaigns:
        asyncio.run(step.tick())
    return perf_counter() - began


def percentile(values: Iterable[float], share: float) -> float:
    """Milliseconds."""
    found = sorted(values)
    return found[min(int(len(found) * share), len(found) - 1)] * 1000


def main(count: int) -> None:
    """Print what the till waits for."""
    say = sys.stdout.write
    with tempfile.TemporaryDirectory() as directory:
        made = stage(Path(directory))
        add_people(made, count)
        for asked in (False, True):
            if asked:
                events = ("delivery.cancelled",)
                made.box.db.write_now(
                    endpoints.put,
                    made.asha.id,
                    url="https://shop.example/",
                    events=events,
                    allow=Allow(),
                    seal=made.box.seal,
                    now=made.hands.now(),
                )
            for piece in (count, leaving.PIECE):
                campaign_id = launch(made)
                expansion = Expansion(made.box)
                while expansion.step(campaign_id):
                    pass
                with Till(made) as till:
                    took = stop(made, campaign_id, piece)
                p50, p99, worst = (percentile(till.took, share) for share in (0.5, 0.99, 1))
                say(
                    f"{count:,} people, {piece:,} a transaction, webhook {asked}: stopped in {took:.1f} s; "
                    f"the till waits {p50:.1f} ms (median), {p99:.1f} ms (p99), {worst:.1f} ms at most\n"
                )
        made.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
