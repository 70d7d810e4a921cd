"""A database that Litestream copies as deploy/litestream.yml says: killed, restored, compared."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from wabox import db
from wabox.db import Database, Tx

PROGRAM = os.environ.get("WABOX_LITESTREAM") or shutil.which("litestream")
CONFIG = Path(__file__).parents[2] / "deploy" / "litestream.yml"
SYNC_SECONDS = 1.0
ROWS = 20  # a transaction
PAUSE_SECONDS = 0.02  # between two: much for a shop. At full speed copies came out damaged (owner.md)
only_there = pytest.mark.skipif(
    PROGRAM is None, reason="litestream is not installed (or named by WABOX_LITESTREAM)"
)
WRITER = "import sys; from tests.house.test_litestream import write; write(sys.argv[1])"


def write(path: str) -> None:
    """Write notes until killed; say the id of each that is durable, and when."""
    made = Database(Path(path), external_checkpoints=True)
    made.start()
    while True:
        last = made.write_now(_notes)
        sys.stdout.write(f"{time.monotonic()} {last}\n")
        sys.stdout.flush()
        time.sleep(PAUSE_SECONDS)


def _notes(tx: Tx) -> int:
    for _ in range(ROWS):
        last = tx.insert("insert into notes (text) values (hex(randomblob(100)))")
    return last


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with closing(db.connect(tmp_path / "wabox.db")) as connection:
        connection.execute("create table notes (id integer primary key autoincrement, text text not null) strict")
    return tmp_path


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[Any]]]:
    made: list[subprocess.Popen[Any]] = []
    yield made
    for one in made:
        one.kill()
        one.wait()


def _writer(place: Path, log: Path) -> subprocess.Popen[Any]:
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, "-c", WRITER, str(place / "wabox.db")], stdout=out)


def _litestream(place: Path, *words: str) -> list[str]:
    assert PROGRAM is not None
    return [PROGRAM, words[0], "-config", str(CONFIG), *words[1:]]


def _around(place: Path) -> dict[str, str]:
    return {**os.environ, "WABOX_DATA": str(place), "WABOX_REPLICA": f"file://{place}/replica"}


def _until(question: Callable[[], bool], seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < ends
        time.sleep(0.05)


def _told(log: Path) -> list[tuple[float, int]]:
    lines = [line.split() for line in log.read_text(encoding="ascii").splitlines()]
    return [(float(line[0]), int(line[1])) for line in lines if len(line) == 2]


def _copied_since(place: Path, moment: float) -> bool:
    return any(one.stat().st_mtime > moment for one in (place / "replica").rglob("*.ltx"))


def _restored(place: Path, name: str) -> Path:
    back = place / name
    words = _litestream(place, "restore", "-o", str(back), str(place / "wabox.db"))
    subprocess.run(words, env=_around(place), check=True, capture_output=True, timeout=60)
    return back


def _ids(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        return [row[0] for row in connection.execute("select id from notes order by id")]


@only_there
@pytest.mark.heavy("it starts Litestream and a writer, and kills them three times")
def test_what_was_durable_a_moment_before_the_kill_is_in_the_copy(
    place: Path, running: list[subprocess.Popen[Any]]
) -> None:
    """The writer, then both, then Litestream alone are killed and start again; all is in one unbroken copy.

    After its start Litestream needs some seconds to catch up: what is said holds from then on.
    """
    for turn, killed in enumerate(("writer", "both", "litestream")):
        log = place / f"told-{turn}"
        copier = subprocess.Popen(
            _litestream(place, "replicate"),
            env=_around(place),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        writer = _writer(place, log)
        running += [copier, writer]
        _until(lambda log=log: log.exists() and len(_told(log)) > 50)  # type: ignore[misc]
        began = time.time()
        _until(lambda began=began: _copied_since(place, began))  # type: ignore[misc]
        time.sleep(4 * SYNC_SECONDS)
        for one in {"writer": [writer], "both": [writer, copier], "litestream": [copier]}[killed]:
            one.send_signal(signal.SIGKILL)
            one.wait()
        died = time.monotonic()
        if killed == "writer":
            time.sleep(2 * SYNC_SECONDS)
            died = time.monotonic()
        for one in (writer, copier):
            one.kill()
            one.wait()
        found = _ids(_restored(place, f"back-{turn}.db"))
        assert found == list(range(1, len(found) + 1))
        assert len(found) % ROWS == 0  # whole transactions
        durable = [last for at, last in _told(log) if at < died - 2 * SYNC_SECONDS]
        assert durable
        assert found[-1] >= durable[-1]


def test_with_external_checkpoints_wabox_makes_none(place: Path) -> None:
    made = Database(place / "wabox.db", external_checkpoints=True)
    made.start()
    with closing(sqlite3.connect(place / "wabox.db")) as other:  # as Litestream does, it holds the file open
        other.execute("select * from notes").fetchall()
        size = made.path.stat().st_size
        for _ in range(3_000):
            made.write_now(_notes)
        assert made.journal_bytes > db.CHECKPOINT_PAGES * db.PAGE_BYTES * 2
        made.stop()
        assert made.path.stat().st_size == size
        assert made.journal_bytes > 0


def test_a_journal_that_nobody_takes_care_of_wabox_takes_in_hand(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "FORSAKEN_BYTES", 100_000)
    made = Database(place / "wabox.db", external_checkpoints=True)
    made.start()
    before = made.path.stat().st_size
    for _ in range(100):
        made.write_now(_notes)
    assert made.path.stat().st_size > before
    made.stop()
