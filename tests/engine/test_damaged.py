"""On a damaged database nothing is claimed, handed over or looked for; a shortage and a long journal are named."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine
from wabox import db, run, shortage
from wabox.checkup import standing
from wabox.checkup.vitals import Watch
from wabox.db import PAGE_BYTES
from wabox.engine.clock import Clock
from wabox.engine.storage import Storage
from wabox.engine.workers import Workers
from wabox.errors import ConfigError, Unavailable
from wabox.messages import handing


@pytest.fixture(autouse=True)
def nothing_ran_out() -> Iterator[None]:
    shortage.forget()
    yield
    shortage.forget()


def damage(engine: Engine) -> None:
    engine.stage.box.db.damage.latch("database disk image is malformed")


def test_row_28_nothing_is_claimed_on_a_damaged_database(engine: Engine) -> None:
    """Catalogue row 28."""
    job = engine.send()
    damage(engine)
    with pytest.raises(Unavailable) as refusal:
        engine.turn()
    assert refusal.value.code == "database_damaged"
    assert (engine.status(job), engine.driver.taken) == ("queued", {})


def test_row_28_damage_found_between_arming_and_handing_over_holds_the_message(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catalogue row 28."""
    job = engine.send()
    armed = handing.armed

    def arm(*args: Any, **kwargs: Any) -> Any:
        found = armed(*args, **kwargs)
        args[0].after_commit(lambda: damage(engine))
        return found

    monkeypatch.setattr(handing, "armed", arm)
    engine.turn()
    assert (engine.status(job), engine.driver.taken) == ("sending", {})


def test_row_28_clock_looks_for_nothing_once_its_first_step_found_damage(engine: Engine, tmp_path: Path) -> None:
    """Catalogue row 28."""
    box, looked = engine.stage.box, []
    other = sqlite3.connect(box.db.path)
    other.execute("pragma wal_checkpoint(truncate)")
    root = other.execute("select rootpage from sqlite_master where name = 'messages'").fetchone()[0]
    other.close()
    with box.db.path.open("r+b") as file:
        file.seek((root - 1) * PAGE_BYTES)
        file.write(b"\xff" * PAGE_BYTES)

    async def looks() -> None:
        looked.append(1)

    clock = Clock(box, Workers(tmp_path / "queue.db", {}, box.pulse), steps=[Storage(box).tick, looks], hourly=[])
    asyncio.run(clock.tick())
    assert box.db.damaged and looked == []


def findings(engine: Engine) -> dict[str, str]:
    async def look() -> dict[str, str]:
        vitals = await Watch(engine.stage.box).look()
        return {one.name: one.says for one in standing.of_process(vitals) if one.level == "bad"}

    return asyncio.run(look())


def test_row_29_journal_over_its_ceiling_is_on_the_health_page(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catalogue row 29."""
    assert "journal" not in findings(engine)
    monkeypatch.setattr("wabox.checkup.box.JOURNAL_ALARM_BYTES", 0)
    engine.send()
    assert "something has been reading for too long" in findings(engine)["journal"]


def fails(number: int) -> Callable[..., Any]:
    def raises(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return raises


def test_box_that_can_open_no_more_files_is_named(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as short:
        short.setattr("wabox.engine.storage.os.open", fails(errno.EMFILE))
        asyncio.run(Storage(engine.stage.box).tick())
    assert "could not open a file within the last hour" in findings(engine)["open_files"]


def test_box_without_memory_is_named(engine: Engine) -> None:
    def needs_more(_tx: Any) -> None:
        raise MemoryError

    with pytest.raises(Unavailable):
        engine.stage.box.db.write_now(needs_more)
    assert "ran out of memory" in findings(engine)["out_of_memory"]


def test_only_a_port_that_cannot_be_had_is_told_as_one(engine: Engine) -> None:
    box = engine.stage.box
    with pytest.raises(OSError, match="Input/output"), run._listener(box):
        raise OSError(errno.EIO, "Input/output error")
    with run._listener(box), pytest.raises(ConfigError, match="cannot listen on"), run._listener(box):
        pytest.fail("two listen on one port")


def test_alarm_is_at_64_megabytes() -> None:
    assert db.JOURNAL_ALARM_BYTES == 64 * 1024 * 1024 > db.JOURNAL_BYTES
