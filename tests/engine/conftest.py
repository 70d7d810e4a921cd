from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import recount
from tests.cast import Stage, stage
from wabox.checkup import promises
from wabox.db import Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.engine import page_events
from wabox.engine.turns import Turns
from wabox.messages import outbox, stored, template
from wabox.whatsapp.driver import Event, OnEvent
from wabox.whatsapp.fake import FakeDriver

PHONE = "8801711000001"
SHOP = "8801700000009"


@dataclass(slots=True)
class Engine:
    """A stage with a linked device on a driver without a browser."""

    stage: Stage
    driver: FakeDriver
    turns: Turns

    def send(self, phone: str = PHONE, text: str = "Hello", **more: Any) -> int:
        def accept(tx: Tx) -> int:
            device = devices.by_id(tx, more.pop("device_id", self.stage.asha.device_id))
            parsed = template.parse(text)
            return outbox.accept(
                tx, device, phone=phone, template=parsed, values={}, now=self.stage.hands.now(), **more
            )

        return self.stage.box.db.write_now(accept)

    def turn(self, device_id: int | None = None) -> None:
        self.turns.turn(device_id or self.stage.asha.device_id)

    def message(self, job_id: int) -> stored.Message:
        return self.stage.box.db.read_here(stored.by_id, job_id)

    def status(self, job_id: int) -> str:
        return self.message(job_id).status

    def link(self, device_id: int | None = None, phone: str = SHOP) -> None:
        number = device_id or self.stage.asha.device_id
        self.stage.box.db.write_now(lambda tx: orders.start(tx, devices.by_id(tx, number)))
        self.driver.open(self.stage.device(number).spec)
        self.driver.scan(number, phone)

    def restarted(self, boot: str = "boot-1") -> Turns:
        """wabox was killed and started again: nothing in memory is left."""
        self.turns = Turns(self.stage.box, self.driver, boot)
        return self.turns


def _writer(made: Stage) -> OnEvent:
    def take(event: Event) -> None:
        made.box.db.write_now(page_events.verb(event, made.box))

    return take


def make(path: Path, **sections: dict[str, Any]) -> Engine:
    made = stage(path, **sections)
    driver = FakeDriver(_writer(made), now=made.hands.now)
    engine = Engine(made, driver, Turns(made.box, driver, "boot-1"))
    engine.link()
    return engine


def holds(engine: Engine, *, but: frozenset[str] = frozenset(), counted: bool = True) -> None:
    """What must be true after any row. but: promises that the test has broken itself.

    counted: whether the reports count what a recount of the rows does; False for a test that writes rows by hand.
    """
    with closing(sqlite3.connect(engine.stage.box.db.path)) as connection:
        assert [one for one in promises.broken(connection) if one.promise not in but] == []
        assert not counted or recount.differences(connection) == {}
    assert [one for one in engine.driver.taken.values() if one.copies > 1] == []


@pytest.fixture
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A linked box, and every promise holds at the end, unless it was damaged.

    A room's SECTIONS say how it is set; its BROKEN, which promises its tests break by their own hand; its COUNTED
    is False where they write or remove rows.
    """
    made = make(tmp_path, **getattr(request.module, "SECTIONS", {}))
    yield made
    if not made.stage.box.db.damaged:
        module = request.module
        holds(made, but=getattr(module, "BROKEN", frozenset()), counted=getattr(module, "COUNTED", True))
    made.stage.close()
