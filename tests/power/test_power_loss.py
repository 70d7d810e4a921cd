"""Power loss under load, by images of what the disk may hold then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.power import disk, load
from tests.power.disk import Note
from tests.power.judging import judge, under_load

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(disk.library() is None, reason="SQLite is built into this Python, out of reach"),
]

IMAGES, MESSAGES = 300, 120


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> list[Note]:
    """What a busy box wrote until its power went."""
    return under_load(tmp_path_factory.mktemp("busy"), MESSAGES)


def test_the_box_was_busy(notes: list[Note]) -> None:
    """Or the images would show nothing: each kind of word was given, the log was written back and begun anew."""
    told = {(note.file, note.n) for note in notes if note.what == "told"}
    assert sum(kind == load.ACCEPTED for kind, _ in told) == MESSAGES
    for what in (load.ENTERED, load.SENT):
        assert sum(kind == what for kind, _ in told) == MESSAGES + load.PEOPLE, what
    assert sum(kind == load.KEPT for kind, _ in told) == load.CHORES
    for what in (load.REMOVED, load.STORED, load.FILLED, load.DELETED):
        assert sum(kind == what for kind, _ in told) >= load.CHORES // 3, what
    assert sum(note.what == "flushed" and note.file == "db" for note in notes) >= 1
    assert sum(note.what == "write" and note.file == "wal" and note.n == 0 for note in notes) >= 2


def test_whenever_the_power_goes_nothing_that_was_answered_is_lost(notes: list[Note], tmp_path: Path) -> None:
    """Row 11: 202s, hand-overs, what was sent and kept is there, the file is whole, ledger and promises hold."""
    found = judge(tmp_path, notes, IMAGES, seed=2026)
    assert (found.count, found.is_fair) == (IMAGES, True)
    assert found.wrong == []


def test_without_the_flushes_the_same_test_fails(notes: list[Note], tmp_path: Path) -> None:
    """Row 11, the control: as if the log were never flushed, as synchronous = normal leaves it."""
    found = judge(tmp_path, notes, IMAGES // 10, seed=7, flushes=False)
    assert any("lost after its 202" in one for one in found.wrong)
