"""What this process has run out of: open files, memory. Noticed where errors are logged, told on the health page.

It is remembered as long as the process lives, which is also what runs short.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import MutableMapping
from time import monotonic
from typing import Any, Literal

Kind = Literal["files", "memory"]
REMEMBERED_SECONDS = 3_600.0
DEEPEST = 10
_NUMBERS: dict[int, Kind] = {errno.EMFILE: "files", errno.ENFILE: "files", errno.ENOMEM: "memory"}
_CODES: dict[str, Kind] = {"too_many_files": "files", "out_of_memory": "memory"}

_seen: dict[Kind, float] = {}


def notice(error: BaseException | None) -> None:
    """If the error, or what caused it, is a lack of files or memory, it is remembered for an hour."""
    for _ in range(DEEPEST):  # a chain of causes may run in a circle
        if error is None:
            return
        kind = _kind(error)
        if kind is not None:
            _seen[kind] = monotonic()
        error = error.__cause__ or error.__context__


def recent() -> list[Kind]:
    """What ran out within the last hour."""
    return sorted(kind for kind, at in _seen.items() if monotonic() - at < REMEMBERED_SECONDS)


def forget() -> None:
    """Nothing ran out."""
    _seen.clear()


def from_log(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A step of the log: every error that is written down is looked at."""
    told = event.get("exc_info")
    if told is True:
        notice(sys.exc_info()[1])
    elif isinstance(told, BaseException):
        notice(told)
    elif isinstance(told, tuple):
        notice(told[1])
    return event


def _kind(error: BaseException) -> Kind | None:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return _NUMBERS[error.errno]
    return _CODES.get(str(getattr(error, "code", "")))
