"""A box under load for a long time: what it answers, keeps and holds on to, against limits.

Two sandbox phones on real Chromium, 50 POST /send a second, a receiver that checks every signature.
Run by hand: .venv/bin/python -m tests.bench.soak [--minutes 30] [--rate 50] [--p99-ms 50]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.bench.machine import _free_port, _length, _owner, _wait_for
from tests.journeys.receiver import Receiver
from wabox.checkup import promises
from wabox.demo.children import Child, started
from wabox.errors import ConfigError

PHONES = {"primary": "8801700000001", "second": "8801700000002"}
CONNECTIONS = 8
SAMPLE_SECONDS = 2.0
MB = 1_000_000
SETTINGS = """\
[server]
port = {port}
[data]
dir = "box"
[whatsapp]
url = "{whatsapp}"
[sending]
gap_seconds = [0, 0]
quiet_hours = []
daily_cap = 0
hourly_cap = 0
new_chats_per_day = 0
warmup = false
[webhooks]
allow = ["{receiver}"]
[limits]
send_burst = 100000
send_per_second = 10000
"""


@dataclass(slots=True)
class Seen:
    """What was noticed. Each list is one figure over time."""

    answers: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    browsers: list[float] = field(default_factory=list)
    log: list[float] = field(default_factory=list)
    descriptors: list[float] = field(default_factory=list)
    posts: int = 0
    unsigned: int = 0
    told: Counter[str] = field(default_factory=Counter)
    copies: Counter[int] = field(default_factory=Counter)
    stored: int = 0
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. most: the limit; None = only shown."""

    name: str
    value: float
    most: float | None
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is within its limit."""
        return self.most is None or self.value <= self.most

    def line(self) -> str:
        """As printed."""
        limit = "" if self.most is None else f"{self.most:>10,.0f} {self.unit}"
        verdict = "" if self.most is None else ("ok" if self.holds else "TOO MUCH")
        return f"{self.name:<44}{self.value:>12,.1f} {self.unit:<3}{limit:<16}{verdict}".rstrip()


@dataclass(slots=True)
class Shop:
    """The box that is soaked, and all around it."""

    place: Path
    whatsapp: str
    key: str
    port: int
    child: Child
    receiver: Receiver
    secret: str = ""
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(trust_env=False, timeout=30, headers={"X-API-Key": self.key})

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The API's answer; it must be a success."""
        answer = self.http.request(method, f"http://127.0.0.1:{self.port}/api/v1{path}", json=body)
        if not answer.is_success:
            raise ConfigError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json()

    def link(self, label: str, phone: str) -> None:
        """By a pairing code, typed on the sandbox's phone."""
        if label != "primary":
            self.call("POST", "/devices", {"device_label": label})
        self.call("POST", f"/devices/{label}/pairing-code", {"phone": phone})
        code = _until(lambda: self.call("GET", f"/devices/{label}/pairing-code")["code"], f"a code for {label}")
        self.http.post(
            f"{self.whatsapp}/sandbox/link", json={"phone": phone, "name": label, "code": code}
        ).raise_for_status()
        _until(lambda: label in self._ready(), f"{label} is ready")

    def _ready(self) -> list[str]:
        shown = self.call("GET", "/devices")["devices"]
        return [one["device_label"] for one in shown if one["ready"]]

    def sample(self, seen: Seen) -> None:
        """One look at the process, its files, and what the receiver got."""
        pid = self.child.process.pid
        seen.memory.append(_resident(pid) / MB)
        seen.browsers.append(sum(_resident(one) for one in _below(pid)) / MB)
        seen.descriptors.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        log = self.place / "box" / "wabox.db-wal"
        seen.log.append(log.stat().st_size / MB if log.exists() else 0.0)
        while self.receiver.posts:
            post = self.receiver.posts.pop(0)
            seen.posts += 1
            seen.unsigned += not post.is_signed(self.secret)
            seen.told[post.event["event"]] += 1


def main() -> None:
    """Soak, print the table; the exit code is 1 when a limit is passed."""
    asked = _asked()
    seen = Seen()
    with tempfile.TemporaryDirectory(prefix="wabox-soak-") as place:
        _soak(Path(place), seen, asked)
    rows = _table(seen, asked)
    sys.stdout.write(
        f"{asked.minutes:g} minutes at {asked.rate:g} POST /send a second; webhooks: {dict(seen.told)}\n"
    )
    sys.stdout.write("".join(f"{row.line()}\n" for row in rows))
    for one in seen.broken:
        sys.stdout.write(f"broken: {one}\n")
    sys.exit(0 if all(row.holds for row in rows) else 1)


def _asked() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="soak")
    words.add_argument("--minutes", type=float, default=30)
    words.add_argument("--rate", type=float, default=50)
    words.add_argument("--p99-ms", type=float, default=50)
    return words.parse_args()


def _soak(place: Path, seen: Seen, asked: argparse.Namespace) -> None:
    port, other, receiver = _free_port(), _free_port(), Receiver()
    whatsapp = f"http://127.0.0.1:{other}"
    settings = place / "wabox.toml"
    settings.write_text(SETTINGS.format(port=port, whatsapp=whatsapp, receiver=receiver.address), encoding="utf-8")
    key = _owner(settings)
    sandbox = ["sandbox", "--port", str(other), "--data", str(place / "sandbox")]
    with (
        started("sandbox", sandbox, log=place / "sandbox.log"),
        started("wabox", ["serve", "--config", str(settings)], log=place / "wabox.log") as child,
    ):
        _wait_for(f"http://127.0.0.1:{port}", child)
        shop = Shop(place, whatsapp, key, port, child, receiver)
        shop.secret = shop.call("PUT", "/webhooks", {"webhook_url": receiver.url, "rotate_secret": True})[
            "webhook_secret"
        ]
        for label, phone in PHONES.items():
            shop.link(label, phone)
        asyncio.run(_load(shop, seen, asked))
        sent = shop.http.get(f"{whatsapp}/sandbox/messages", timeout=120).json()["messages"]
        seen.copies = Counter(one["copies"] for one in sent)
    receiver.close()
    with closing(sqlite3.connect(place / "box" / "wabox.db")) as left:
        seen.stored = left.execute("select count(*) from messages where is_system = 0").fetchone()[0]
        seen.broken = [f"{one.promise}: {one.ids}" for one in promises.broken(left)]


async def _load(shop: Shop, seen: Seen, asked: argparse.Namespace) -> None:
    ends = time.monotonic() + asked.minutes * 60
    senders = (_post(shop, seen, number, asked.rate / CONNECTIONS, ends) for number in range(CONNECTIONS))
    await asyncio.gather(*senders, _watch(shop, seen, ends))


async def _watch(shop: Shop, seen: Seen, ends: float) -> None:
    while time.monotonic() < ends:
        await asyncio.to_thread(shop.sample, seen)
        await asyncio.sleep(SAMPLE_SECONDS)


async def _post(shop: Shop, seen: Seen, number: int, rate: float, ends: float) -> None:
    """One connection that posts at a steady pace: late answers are not made up for by a pause."""
    reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
    due, count, labels = time.monotonic() + number / (rate * CONNECTIONS), 0, list(PHONES)
    while due < ends:
        await asyncio.sleep(max(due - time.monotonic(), 0))
        body = {
            "phone": f"88018{number}{count % 1_000_000:06d}",
            "message": f"Hello {number}.{count}",
            "device_label": labels[count % len(labels)],
        }
        at = time.perf_counter()
        writer.write(_request(shop, json.dumps(body).encode()))
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length(head))
        seen.seconds.append(time.perf_counter() - at)
        seen.answers[int(head.split()[1])] += 1
        count += 1
        due += 1 / rate
    writer.close()
    await writer.wait_closed()


def _request(shop: Shop, body: bytes) -> bytes:
    head = (
        f"POST /api/v1/send HTTP/1.1\r\nHost: 127.0.0.1:{shop.port}\r\nX-API-Key: {shop.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _table(seen: Seen, asked: argparse.Namespace) -> list[Row]:
    cuts = statistics.quantiles(seen.seconds, n=100)
    accepted = seen.answers[202]
    wanted = asked.minutes * 60 * asked.rate
    return [
        Row("asked for and not posted", max(wanted * 0.98 - seen.answers.total(), 0), 0),
        Row("POST /send, p50", cuts[49] * 1000, None, "ms"),
        Row("POST /send, p99", cuts[98] * 1000, asked.p99_ms, "ms"),
        Row("answers other than 202", seen.answers.total() - accepted, 0),
        Row("202s without a message, or the reverse", abs(accepted - seen.stored), 0),
        Row("messages that reached WhatsApp", seen.copies.total(), None),
        Row("of these more than once", seen.copies.total() - seen.copies[1], 0),
        Row("webhooks received", seen.posts, None),
        Row("of these badly signed", seen.unsigned, 0),
        Row("wabox's memory, most", max(seen.memory), 400, "MB"),
        Row("its growth after the first quarter", _growth(seen.memory), 64, "MB"),
        Row("its browsers' memory, most", max(seen.browsers), None, "MB"),
        Row("write-ahead log, most", max(seen.log), 64, "MB"),
        Row("open descriptors, most", max(seen.descriptors), 400),
        Row("their growth after the first quarter", _growth(seen.descriptors), 40),
        Row("broken promises", len(seen.broken), 0),
    ]


def _growth(figures: list[float]) -> float:
    """How much higher the median of the last quarter is than that of the second."""
    quarter = max(len(figures) // 4, 1)
    return statistics.median(figures[-quarter:]) - statistics.median(figures[quarter : 2 * quarter] or figures)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096
    except OSError:
        return 0


def _below(pid: int) -> set[int]:
    """Processes under this one."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found, todo = set[int](), {pid}
    while todo:
        todo = {child for child, parent in parents.items() if parent in todo} - found
        found |= todo
    return found


def _until(question: Callable[[], Any], what: str, seconds: float = 90) -> Any:
    ends = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > ends:
            raise ConfigError(f"not within {seconds:g} s: {what}")
        time.sleep(0.2)
    return answer


if __name__ == "__main__":
    main()
