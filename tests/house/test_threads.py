from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wabox import threads

Ended = list[tuple[str, BaseException | None]]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ended]:
    """What would have ended the process."""
    found: Ended = []
    monkeypatch.setattr(threads, "end", lambda name, error: found.append((name, error)))
    hook = threading.excepthook
    yield found
    threading.excepthook = hook


def run(work: Callable[[], None], *, asked: bool) -> None:
    thread = threads.lasting("clock", work, asked=lambda: asked)
    thread.start()
    thread.join()


def nothing() -> None:
    return


def fails() -> None:
    raise MemoryError


def test_thread_that_was_asked_to_end_ends_alone(ended: Ended) -> None:
    run(nothing, asked=True)
    assert ended == []


@pytest.mark.parametrize("asked", [True, False])
def test_thread_that_raises_ends_the_process(ended: Ended, asked: bool) -> None:  # noqa: FBT001
    run(fails, asked=asked)
    assert [(name, type(error)) for name, error in ended] == [("clock", MemoryError)]


def test_thread_that_returns_unasked_ends_the_process(ended: Ended) -> None:
    run(nothing, asked=False)
    assert ended == [("clock", None)]


@pytest.mark.parametrize(
    ("kind", "asked", "ends"), [("raises", True, 1), ("returns", False, 1), ("returns", True, 0)]
)
def test_task_ends_the_process_as_a_thread_does(ended: Ended, kind: str, asked: bool, ends: int) -> None:  # noqa: FBT001
    async def work() -> None:
        if kind == "raises":
            raise RuntimeError

    async def watched() -> None:
        task = threads.lasting_task(asyncio.create_task(work(), name="watch"), asked=lambda: asked)
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(watched())
    assert [name for name, _ in ended] == ["watch"] * ends


def test_cancelled_task_was_asked_to_end(ended: Ended) -> None:
    async def watched() -> None:
        task = threads.lasting_task(asyncio.create_task(asyncio.sleep(60)), asked=lambda: False)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(watched())
    assert ended == []


def test_what_no_thread_catches_ends_the_process(ended: Ended) -> None:
    threads.arm()
    thread = threading.Thread(target=fails, name="worker")
    thread.start()
    thread.join()
    assert [(name, type(error)) for name, error in ended] == [("worker", MemoryError)]


def test_end_is_the_end_whatever_else_runs() -> None:
    program = (
        "import threading; from wabox import threads; threading.Thread(target=threading.Event().wait).start(); "
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{program}threads.end('writer', MemoryError())"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == threads.EXIT_CODE
    assert "ended unasked" in done.stdout and "writer" in done.stdout


def test_pool_that_lost_a_thread_ends_the_process(ended: Ended) -> None:
    pool = threads.Pool(2, "reader")
    pool.submit(nothing).result()
    threads.check()
    assert ended == []
    gone = threading.Thread(target=nothing, name="reader_1")
    gone.start()
    gone.join()
    pool._threads.add(gone)  # type: ignore[attr-defined]
    threads.check()
    assert [name for name, _ in ended] == ["reader_1"]
    pool.shutdown()


def test_pool_that_was_asked_to_end_ends_alone(ended: Ended) -> None:
    pool = threads.Pool(2, "aside")
    pool.submit(nothing).result()
    pool.shutdown()
    threads.check()
    assert ended == []


def test_no_loop_waits_for_an_event_in_a_way_that_loses_its_cancel() -> None:
    """Python 3.11's wait_for passes over a cancel that comes as the event is set: the loop then never ends."""
    house = Path(threads.__file__).parent
    lost = re.compile(r"asyncio\.wait_for\(\s*[\w.]+\.wait\(\)")
    assert [path.name for path in house.rglob("*.py") if lost.search(path.read_text())] == []
