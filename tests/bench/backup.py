"""A shop under 50 posts a second while `wabox backup` runs, again and again, for a minute; then its last backup.

Every post is timed from when it was due: one that holds up those behind it shows in their figures, too. The last
backup is put back in another directory: every 202 that was given before it began must be there, all promises
must hold, nothing may go before it is released; 200 flipped bits and 50 cuts must be refused.
Run by hand: .venv/bin/python -m tests.bench.backup [messages] [megabytes of files] [seconds]
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, sleep

import httpx

from tests.bench.machine import SETTINGS, _free_port, _owner, _wait_for
from wabox import config, datadir, open_box
from wabox.api import v1
from wabox.backup import reading, releasing, restoring
from wabox.checkup import promises
from wabox.datadir import DataDir
from wabox.demo.children import started
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.engine import page_events
from wabox.engine.turns import Turns
from wabox.errors import Invalid
from wabox.whatsapp.driver import Event
from wabox.whatsapp.fake import FakeDriver

MESSAGES, MEGABYTES, SECONDS = 200_000, 200, 60
A_SECOND, QUIET_SECONDS = 50, 6.0
FLIPS, CUTS = 200, 50
AT = "2026-03-01T00:00:00+00:00"
MOST_MS = 50.0
ROW = """insert into messages (user_id, device_id, phone, text, status, sent_at, queued_at)
    values (1, 1, '8801' || printf('%09d', :n), :text, 'sent', :at, :at)"""


@dataclass(slots=True)
class Till:
    """Posts so many a second. taken: (when it was due, seconds until its answer, job id)."""

    url: str
    key: str
    taken: list[tuple[float, float, int]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """It posts meanwhile."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self.over.set()
            thread.join()

    def _run(self) -> None:
        with httpx.Client(headers={"X-API-Key": self.key}) as client, ThreadPoolExecutor(8) as hands:
            n, began = 0, perf_counter()
            while not self.over.is_set():
                due = began + n / A_SECOND
                sleep(max(due - perf_counter(), 0))
                hands.submit(self._post, client, n, due)
                n += 1

    def _post(self, client: httpx.Client, n: int, due: float) -> None:
        body = {"phone": f"8801712{n:06d}", "message": f"till {n}", "queue_if_offline": True}
        answer = client.post(self.url + v1.PATH + "/send", json=body)
        self.taken.append((due, perf_counter() - due, answer.json()["job_id"]))

    def waits(self, since: float, until: float) -> list[float]:
        """Seconds, of what was due in that time."""
        return [seconds for due, seconds, _ in self.taken if since <= due < until]


def main() -> None:
    """Print the figures; the exit code is 1 when the wait is too long or something is not as it must be."""
    warnings.simplefilter("ignore")
    given = [int(one) for one in sys.argv[1:]]
    messages, megabytes, seconds = (*given, *(MESSAGES, MEGABYTES, SECONDS)[len(given) :])
    with tempfile.TemporaryDirectory(prefix="wabox-backup-") as folder:
        place = Path(folder)
        till, times = _shop(place, messages, megabytes, seconds)
        began, ended = times[0][0], times[-1][1]
        quiet, busy = till.waits(till.taken[0][0] + 1, began), till.waits(began, ended)
        last = times[-1][0]
        file = place / f"shop-{len(times) - 1}.tar"
        data = _restored(place, file)
        missing, wrong = _wrong(data, {job for due, took, job in till.taken if due + took < last})
        went, after = _handed(place, data)
        taken = _refused(file)
    good = _percentile(busy, 0.99) <= MOST_MS and not (missing or wrong or went or taken) and after > 0
    for line in (
        f"{messages} messages, {megabytes} MB of files, {len(busy)} posts in {ended - began:.0f} s",
        f"{len(times)} backups, each {max(until - since for since, until in times):.1f} s at most",
        f"POST /send before:    {_told(quiet)}",
        f"POST /send meanwhile: {_told(busy)}; p99 may be {MOST_MS:.0f} ms",
        f"put back: {missing} of the 202s before it are missing, {wrong} promises are broken",
        f"{went} messages went before it was released, {after} after",
        f"of {FLIPS} flipped bits and {CUTS} cuts {taken} were taken for whole",
        "holds" if good else "falls short",
    ):
        sys.stdout.write(f"{line}\n")
    sys.exit(0 if good else 1)


def _shop(place: Path, messages: int, megabytes: int, seconds: float) -> tuple[Till, list[tuple[float, float]]]:
    """What was posted, and (since, until) of each backup that was made meanwhile."""
    settings, port = place / "wabox.toml", _free_port()
    settings.write_text(SETTINGS.format(port=port), encoding="utf-8")
    key = _owner(settings)
    _fill(place / "box", messages, megabytes)
    url = f"http://127.0.0.1:{port}"
    times: list[tuple[float, float]] = []
    with started("wabox", ["serve", "--config", str(settings)], log=place / "wabox.log") as child:
        _wait_for(url, child)
        till = Till(url, key)
        with till.open():
            sleep(QUIET_SECONDS)
            over = perf_counter() + seconds
            while perf_counter() < over:
                began = perf_counter()
                words = ["backup", f"shop-{len(times)}.tar", "--unsealed", "--json", "--config", str(settings)]
                (place / f"shop-{len(times) - 1}.tar").unlink(missing_ok=True)
                subprocess.run(
                    [sys.executable, "-m", "wabox", *words], cwd=place, check=True, stdout=subprocess.DEVNULL
                )
                times.append((began, perf_counter()))
            sleep(1)
    return till, times


def _fill(data: Path, messages: int, megabytes: int) -> None:
    with contextlib.closing(sqlite3.connect(data / "wabox.db")) as connection:
        connection.executemany(ROW, ({"n": n, "text": f"message {n} " * 20, "at": AT} for n in range(messages)))
        connection.execute(
            """insert into message_totals (user_id, n) values (1, :n)
               on conflict do update set n = n + :n""",
            {"n": messages},
        )
        connection.commit()
    for n in range(megabytes):
        sha = f"{n:064x}"
        file = data / "media" / sha[-2:] / sha
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_bytes(os.urandom(1_000_000))


def _restored(place: Path, file: Path) -> DataDir:
    data = datadir.prepare(place / "new" / "data")
    with datadir.held(data, what="wabox restore"):
        restoring.restore(data, file, None, now=datetime.now(UTC))
    return data


def _wrong(data: DataDir, jobs: set[int]) -> tuple[int, int]:
    """(202s that are not there, promises that do not hold)."""
    with contextlib.closing(sqlite3.connect(data.database)) as connection:
        there = {row[0] for row in connection.execute("select id from messages")}
        return len(jobs - there), len(list(promises.broken(connection)))


def _handed(place: Path, data: DataDir) -> tuple[int, int]:
    """How many messages a phone that is linked anew is given: while the box is held, and once it is released."""
    with open_box.opened(config.parse({"sending": {"quiet_hours": []}}, base=place / "new"), data) as box:

        def take(event: Event) -> None:
            box.db.write_now(page_events.verb(event, box))

        handed = []
        for step in (None, releasing.release):
            if step is not None:
                box.db.write_now(step, user_id=None, now=box.now())
            driver = FakeDriver(take, now=box.now)
            box.db.write_now(lambda tx: orders.start(tx, devices.by_id(tx, 1)))
            driver.open(box.db.read_here(devices.by_id, 1).spec)
            driver.scan(1, "8801700000009")
            Turns(box, driver, "boot-2").turn(1)
            handed.append(len(driver.handed))
        return handed[0], handed[1]


def _refused(file: Path) -> int:
    """How many of the damaged copies were taken for whole."""
    dice, size, taken = random.Random(12), file.stat().st_size, 0
    for _ in range(FLIPS):
        at, bit = dice.randrange(size), 1 << dice.randrange(8)
        _flip(file, at, bit)
        taken += _is_taken(file)
        _flip(file, at, bit)
    for size_then in sorted((dice.randrange(size) for _ in range(CUTS)), reverse=True):
        os.truncate(file, size_then)
        taken += _is_taken(file)
    return taken


def _flip(file: Path, at: int, bit: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        byte = opened.read(1)[0]
        opened.seek(at)
        opened.write(bytes([byte ^ bit]))


def _is_taken(file: Path) -> bool:
    try:
        reading.check(file, None)
    except Invalid:
        return False
    return True


def _told(waits: list[float]) -> str:
    middle, late = _percentile(waits, 0.5), _percentile(waits, 0.99)
    return f"p50 {middle:.1f} ms, p99 {late:.1f} ms, most {max(waits) * 1000:.0f} ms"


def _percentile(seconds: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(seconds)[int(len(seconds) * share)] * 1000 if seconds else 0.0


if __name__ == "__main__":
    main()
