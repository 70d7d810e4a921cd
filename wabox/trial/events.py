"""What the driver tells while an engine is tried, to be waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from wabox.whatsapp.driver import Event, Inbound, Link, Receipt

E = TypeVar("E", Link, Receipt, Inbound)


class Failed(Exception):
    """The engine is no good. step: at what; why: in words, "" if there is no more to say."""

    def __init__(self, step: str, why: str = "") -> None:
        super().__init__(f"{step}: {why}" if why else step)
        self.step = step


class Events:
    """In their order. Whoever waits for one is told."""

    def __init__(self) -> None:
        self._all: list[Event] = []
        self._news = threading.Condition()

    def note(self, event: Event) -> None:
        """The driver's on_event."""
        with self._news:
            self._all.append(event)
            self._news.notify_all()

    def mark(self) -> int:
        """Now, as a place to wait from."""
        with self._news:
            return len(self._all)

    def wait(self, kind: type[E], wanted: Callable[[E], bool], *, since: int, seconds: float) -> E | None:
        """The first of this kind since then that is wanted; None if none came in time."""
        until = monotonic() + seconds
        with self._news:
            while True:
                for event in self._all[since:]:
                    if isinstance(event, kind) and wanted(event):
                        return event
                if not self._news.wait(until - monotonic()):
                    return None
