from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wabox.engine.workers import Workers


class Counted:
    """Says who had a turn."""

    def __init__(self) -> None:
        self.had: list[int] = []
        self.news = threading.Condition()

    def turn(self, number: int) -> None:
        with self.news:
            self.had.append(number)
            self.news.notify_all()

    def wait(self, number: int) -> bool:
        with self.news:
            return self.news.wait_for(lambda: number in self.had, 10)


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def workers(tmp_path: Path, counted: Counted) -> Iterator[Workers]:
    made = Workers(tmp_path / "queue.db", {"device": counted.turn}, threads=2)
    made.start()
    yield made
    made.stop(5)


def test_turn_that_a_full_disk_refused_is_given_again(
    workers: Workers, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as no_room:
        no_room.setattr(workers._huey.storage, "enqueue", full)
        with pytest.raises(sqlite3.OperationalError):
            workers.give("device", 7)
    workers.give("device", 7)
    assert counted.wait(7)
