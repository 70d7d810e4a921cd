"""A second life of the box beside files, or a machine, that are not as its database left them."""

from __future__ import annotations

import contextlib
import copy
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine, make
from wabox import datadir
from wabox.contacts import suppression
from wabox.db import Database
from wabox.engine.workers import Kind, Workers
from wabox.messages import explaining
from wabox.messages.explaining import Waiting
from wabox.pulse import Pulse

PEOPLE = [f"88017110004{n:02d}" for n in range(5)]


def started_again(engine: Engine, boot: str, **sections: dict[str, Any]) -> None:
    """The machine is on again: the database is opened anew, with these settings."""
    made = engine.stage
    made.box.db.stop()
    key = datadir.secret_key(datadir.prepare(made.box.db.path.parent))
    database = Database(made.box.db.path, {"phone_hash": suppression.hasher(key)})
    database.start()
    changed: dict[str, Any] = {
        name: replace(getattr(made.box.config, name), **keys) for name, keys in sections.items()
    }
    made.box = replace(made.box, db=database, config=replace(made.box.config, **changed))
    engine.restarted(boot)


def profile(engine: Engine) -> Any:
    """All that the phone's browser keeps on the disk."""
    return copy.deepcopy(engine.driver._profiles)


def test_after_a_power_loss_the_database_alone_decides(engine: Engine) -> None:
    """Row 12: database from now; browser profile, wake-ups and settings from before."""
    first = engine.send(PEOPLE[0], "before")
    engine.turn()
    before = profile(engine)
    second, doubtful, waiting = (engine.send(phone, f"to {phone}") for phone in PEOPLE[1:4])
    engine.turns.step(engine.stage.asha.device_id)
    engine.driver.plan("lost_answer")
    engine.turns.step(engine.stage.asha.device_id)
    assert [engine.status(one) for one in (first, second, doubtful, waiting)] == [
        "sent",
        "sent",
        "sending",
        "queued",
    ]

    engine.driver._profiles.update(before)  # the disk had not got what the browser wrote last
    started_again(engine, "boot-2", sending={"daily_cap": 0, "gap_seconds": (0, 0)})
    engine.turn()
    assert [engine.status(one) for one in (first, second, doubtful, waiting)] == [
        "sent",
        "sent",
        "unknown",
        "sent",
    ]
    assert engine.message(doubtful).error == "history_lost"
    assert [one.copies for one in engine.driver.taken.values()] == [1] * 4


def test_settings_from_before_bind_from_now_on_and_change_nothing_that_was(engine: Engine) -> None:
    """Row 12: an older wabox.toml comes back with the power; what was sent counts against it."""
    jobs = [engine.send(phone) for phone in PEOPLE[:2]]
    engine.turn()
    started_again(engine, "boot-2", sending={"daily_cap": 2})
    late = engine.send(PEOPLE[2])
    engine.turn()
    assert [engine.status(one) for one in (*jobs, late)] == ["sent", "sent", "queued"]
    assert why(engine, late).reason == "daily_cap"


def test_wake_ups_from_before_wake_nobody(tmp_path: Path) -> None:
    """Row 12: the queue's file is only a bell; a life begins without the last one's."""
    path, had, came, over = tmp_path / "queue.db", list[int](), threading.Event(), threading.Event()
    hung = Workers(path, {"device": Kind(lambda _: over.wait(30), most=1)}, Pulse())
    hung.start()
    for number in (1, 2):
        hung.give("device", number)
    with contextlib.closing(sqlite3.connect(path)) as left:
        assert left.execute("select count(*) from task").fetchone()[0] >= 1  # one hangs, the other waits
        left.execute("vacuum into ?", (str(tmp_path / "kept.db"),))
    over.set()
    hung.stop(5)
    (tmp_path / "kept.db").rename(path)

    def turn(number: int) -> None:
        had.append(number)
        came.set()

    new = Workers(path, {"device": Kind(turn, most=1)}, Pulse())
    new.start()
    new.give("device", 7)
    assert came.wait(10)
    new.stop(5)
    assert had == [7]


def in_zone(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """The machine's clock on the wall, as `timedatectl set-timezone` leaves it for a new process."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()


@pytest.fixture
def same_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does to the machine's zone is undone."""
    yield
    monkeypatch.undo()
    time.tzset()


def why(engine: Engine, job_id: int) -> Waiting:
    box, now = engine.stage.box, engine.stage.hands.now()
    return box.db.read_here(explaining.explain, [engine.message(job_id)], config=box.config, now=now)[job_id]


@pytest.mark.parametrize("moved_to", ["Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"])
@pytest.mark.usefixtures("same_zone")
def test_a_machine_in_another_zone_keeps_every_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved_to: str
) -> None:
    """Row 32: what is due, the quiet hours and the day that is counted stay where they were."""
    in_zone(monkeypatch, "Asia/Dhaka")
    engine = make(tmp_path, sending={"quiet_hours": ["21:00", "08:00"], "daily_cap": 2})
    made = engine.stage
    tomorrow = made.hands.now() + timedelta(days=1)
    sent = [engine.send(phone) for phone in PEOPLE[:2]]
    engine.turn()
    over, planned = engine.send(PEOPLE[2]), engine.send(PEOPLE[3], scheduled_for=tomorrow)
    engine.turn()
    before = rows_of(engine), [why(engine, one) for one in (over, planned)]
    assert [engine.status(one) for one in (*sent, over, planned)] == ["sent", "sent", "queued", "queued"]
    assert before[1][0].until == datetime(2026, 3, 11, 2, tzinfo=UTC)  # eight in the morning in Dhaka

    in_zone(monkeypatch, moved_to)
    started_again(engine, "boot-1")
    assert (rows_of(engine), [why(engine, one) for one in (over, planned)]) == before
    engine.turn()
    assert engine.status(over) == "queued"
    made.hands.at = datetime(2026, 3, 11, 1, 59, tzinfo=UTC)
    engine.turn()
    assert engine.status(over) == "queued"
    made.hands.at = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    engine.turn()
    assert (engine.status(over), engine.status(planned)) == ("sent", "queued")
    made.hands.at = tomorrow
    engine.turn()
    assert engine.status(planned) == "sent"
    late = engine.send(PEOPLE[4])
    assert str(made.value("select queued_at from messages where id = :id", id=late)).startswith(
        "2026-03-11T06:00:00"
    )
    made.close()


def rows_of(engine: Engine) -> list[dict[str, Any]]:
    """Every message as it is stored."""
    return engine.stage.box.db.read_here(
        lambda rows: [dict(row) for row in rows.all("select * from messages order by id")]
    )
