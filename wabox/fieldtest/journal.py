"""What the driver told, in order, with when; a step waits for what it expects."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from wabox.whatsapp.driver import Event

E = TypeVar("E", bound=Event)


class Stopped(Exception):
    """The test was broken off."""


class Journal:
    """Every event with the second that it came in."""

    def __init__(self) -> None:
        self._events: list[tuple[float, Event]] = []
        self._news = threading.Condition()
        self._stopped = False

    def note(self, event: Event) -> None:
        """The driver's on_event."""
        with self._news:
            self._events.append((time.monotonic(), event))
            self._news.notify_all()

    @property
    def stopped(self) -> bool:
        """Nobody waits any more."""
        return self._stopped

    def mark(self) -> int:
        """Now, as a place to look from."""
        with self._news:
            return len(self._events)

    def all(self, kind: type[E], since: int = 0) -> list[E]:
        """Events of this kind so far."""
        return [event for _, event in self.timed(kind, since)]

    def timed(self, kind: type[E], since: int = 0) -> list[tuple[float, E]]:
        """The same with their seconds of the monotonic clock."""
        with self._news:
            return [(at, event) for at, event in self._events[since:] if isinstance(event, kind)]

    def wait(self, kind: type[E], wanted: Callable[[E], bool], *, since: int, seconds: float) -> E | None:
        """The first such event after `since`; None if none came in time. Raises Stopped."""
        with self._news:
            self._news.wait_for(lambda: self._stopped or self._first(kind, wanted, since) is not None, seconds)
            if self._stopped:
                raise Stopped
            return self._first(kind, wanted, since)

    def rest(self, seconds: float) -> None:
        """So much time passes. Raises Stopped."""
        with self._news:
            if self._news.wait_for(lambda: self._stopped, seconds):
                raise Stopped

    def stop(self) -> None:
        """Whoever waits is let go."""
        with self._news:
            self._stopped = True
            self._news.notify_all()

    def _first(self, kind: type[E], wanted: Callable[[E], bool], since: int) -> E | None:
        found = (event for _, event in self._events[since:] if isinstance(event, kind))
        return next((event for event in found if wanted(event)), None)
