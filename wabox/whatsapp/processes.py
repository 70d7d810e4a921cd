"""Processes of this machine as /proc shows them: whose Chromium is that, and how to end it."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from wabox.memory_there import memory_mb

_PROC = Path("/proc")
_DYING_SECONDS = 5
_LOOK_SECONDS = 0.01


def command_line(pid: int) -> tuple[str, ...]:
    """The arguments a process was started with; empty if it is gone or may not be read."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ()
    # Chromium rewrites its own title: arguments may then be parted by spaces.
    return tuple(raw.decode("utf-8", "replace").rstrip("\0").split("\0"))


def alive(pid: int) -> bool:
    """The process exists and is no zombie."""
    return _stat(pid)[:1] not in (["Z"], [])


def children(pid: int) -> list[int]:
    """The process's own children, alive or not."""
    return _children()[pid]


def family(*pids: int) -> set[int]:
    """The processes and all that descend from them, as one look at all processes shows it."""
    below, found, todo = _children(), set(pids), list(pids)
    while todo:
        fresh = set(below[todo.pop()]) - found
        found |= fresh
        todo.extend(fresh)
    return found


def weight_mb(directory: Path) -> int:
    """What the browser that holds this directory takes of the memory, with all its processes; shared parts once.

    PSS, as /proc/<pid>/smaps_rollup shows it; a process that may not be read counts as nothing.
    """
    return sum(_pss_kb(pid) for pid in family(*browsers_of(directory))) // 1024


def browsers_of(directory: Path) -> list[int]:
    """Processes whose --user-data-dir is exactly this directory."""
    flag = f"--user-data-dir={directory}"
    return [pid for pid in _pids() if pid != os.getpid() and _has(command_line(pid), flag)]


def marked(profiles: Path, temporary: Path) -> list[int]:
    """Processes whose --user-data-dir lies in `profiles`, or that were started with this TMPDIR."""
    flag, mark = f"--user-data-dir={profiles}/", f"TMPDIR={temporary}".encode()
    return [
        pid
        for pid in _pids()
        if pid != os.getpid() and (_begins(command_line(pid), flag) or mark in _environment(pid))
    ]


def kill(pids: set[int]) -> None:
    """Ends these processes at once; those already gone are no error."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def end(find: Callable[[], Iterable[int]]) -> int:
    """Kills what is found, with all its children, and waits until none is there; says how many.

    Blocks, for 5 s at most. A killed process may write until it is gone; what is born meanwhile is ended as well.
    """
    mine, doomed = {os.getpid(), os.getppid()}, set[int]()
    deadline = time.monotonic() + _DYING_SECONDS
    while time.monotonic() < deadline:
        found = set(find())
        found = family(*found) - mine if found else found
        kill(found - doomed)
        doomed |= found
        if not any(alive(pid) for pid in doomed):
            break
        time.sleep(_LOOK_SECONDS)
    return len(doomed)


def end_browsers_of(directory: Path) -> int:
    """Every browser that holds this directory is gone; says of how many processes. As `end`."""
    return end(lambda: browsers_of(directory))


def free_mb() -> int:
    """What programs may still take of the memory without swapping, as a container may have it; 0: nobody says."""
    try:
        return memory_mb()[1]
    except OSError:
        return 0


def _has(arguments: tuple[str, ...], flag: str) -> bool:
    if flag in arguments:
        return True
    return len(arguments) == 1 and flag in arguments[0].split(" ")


def _begins(arguments: tuple[str, ...], flag: str) -> bool:
    words = arguments[0].split(" ") if len(arguments) == 1 else arguments
    return any(word.startswith(flag) for word in words)


def _environment(pid: int) -> list[bytes]:
    """What a process of this user was started with; empty if it is gone or may not be read."""
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _pss_kb(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _pids() -> Iterator[int]:
    for entry in os.listdir(_PROC):  # noqa: PTH208 - a third of iterdir's time, and there are many
        if entry.isdigit():
            yield int(entry)


def _children() -> defaultdict[int, list[int]]:
    """{process: its own children}, of all that are there."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for pid in _pids():
        if parent := _stat(pid)[1:2]:
            found[int(parent[0])].append(pid)
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on: state, parent, group, session."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()
