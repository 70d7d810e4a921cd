from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import cast
from tests.cast import Stage
from wabox.engine import page_events
from wabox.engine.page_events import PageEvents
from wabox.errors import Unavailable
from wabox.whatsapp.driver import Event, Link


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = cast.stage(tmp_path)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the next try."""
    monkeypatch.setattr(page_events, "AGAIN_SECONDS", 0)


def full_for(times: int, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full for this many writes."""
    write, left = stage.box.db.write, [times]

    async def refuse(verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise Unavailable("storage_full", "The disk is full.")
        return await write(verb, *args, **kwargs)

    monkeypatch.setattr(stage.box.db, "write", refuse)


async def told(stage: Stage, *events: Event) -> PageEvents:
    ears = PageEvents(stage.box)
    await stage.box.db.write(lambda tx: tx.run("update devices set wanted = 1"))
    for event in events:
        ears.take(event)
    return ears


async def test_what_a_full_disk_refuses_is_written_later_in_its_order(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 26: what WhatsApp says meanwhile is kept."""
    number = stage.asha.device_id
    ears = await told(
        stage,
        Link(number, 0, "qr", qr="one"),
        Link(number, 0, "starting"),
        Link(number, 0, "ready", phone="8801700000009", synced=True),
    )
    full_for(4, stage, monkeypatch)
    async with asyncio.timeout(10):
        await ears.quiet()
    assert stage.device().ready
    assert stage.device().synced


async def test_stop_does_not_wait_for_a_disk_that_stays_full(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_for(1_000_000, stage, monkeypatch)
    write_once = PageEvents(stage.box)
    write_once.take(Link(stage.asha.device_id, 0, "qr", qr="one"))
    async with asyncio.timeout(10):
        await write_once.drain()
    assert stage.device().state == "not_started"


async def test_event_that_cannot_be_written_holds_up_no_other(stage: Stage) -> None:
    ears = await told(stage, Link(999, 0, "ready"), Link(stage.asha.device_id, 0, "qr", qr="one"))
    await ears.drain()
    assert stage.device().state == "qr"


async def test_what_a_forgotten_device_tells_last_is_let_go(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(page_events.log, "error", lambda event, **_: said.append(event))
    number = stage.asha.device_id
    ears = await told(stage, Link(999, 0, "disconnected", detail="logged_out"), Link(number, 0, "qr", qr="one"))
    await ears.quiet()
    assert stage.device().state == "qr"
    assert said == []
