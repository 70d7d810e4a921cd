"""What failed rests before it is tried again, longer each time, and nobody else rests with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import structlog

from wabox.errors import Unavailable

log = structlog.get_logger()

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0


@dataclass(slots=True)
class _Rest:
    until: float
    seconds: float


class Backoff:
    """For one loop. A key is what fails by itself: an id, or a kind and an id. It lives in memory only.

    first_seconds: the rest after the first failure; doubled by each further one, up to most_seconds.
    """

    def __init__(self, *, first_seconds: float = FIRST_SECONDS, most_seconds: float = MOST_SECONDS) -> None:
        self._first = first_seconds
        self._most = most_seconds
        self._rests: dict[Hashable, _Rest] = {}

    def __len__(self) -> int:
        """How many failed the last time."""
        return len(self._rests)

    def rests(self, key: Hashable) -> bool:
        """Whether it shall not be tried yet."""
        rest = self._rests.get(key)
        return rest is not None and monotonic() < rest.until

    def failed(self, key: Hashable) -> None:
        """It rests, longer than the last time."""
        before = self._rests.get(key)
        seconds = self._first if before is None else min(before.seconds * 2, self._most)
        self._rests[key] = _Rest(monotonic() + seconds, seconds)

    def went_well(self, key: Hashable) -> None:
        """Its failures are forgotten."""
        self._rests.pop(key, None)

    @contextmanager
    def apart(self, what: str, key: Hashable) -> Iterator[None]:
        """What is done here for one of many fails for that one only: it is logged, and rests.

        A database that cannot be read or written now is nobody's own fault, and is raised.
        """
        try:
            yield
        except (Unavailable, sqlite3.OperationalError):
            raise
        except Exception:
            self.failed(key)
            log.exception("one of many failed", what=what, key=key)
        else:
            self.went_well(key)
