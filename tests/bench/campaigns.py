"""How fast a campaign to many people is written, claimed and stopped, against plain SQLite in the same run.

Run by hand: .venv/bin/python -m tests.bench.campaigns [people]
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from tests.cast import Stage, stage
from wabox import db
from wabox.campaigns import control, launching
from wabox.contacts import phones, segments, writing
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.engine.expansion import Expansion
from wabox.messages import claiming
from wabox.whatsapp.driver import Link

CHUNK = 500


def timed(work: Callable[[], object]) -> float:
    """Seconds it took."""
    began = perf_counter()
    work()
    return perf_counter() - began


def plain(path: Path, count: int) -> float:
    """The same number of rows as messages, by executemany, 500 a durable transaction."""
    connection = db.connect(path)
    connection.execute(
        "create table m (id integer primary key, user_id int, device_id int, phone text, text text, status text)"
    )
    connection.execute("create unique index one on m (user_id, phone)")
    rows = [(1, 1, f"88017{n:08d}", f"Hello Name {n}, save 20 % today", "queued") for n in range(count)]

    def insert() -> None:
        for at in range(0, count, CHUNK):
            connection.execute("begin immediate")
            connection.executemany(
                "insert into m (user_id, device_id, phone, text, status) values (?, ?, ?, ?, ?)",
                rows[at : at + CHUNK],
            )
            connection.execute("commit")

    try:
        return timed(insert)
    finally:
        connection.close()


def add_people(made: Stage, count: int) -> None:
    """Contacts, 500 a transaction, as an import does."""
    for at in range(0, count, CHUNK):
        drafts = [
            writing.Draft(phones.Phone(f"88017{n:08d}", flagged=False), name=f"Name {n}", tags=("leads",))
            for n in range(at, min(at + CHUNK, count))
        ]
        made.box.db.write_now(writing.bulk, made.asha.id, drafts, now=made.hands.now())


def launch(made: Stage) -> int:
    """A campaign to all of them."""
    segment = segments.of_tag("leads")
    ids = made.box.db.read_here(segments.ids, made.asha.id, segment)
    return made.box.db.write_now(
        launching.create,
        made.asha.id,
        name="Bench",
        message="Hello {name}, {Save|Get} 20 % today",
        audience=segments.write(segment),
        contact_ids=ids,
        device_ids=None,
        scheduled_for=None,
        now=made.hands.now(),
    ).id


def claims(made: Stage, times: int) -> float:
    """Milliseconds for one claim at the head of a long line; what was claimed is put back by rolling on."""

    def once(tx: db.Tx) -> None:
        claimed = claiming.claim_next(tx, made.asha.device_id, config=made.box.config, now=made.hands.now())
        assert claimed is not None
        tx.run("update messages set status = 'queued' where status = 'sending'")

    return timed(lambda: [made.box.db.write_now(once) for _ in range(times)]) / times * 1000


def main(count: int) -> None:
    """Print every figure with its ratio to the baseline."""
    with tempfile.TemporaryDirectory() as directory:
        base = plain(Path(directory) / "plain.db", count)
        made = stage(Path(directory) / "box")
        made.box.db.write_now(lambda tx: orders.start(tx, devices.by_id(tx, made.asha.device_id)))
        ready = Link(made.asha.device_id, 1, "ready", phone="8801700000009", synced=True)
        made.box.db.write_now(linking.saw, ready, now=made.hands.now())
        people = timed(lambda: add_people(made, count))
        campaign_id = launch(made)
        began = timed(lambda: launch_again(made))
        expansion = Expansion(made.box)
        expand = timed(lambda: [None for _ in iter(lambda: expansion.step(campaign_id), False)])
        claim = claims(made, 200)
        stop = timed(lambda: made.box.db.write_now(control.stop, made.asha.id, campaign_id, now=made.hands.now()))
        made.close()
    say = sys.stdout.write
    say(f"plain SQLite, {count:,} rows: {base:.2f} s = 1.0\n")
    for name, seconds in (("contacts", people), ("launch", began), ("expansion", expand), ("stop", stop)):
        say(f"{name:10} {seconds:7.2f} s   {seconds / base:5.1f} x plain   {count / seconds:9,.0f} rows/s\n")
    say(f"claim at the head of {count:,} waiting: {claim:.2f} ms; SQLite {sqlite3.sqlite_version}\n")


def launch_again(made: Stage) -> None:
    """A second launch, stopped at once: the time of the launch alone."""
    made.box.db.write_now(control.stop, made.asha.id, launch(made), now=made.hands.now())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
