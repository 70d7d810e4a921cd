"""Judges a disk after the power went: the file is whole, what was answered is there, every promise holds."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.power.disk import CHANCES, Image, Note, images
from tests.power.load import ACCEPTED, DELETED, ENTERED, FILLED, KEPT, REMOVED, SENT, STORED, number_of
from wabox.checkup import promises

NEVER_HANDED = ("queued", "cancelled", "skipped")
UNSENT = (*NEVER_HANDED, "failed")


def under_load(place: Path, messages: int) -> list[Note]:
    """The notes of a process that took so many messages, then lost its power."""
    words = [sys.executable, "-m", "tests.power.load", str(place), str(messages)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        words,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr
    return msgspec.msgpack.decode((place / "notes").read_bytes(), type=list[Note])


@dataclass(slots=True)
class Judgement:
    """count: images looked at; chances: how often each; wrong: [what is wrong with an image]."""

    count: int = 0
    chances: Counter[float] = field(default_factory=Counter)
    cuts: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_fair(self) -> bool:
        """Every chance came up, and the power went at many moments."""
        return set(self.chances) == set(CHANCES) and len(self.cuts) > self.count // 2


def judge(place: Path, notes: list[Note], count: int, *, seed: int, flushes: bool = True) -> Judgement:
    """So many images, each opened as wabox would at its start."""
    found = Judgement()
    place.mkdir(exist_ok=True)
    for image in images(notes, count, random.Random(seed), flushes=flushes):
        found.count += 1
        found.chances[image.chance] += 1
        found.cuts.add(image.cut)
        wrong = "; ".join(_wrong(place, image))
        if wrong:
            found.wrong.append(f"at note {image.cut}, chance {image.chance}: {wrong}")
    return found


def _wrong(place: Path, image: Image) -> Iterator[str]:
    path = place / "wabox.db"
    for leftover in place.glob("wabox.db*"):
        leftover.unlink()
    path.write_bytes(image.db)
    path.with_name("wabox.db-wal").write_bytes(image.wal)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield from _asked(connection, image)
    except sqlite3.Error as error:
        yield f"SQLite says {error}"
    finally:
        connection.close()


def _asked(connection: sqlite3.Connection, image: Image) -> Iterator[str]:
    whole = connection.execute("pragma integrity_check").fetchone()[0]
    if whole != "ok":
        yield f"not whole: {whole}"
    if promises.loose(connection):
        yield "rows point at nothing"
    for broken in promises.broken(connection):
        yield f"{broken.promise}: {broken.ids}"
    yield from _untrue(connection, image.told)


def _untrue(connection: sqlite3.Connection, told: dict[str, set[int]]) -> Iterator[str]:
    """What somebody had learned, and the database knows nothing of."""
    rows = connection.execute("select id, status, wa_message_id from messages").fetchall()
    status = {number_of(wa_id): now for _, now, wa_id in rows if wa_id is not None}
    if lost := told.get(ACCEPTED, set()) - {job_id for job_id, _, _ in rows}:
        yield f"lost after its 202: {sorted(lost)[:5]}"
    if again := {one for one in told.get(ENTERED, ()) if status.get(one, "queued") in NEVER_HANDED}:
        yield f"handed over, and would be again under another id: {len(again)}"
    if false := {one for one in told.get(SENT, ()) if status.get(one, "queued") in UNSENT}:
        yield f"sent, and not known to be: {len(false)}"
    for what, sql in _THERE.items():
        there = {row[0] for row in connection.execute(sql)}
        if lost := told.get(what, set()) - there:
            yield f"{what}, and not there: {sorted(lost)[:5]}"


# What somebody was told is so, by its ids.
_THERE = {
    KEPT: "select id from media",  # one that is removed has its row still
    REMOVED: "select id from media where removed_at is not null",
    STORED: "select t.id from texts t join media m on m.id = t.media_id where m.removed_at is null",
    FILLED: "select contact_id from field_values group by contact_id having count(*) = 2",
    DELETED: "select id from messages where revoke_asked_at is not null",
}
