"""systemd hears that wabox works from what really works, and nothing once it does not."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.engine.conftest import Engine
from wabox.errors import Unavailable
from wabox.pulse import Turns
from wabox.watchdog import HUNG_SECONDS, Watchdog


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def environment(heard: socket.socket, seconds: float = 0.15) -> dict[str, str]:
    return {"NOTIFY_SOCKET": heard.getsockname(), "WATCHDOG_USEC": str(int(seconds * 1_000_000))}


def words(heard: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(heard.recv(100).decode())
        except BlockingIOError:
            return found


async def test_a_box_that_works_says_so_again_and_again(engine: Engine, heard: socket.socket) -> None:
    environ = environment(heard)
    watchdog = Watchdog(engine.stage.box, environ)
    assert environ == {}  # no browser is to speak for it
    task = asyncio.ensure_future(watchdog.run())
    found: list[str] = []
    while found.count("WATCHDOG=1") < 2:
        await asyncio.sleep(0.01)
        found += words(heard)
    task.cancel()
    assert found[0] == "READY=1" and set(found[1:]) == {"WATCHDOG=1"}


async def test_without_systemd_there_is_nobody_to_tell(engine: Engine) -> None:
    await Watchdog(engine.stage.box, {}).run()


async def test_another_processs_watchdog_is_none_of_ours(engine: Engine, heard: socket.socket) -> None:
    environ = environment(heard) | {"WATCHDOG_PID": str(os.getpid() + 1)}
    await Watchdog(engine.stage.box, environ).run()
    assert words(heard) == ["READY=1"]


async def test_a_writer_that_hangs_is_not_vouched_for(engine: Engine, heard: socket.socket) -> None:
    watchdog = Watchdog(engine.stage.box, environment(heard))
    assert await watchdog.ill() is None
    go_on = threading.Event()
    hanging = asyncio.ensure_future(engine.stage.box.db.write(lambda _tx: go_on.wait(20)))
    await asyncio.sleep(0)
    assert await watchdog.ill() == "the writer does not answer"
    go_on.set()
    await hanging
    assert await watchdog.ill() is None


async def test_a_clock_that_stands_still_is_not_vouched_for(engine: Engine, heard: socket.socket) -> None:
    watchdog = Watchdog(engine.stage.box, environment(heard))
    engine.stage.box.pulse.announce("links", every=1)
    assert await watchdog.ill() is None
    engine.stage.box.pulse.steps["links"].ended = monotonic() - 100
    assert await watchdog.ill() == "late: links"


async def test_turns_are_vouched_for_while_one_thread_is_free(engine: Engine, heard: socket.socket) -> None:
    watchdog = Watchdog(engine.stage.box, environment(heard))
    long_ago = monotonic() - HUNG_SECONDS - 1
    engine.stage.box.pulse.turns["device"] = Turns("device", threads=2, busy={1: long_ago, 2: monotonic()})
    assert await watchdog.ill() is None
    engine.stage.box.pulse.turns["device"].busy[2] = long_ago
    assert await watchdog.ill() == "every turn hangs: device"


async def test_what_a_new_start_does_not_cure_is_no_reason(
    engine: Engine, heard: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_verb: object) -> None:
        raise Unavailable("storage_full", "The disk is full.")

    monkeypatch.setattr(engine.stage.box.db, "write", refuse)
    assert await Watchdog(engine.stage.box, environment(heard)).ill() is None
