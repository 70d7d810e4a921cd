"""What this machine can do with wabox's own parts, as ratios to its disk's flush and to bare writes.

Run by hand: .venv/bin/python -m tests.bench.machine [seconds]
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from wabox import db
from wabox.accounts import passwords
from wabox.db import Database, Tx
from wabox.demo.children import Child, started
from wabox.errors import ConfigError

FLUSHES = 50
WRITERS = 64
SENDERS = 32
START_SECONDS = 40.0
EMAIL = "bench@example.com"
SETTINGS = """\
[server]
port = {port}
[data]
dir = "box"
[whatsapp]
url = "http://127.0.0.1:1"
[limits]
send_burst = 100000
send_per_second = 10000
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What this machine can do. Milliseconds, and how many a second."""

    flush_ms: float
    password_ms: float
    writes_per_second: float
    sends_per_second: float
    send_p50_ms: float
    send_p99_ms: float

    def lines(self) -> list[str]:
        """Each figure with its ratio to the baseline of the same run."""
        flushes = 1000 / self.flush_ms
        return [
            f"one flush of this disk: {self.flush_ms:.2f} ms, {flushes:,.0f} a second = 1.0",
            f"durable writes   {self.writes_per_second:9,.0f} /s   "
            f"{self.writes_per_second / flushes:5.1f} x flushes",
            f"POST /send       {self.sends_per_second:9,.0f} /s   "
            f"{self.sends_per_second / self.writes_per_second:5.2f} x durable writes, "
            f"p50 {self.send_p50_ms:.0f} ms, p99 {self.send_p99_ms:.0f} ms at {SENDERS} at once",
            f"one log-in       {self.password_ms:9.0f} ms   {self.password_ms / self.flush_ms:5.0f} x a flush",
        ]


def measure(directory: Path, seconds: float) -> Measured:
    """Everything, on the disk that holds directory (empty, the caller's). Raises ConfigError."""
    rate, times = sends(directory, seconds)
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return Measured(
        flush_ms=flush_ms(directory),
        password_ms=password_ms(),
        writes_per_second=writes_per_second(directory / "writes.db", seconds),
        sends_per_second=rate,
        send_p50_ms=cuts[49] * 1000,
        send_p99_ms=cuts[98] * 1000,
    )


def flush_ms(directory: Path) -> float:
    """The median time of one small durable write to the disk."""
    taken = []
    with (directory / "flush").open("wb") as file:
        for _ in range(FLUSHES):
            file.write(b"x" * 4096)
            file.flush()
            at = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - at)
    return statistics.median(taken) * 1000


def password_ms() -> float:
    """How long a log-in computes."""
    at = time.perf_counter()
    passwords.hashed("seven lamps under the jackfruit")
    return (time.perf_counter() - at) * 1000


def writes_per_second(path: Path, seconds: float) -> float:
    """Durable small transactions a second, with many askers."""
    connection = db.connect(path)
    connection.execute("create table notes (id integer primary key, text text) strict")
    connection.close()
    box = Database(path)
    box.start()
    try:
        return asyncio.run(_write(box, seconds)) / seconds
    finally:
        box.stop()


def sends(directory: Path, seconds: float) -> tuple[float, list[float]]:
    """(accepted messages a second, the time of each in seconds) of a wabox that only queues."""
    port = _free_port()
    settings = directory / "wabox.toml"
    settings.write_text(SETTINGS.format(port=port), encoding="utf-8")
    key = _owner(settings)
    with started("wabox", ["serve", "--config", str(settings)], log=directory / "wabox.log") as child:
        _wait_for(f"http://127.0.0.1:{port}", child)
        times = asyncio.run(_send(port, key, seconds))
    return len(times) / seconds, times


async def _write(box: Database, seconds: float) -> int:
    until = time.monotonic() + seconds

    async def asker() -> int:
        done = 0
        while time.monotonic() < until:
            await box.write(_note)
            done += 1
        return done

    return sum(await asyncio.gather(*(asker() for _ in range(WRITERS))))


def _note(tx: Tx) -> None:
    tx.run("insert into notes (text) values ('Hello')")


async def _send(port: int, key: str, seconds: float) -> list[float]:
    """Plain sockets: an HTTP library would cost more than the box it measures."""
    body = b'{"phone": "8801711000001", "message": "Hello", "queue_if_offline": true}'
    request = (
        f"POST /api/v1/send HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    times: list[float] = []
    until = time.monotonic() + seconds

    async def sender() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < until:
            at = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            answer = await reader.readexactly(_length(head))
            times.append(time.perf_counter() - at)
            if b" 202 " not in head[:16]:
                raise ConfigError(f"POST /send was refused: {answer[:200]!r}")
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    return times


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    return int(found[1]) if found else 0


def _owner(settings: Path) -> str:
    words = [
        "init",
        "--config",
        str(settings),
        "--email",
        EMAIL,
        "--password-stdin",
        "--accept-disclaimer",
        "--json",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "wabox", *words],
        input="seven lamps under the jackfruit\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ConfigError(done.stderr.strip())
    return str(json.loads(done.stdout.splitlines()[-1])["api_key"])


def _wait_for(url: str, child: Child) -> None:
    until = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < until and child.lives:
            try:
                if client.get(f"{url}/healthz").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
    raise ConfigError(f"wabox did not start. Its last words:\n{child.last_words()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="wabox-bench-") as place:
        found = measure(Path(place), float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
    sys.stdout.write("\n".join(found.lines()) + "\n")
