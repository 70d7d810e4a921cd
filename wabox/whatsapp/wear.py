"""How one page wears: how long it has lived, what it weighs, and when a fresh one is due; pure.

WhatsApp Web grows for as long as it is open, so a page is renewed at night in an idle minute, and by day when its
browser weighs too much; never while something is in hand. Times are seconds of a steady clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wabox.whatsapp.patience import Limits


class Wear:
    """Of one session. night: whether it is the hour for what nobody shall notice."""

    def __init__(self, limits: Limits, clock: Callable[[], float], night: Callable[[], bool]) -> None:
        self._limits = limits
        self._clock = clock
        self._night = night
        self._in_hand = 0
        self._asked_at = self._opened_at = self._weighed_at = self._progressed_at = 0.0
        self._progress: str | None = None

    @property
    def idle(self) -> bool:
        """Nothing is asked of the page just now."""
        return self._in_hand == 0

    @property
    def progressed_at(self) -> float:
        """When the first sync last came further."""
        return self._progressed_at

    def opened(self) -> None:
        """The browser is a fresh one."""
        self._opened_at = self._weighed_at = self._clock()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While something is in hand."""
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1
            self._asked_at = self._clock()

    def shows(self, progress: str | None) -> None:
        """How far the page's first sync says that it is."""
        if progress is not None and progress != self._progress:
            self._progress, self._progressed_at = progress, self._clock()

    def to_be_weighed(self) -> bool:
        """Whether it is time to look at the browser's memory."""
        due = self._limits.memory_mb > 0 and self._clock() - self._weighed_at >= self._limits.weigh
        if due:
            self._weighed_at = self._clock()
        return due

    def too_heavy(self, megabytes: int) -> bool:
        """The browser weighs more than it may; if a fresh one does, another would not help."""
        return megabytes > self._limits.memory_mb and self._clock() - self._opened_at >= self._limits.renew_gap

    def due_at_night(self) -> bool:
        """It is night, the page is not of this night, and nobody has asked for anything in the last minute."""
        now = self._clock()
        return (
            now - self._opened_at >= self._limits.renew_age
            and now - self._asked_at >= self._limits.idle
            and self._night()
        )
