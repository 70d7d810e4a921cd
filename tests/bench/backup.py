"""What POST /send waits at 50 a second while a backup is made, and whether all that was taken before it is in it.

Run by hand: .venv/bin/python -m tests.bench.backup [messages] [megabytes of files]
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, sleep

import httpx

from tests.cast import Stage, stage
from tests.faces.api.serving import serving
from wabox import datadir
from wabox.api import v1
from wabox.backup import restoring

MESSAGES, MEGABYTES = 200_000, 200
A_SECOND = 50
AT = "2026-03-01T00:00:00+00:00"
MOST_MS = 50.0
ROW = """insert into messages (user_id, device_id, phone, text, status, sent_at, queued_at)
    values (1, 1, '8801' || printf('%09d', :n), :text, 'sent', :at, :at)"""


class Till:
    """Posts so many a second, and remembers how long each took and when it was taken."""

    def __init__(self, url: str, key: str) -> None:
        self.taken: list[tuple[float, float, int]] = []  # since when, seconds, job id
        self._stop = threading.Event()
        self._url, self._key = url, key
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Till:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(headers={"X-API-Key": self._key}) as client:
            n, began = 0, perf_counter()
            while not self._stop.is_set():
                sleep(max(began + n / A_SECOND - perf_counter(), 0))
                body = {"phone": f"8801712{n:06d}", "message": f"till {n}", "queue_if_offline": True}
                at = perf_counter()
                answer = client.post(self._url + v1.PATH + "/send", json=body)
                self.taken.append((at, perf_counter() - at, answer.json()["job_id"]))
                n += 1


def main() -> None:
    """Print both; the exit code is 1 when the wait is too long or something is missing."""
    warnings.simplefilter("ignore")
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else MEGABYTES
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made = stage(place, limits={"send_burst": 100_000, "send_per_second": 10_000})
        _fill(made, messages, megabytes)
        (place / "wabox.toml").write_text('[data]\ndir = "data"\n')
        with serving(made) as url, Till(url, made.asha.key) as till:
            sleep(6)
            before = perf_counter()
            command = [sys.executable, "-m", "wabox", "backup", "shop.tar", "--unsealed", "--json"]
            subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)
            after = perf_counter()
            sleep(1)
        made.close()
        quiet = [seconds for at, seconds, _ in till.taken if at - till.taken[0][0] > 1 and at < before]
        busy = [seconds for at, seconds, _ in till.taken if before <= at < after]
        missing = _missing(place, {job for at, seconds, job in till.taken if at + seconds < before})
    good = _percentile(busy, 0.99) <= MOST_MS and not missing
    sys.stdout.write(
        f"{messages} messages, {megabytes} MB of files: packed and opened again in {after - before:.1f} s; "
        f"POST /send p99 {_percentile(quiet, 0.99):.0f} ms before, {_percentile(busy, 0.99):.0f} ms meanwhile "
        f"(of {len(busy)}; most {max(busy) * 1000:.0f} ms); {missing} of the 202s before it are missing: "
        f"{'holds' if good else 'falls short'}\n"
    )
    sys.exit(0 if good else 1)


def _fill(made: Stage, messages: int, megabytes: int) -> None:
    with contextlib.closing(sqlite3.connect(made.box.db.path)) as connection:
        connection.executemany(ROW, ({"n": n, "text": f"message {n} " * 20, "at": AT} for n in range(messages)))
        connection.execute("update message_totals set n = n + ? where user_id = 1", (messages,))
        connection.commit()
    for n in range(megabytes):
        sha = f"{n:064x}"
        file = made.box.media / sha[-2:] / sha
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_bytes(os.urandom(1_000_000))


def _missing(place: Path, jobs: set[int]) -> int:
    data = datadir.prepare(place / "new" / "data")
    with datadir.held(data, what="wabox restore"):
        restoring.restore(data, place / "shop.tar", None, now=datetime.now(UTC))
    with contextlib.closing(sqlite3.connect(data.database)) as connection:
        there = {row[0] for row in connection.execute("select id from messages")}
    return len(jobs - there)


def _percentile(seconds: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(seconds)[int(len(seconds) * share)] * 1000 if seconds else 0.0


if __name__ == "__main__":
    main()
