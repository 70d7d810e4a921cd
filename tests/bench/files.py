"""What a large file costs in memory and time: our process, Playwright's, the browser; beside a text, in one run.

Run by hand: .venv/bin/python -m tests.bench.files [megabytes]
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import perf_counter, sleep

from tests.contract.worlds import ChromiumWorld
from wabox.whatsapp import processes
from wabox.whatsapp.driver import File, Handed
from wabox.whatsapp.patience import Limits

MEGABYTE = 1024 * 1024
MOST_SHARE = 0.1  # of the file, in our process and in Playwright's


def held_mb(pids: Iterable[int]) -> float:
    """What these processes hold of their own: anonymous and shared memory, no mapped files."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssShmem")))
    return total / 1024


class Watch:
    """The most that each kind of process held while something was done, beyond what it held before."""

    def __init__(self, world: ChromiumWorld) -> None:
        runtime = world.gateway._there().runtime
        assert runtime.pid is not None
        helper = runtime.pid
        self._kinds: dict[str, Callable[[], set[int]]] = {
            "ours": lambda: {os.getpid()},
            "playwright": lambda: {helper},
            "browser": lambda: processes.family(helper) - {helper},
        }
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.most: dict[str, float] = {}

    def __enter__(self) -> Watch:
        self._before = {name: held_mb(pids()) for name, pids in self._kinds.items()}
        self.most = dict.fromkeys(self._kinds, 0.0)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for name, pids in self._kinds.items():
                self.most[name] = max(self.most[name], held_mb(pids()) - self._before[name])


def measured(world: ChromiumWorld, send: Callable[[str], Handed]) -> tuple[dict[str, float], float]:
    """The most memory in MB by kind of process, and seconds, of one hand-over."""
    sleep(2)  # what was before has settled
    with Watch(world) as watch:
        began = perf_counter()
        handed = send("3EB0" + secrets.token_hex(9).upper())
        took = perf_counter() - began
    assert handed.outcome == "acked", handed
    return watch.most, took


def given(world: ChromiumWorld, device_id: int, chat_id: str, file: File | None, message_id: str) -> Handed:
    """A text alone, or a file alone, is handed over."""
    return world.driver.hand_over(device_id, chat_id, message_id, "" if file else "hello", file)


def main() -> None:
    """One line for a text, one for a small file, one for a large one."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    with tempfile.TemporaryDirectory() as place:
        world = ChromiumWorld(Path(place) / "profiles", Limits(unsynced=2))
        try:
            compare(world, Path(place), megabytes)
        finally:
            world.close()


def compare(world: ChromiumWorld, place: Path, megabytes: int) -> None:
    """A text, a file of 1 MB, a large one. The sandbox runs in our process: what it holds counts as ours."""
    spec, _ = world.linked()
    found = world.driver.resolve(spec.device_id, world.new_phone())
    assert found.chat_id is not None
    chat_id, device_id = found.chat_id, spec.device_id
    print(f"{'':>10} {'ours MB':>9} {'playwright MB':>14} {'browser MB':>11} {'seconds':>8}")  # noqa: T201

    def show(name: str, most: dict[str, float], took: float) -> None:
        row = f"{name:>10} {most['ours']:>9.1f} {most['playwright']:>14.1f} {most['browser']:>11.1f} {took:>8.2f}"
        print(row)  # noqa: T201

    for _ in range(2):  # the first warms the page up
        text = measured(world, partial(given, world, device_id, chat_id, None))
    show("text", *text)
    for size in (1, megabytes):
        path = place / f"{size}.pdf"
        path.write_bytes(os.urandom(size * MEGABYTE))
        file = File(path, "document", "application/pdf", "price list.pdf", size * MEGABYTE)
        most, took = measured(world, partial(given, world, device_id, chat_id, file))
        show(f"{size} MB", most, took)
    beyond = {name: (most[name] - text[0][name]) / megabytes for name in ("ours", "playwright")}
    print(" ".join(f"{name}: {share:.2f} of the file." for name, share in beyond.items()))  # noqa: T201
    if max(beyond.values()) > MOST_SHARE:
        raise SystemExit(f"more than {MOST_SHARE} of a file is in memory that must not hold it")


if __name__ == "__main__":
    main()
