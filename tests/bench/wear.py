"""What a box writes to its disk: by the day when nothing happens, and for each message of a burst.

A baseline in the same run: plain SQLite that stores a message and moves it on four times, durably each time.
One sandbox phone on real Chromium.
Run by hand: .venv/bin/python -m tests.bench.wear [--seconds 120] [--messages 100]
"""

from __future__ import annotations

import argparse
import sqlite3
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from tests.bench.machine import _free_port, _owner, _wait_for
from tests.bench.soak import PHONES, SETTINGS, Shop, _until
from tests.journeys.receiver import Receiver
from wabox.checkup import wear
from wabox.demo.children import started

SENDERS = 8
DAY_SECONDS = 86_400
MOST_KB = 44.0


def main() -> None:
    """Print what was written; the exit code is 1 when a message costs more than it may."""
    asked = _asked()
    with tempfile.TemporaryDirectory(prefix="wabox-wear-") as place:
        plain = baseline(Path(place) / "plain.db", asked.messages) / asked.messages
        holds = _box(Path(place), plain, asked)
    sys.exit(0 if holds else 1)


def _asked() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="wear")
    words.add_argument("--seconds", type=float, default=120)
    words.add_argument("--messages", type=int, default=100)
    words.add_argument("--webhook", action="store_true", help="tell a receiver of every step")
    words.add_argument("--trees", action="store_true", help="which tables and indexes it was")
    return words.parse_args()


def baseline(path: Path, messages: int) -> int:
    """Bytes that this process writes for so many rows, each inserted and updated four times, flushed each time."""
    before = wear.written()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute(
            "create table messages (id integer primary key, phone text, text text, status text) strict"
        )
        for number in range(messages):
            connection.execute("insert into messages values (?, '8801711000001', 'Hello', 'queued')", (number,))
            for status in ("sending", "sent", "delivered", "read"):
                connection.execute("update messages set status = ? where id = ?", (status, number))
    return wear.written() - before


def _box(place: Path, plain: float, asked: argparse.Namespace) -> bool:
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
        if asked.webhook:
            shop.call("PUT", "/webhooks", {"webhook_url": receiver.url})
        shop.link("primary", PHONES["primary"])
        _until(lambda: _quiet(shop), "nothing is written any more", seconds=60)
        idle = _idle(shop, asked.seconds)
        burst = _burst(shop, asked)
    receiver.close()
    sys.stdout.write(
        f"plain SQLite         {plain / 1000:8.1f} KB a message = 1.0\n"
        f"wabox, in a burst    {burst / 1000:8.1f} KB a message   {burst / plain:5.2f} x that, "
        f"at most {MOST_KB:.0f} KB\n"
        f"wabox, idle          {idle * DAY_SECONDS / 1e6:8.1f} MB a day\n"
    )
    return burst / 1000 <= MOST_KB


def _quiet(shop: Shop) -> bool:
    before = wear.written(shop.child.process.pid)
    time.sleep(2)
    return wear.written(shop.child.process.pid) - before < 10_000


def _idle(shop: Shop, seconds: float) -> float:
    before = wear.written(shop.child.process.pid)
    time.sleep(seconds)
    return (wear.written(shop.child.process.pid) - before) / max(seconds, 1)


def _burst(shop: Shop, asked: argparse.Namespace) -> float:
    database = shop.place / "box" / "wabox.db"
    before = wear.written(shop.child.process.pid)
    with closing(sqlite3.connect(database)) as held:
        if asked.trees:  # what is read keeps the journal, so that all of it can be looked at
            held.execute("begin")
            held.execute("select count(*) from messages").fetchone()
        with ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(lambda number: _send(shop, number), range(asked.messages)))
        _until(lambda: _read(database) >= asked.messages, "all are read", seconds=60)
        time.sleep(1)
        if asked.trees:
            _print_trees(database, asked.messages)
    return (wear.written(shop.child.process.pid) - before) / float(asked.messages)


def _send(shop: Shop, number: int) -> None:
    """Numbers that end in 0000 are not on the pretend WhatsApp."""
    shop.call("POST", "/send", {"phone": f"88018{number + 1:08d}", "message": f"Hello {number}"})


def _read(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("select count(*) from messages where status = 'read'").fetchone()[0])


def _print_trees(database: Path, messages: int) -> None:
    with closing(sqlite3.connect(database)) as connection:
        names = dict(connection.execute("select pageno, name from dbstat"))
    pages, commits = Counter[str](), 0
    for page, ends in frames(database.with_name("wabox.db-wal")):
        pages[names.get(page, "free")] += 1
        commits += ends
    sys.stdout.write(
        f"{commits / messages:.1f} transactions and {pages.total() / messages:.1f} pages a message:\n"
    )
    for name, count in pages.most_common(40):
        sys.stdout.write(f"  {name:<28}{count / messages:6.2f}\n")


def frames(journal: Path) -> Iterator[tuple[int, bool]]:
    """(page, whether a transaction ends with it) of each frame of a journal.

    Source: https://sqlite.org/fileformat2.html#walformat, seen 2026-11-27.
    """
    found = journal.read_bytes()
    size, salt = struct.unpack(">I", found[8:12])[0], found[16:24]
    for at in range(32, len(found) - size - 23, size + 24):
        page, pages_after = struct.unpack(">II", found[at : at + 8])
        if found[at + 8 : at + 16] == salt:
            yield page, pages_after > 0


if __name__ == "__main__":
    main()
