"""Imports in turns: through to the end, after a crash in between, cancelled, and with a file that is gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cast import Stage, stage
from wabox.contacts.lists import csv_files, imports, intake, layouts
from wabox.db import Tx
from wabox.engine import importing
from wabox.engine.importing import Importing, Imports
from wabox.engine.workers import Kind, Workers
from wabox.errors import Unavailable

ROWS = 1_203


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Stage]:
    """asha's box, with an import that she has started."""
    made = stage(tmp_path)
    yield made
    made.close()


def upload(made: Stage, *, rows: int = ROWS, started: bool = True) -> int:
    """Two rows of every hundred are refused."""
    lines = [f"0171{n:07d},Name {n}" for n in range(rows)]
    lines[50::100] = ["12,too short"] * len(lines[50::100])
    lines[99::100] = [lines[0]] * len(lines[99::100])
    examined = csv_files.examine("\n".join(["phone,name", *lines]).encode())
    file = imports.keep(importing.directory(made.box), examined.content)

    def verb(tx: Tx) -> int:
        now = made.hands.now()
        found = imports.create(
            tx,
            made.asha.id,
            name="x.csv",
            file=file,
            examined=examined,
            layout=layouts.laid_out(examined, country="BD"),
            country="BD",
            now=now,
        )
        if started:
            imports.start(tx, made.asha.id, found.id, now=now)
        return found.id

    return made.box.db.write_now(verb)


def show(made: Stage, import_id: int) -> imports.Import:
    return made.box.db.read_here(imports.by_id, import_id)


def files(made: Stage) -> list[str]:
    return sorted(one.name for one in importing.directory(made.box).iterdir())


def test_a_turn_takes_the_import_to_its_end(box: Stage) -> None:
    import_id = upload(box)
    Importing(box.box).turn(import_id)
    found = show(box, import_id)
    assert (found.status, found.done, found.total) == ("done", ROWS, ROWS)
    assert (found.created, found.refused) == (ROWS - 24, 24)
    assert box.value("select count(*) from contacts") == ROWS - 24
    assert box.value("select count(*) from import_refusals") == 24
    assert files(box) == []


def step_alone(made: Stage, import_id: int) -> bool:
    """One batch by a process of its own."""
    engine = Importing(made.box)
    try:
        return engine.step(import_id)
    finally:
        engine.close()


def test_after_a_crash_at_any_batch_nothing_is_missed_and_nothing_is_counted_twice(box: Stage) -> None:
    whole = upload(box)
    Importing(box.box).turn(whole)
    expected = show(box, whole)
    box.box.db.write_now(lambda tx: tx.run("delete from contacts"))
    again = upload(box)
    steps = 0
    while step_alone(box, again):
        steps += 1
    found = show(box, again)
    assert steps == ROWS // intake.BATCH
    assert (found.created, found.unchanged, found.refused) == (expected.created, 0, expected.refused)
    reasons = [
        [(one.line, one.reason) for one in box.box.db.read_here(imports.refusals, box.asha.id, number)]
        for number in (whole, again)
    ]
    assert reasons[0] == reasons[1]


def test_a_batch_that_could_not_be_written_is_read_again(box: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = upload(box)
    engine = Importing(box.box)
    assert engine.step(import_id)

    def full(*_: Any, **__: Any) -> bool:
        raise Unavailable("storage_full", "The disk is full.", retry_after=60)

    with monkeypatch.context() as broken:
        broken.setattr(intake, "write", full)
        with pytest.raises(Unavailable):
            engine.turn(import_id)
    while engine.step(import_id):  # a turn ends after a while, however slow the machine is
        pass
    assert show(box, import_id).done == ROWS


def test_a_cancelled_import_ends_at_once_and_its_file_goes(box: Stage) -> None:
    import_id = upload(box)
    engine = Importing(box.box)
    engine.step(import_id)
    box.box.db.write_now(imports.cancel, box.asha.id, import_id, now=box.hands.now())
    engine.turn(import_id)
    assert box.value("select count(*) from contacts") == intake.BATCH - 10
    assert files(box) == []


def test_a_file_that_is_gone_fails_the_import_with_the_reason(box: Stage) -> None:
    import_id = upload(box)
    (importing.directory(box.box) / show(box, import_id).file).unlink()
    Importing(box.box).turn(import_id)
    found = show(box, import_id)
    assert (found.status, found.error_text) == ("failed", "The uploaded file is gone; upload it again.")


def test_a_stopping_box_begins_no_batch(box: Stage) -> None:
    import_id = upload(box)
    engine = Importing(box.box)
    engine.stopping.set()
    engine.turn(import_id)
    assert show(box, import_id).done == 0


async def test_the_tick_gives_running_imports_their_turn(box: Stage) -> None:
    running, waiting = upload(box, rows=3), upload(box, rows=3, started=False)
    given: list[int] = []
    workers = Workers(box.box.config.data.dir / "queue.db", {"import": Kind(given.append, most=1)})
    workers.start()
    await Imports(box.box, workers).tick()
    await asyncio.to_thread(workers.stop, 5.0)
    assert given == [running]
    assert show(box, waiting).status == "uploaded"


async def test_uploads_nobody_started_and_files_nobody_needs_are_forgotten(box: Stage) -> None:
    kept, old = upload(box), upload(box, started=False)
    orphan = importing.directory(box.box) / "orphan.csv"
    fresh = importing.directory(box.box) / "fresh.csv"
    for one in (orphan, fresh):
        one.write_text("phone")
    for one in (orphan, *(importing.directory(box.box) / show(box, number).file for number in (kept, old))):
        os.utime(one, (0, 0))
    box.hands.forward(days=8)
    await Imports(box.box, Workers(box.box.config.data.dir / "queue.db", {})).tidy()
    assert show(box, old).status == "cancelled"
    assert files(box) == sorted(["fresh.csv", show(box, kept).file])
