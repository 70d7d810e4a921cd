"""Starts processes that end with this one, however it ends, and keeps what they say in files."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SET_PARENT_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
STOP_SECONDS = 15.0
TAIL, WIDTH = 15, 300


@dataclass(frozen=True, slots=True)
class Child:
    """A running `wabox …`. log: where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def lives(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def last_words(self) -> str:
        """The end of its log."""
        with self.log.open(encoding="utf-8", errors="replace") as file:
            return "\n".join(line.rstrip()[:WIDTH] for line in deque(file, TAIL))


@contextlib.contextmanager
def started(name: str, words: list[str], *, log: Path) -> Iterator[Child]:
    """`wabox <words>` runs until the block ends; then it is asked to stop, and killed if it does not.

    It has a session of its own, so that Ctrl-C reaches only this process, which then stops it in order.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "wabox", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # safe: this process has one thread
        )
    try:
        yield Child(name, process, log)
    finally:
        _stop(process)


def _die_with_parent() -> None:
    _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    until = time.monotonic() + STOP_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(until - time.monotonic())
            return
    process.kill()
    process.wait()
