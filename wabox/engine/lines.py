"""Which lines were just found standing still, so that they are not looked at after everybody's commit.

In memory only, and never for long: a line rests until the time its gate named, at most a few seconds, and
not past anything that is seen to change: its phone, its user, its running campaigns, what is in doubt, or a
new message. What nobody thought of costs those seconds, and no message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from wabox.messages.claiming import Due
from wabox.messages.gate import Wait

WAITS_SECONDS = 5.0  # the gate said why the head waits
EMPTY_SECONDS = 1.0  # nobody stood in line, or one is in doubt: what may come next is not known


@dataclass(frozen=True, slots=True)
class _Rest:
    """seen: how the line was before it was asked. until: on the box's clock; ends: on the monotonic one."""

    seen: Due
    until: datetime | None
    ends: float


class Lines:
    """Shared by the clock, which gives turns, and the workers, which have them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given: dict[int, Due] = {}
        self._rests: dict[int, _Rest] = {}

    def may_move(self, due: Due, has_news: Callable[[Due], bool], *, now: datetime) -> bool:
        """Whether this line shall have a turn. has_news: a message has come into it since."""
        with self._lock:
            rest = self._rests.get(due.device_id)
        if rest is not None and self._holds(rest, due, now) and not has_news(rest.seen):
            return False
        with self._lock:
            self._rests.pop(due.device_id, None)
            self._given.setdefault(due.device_id, due)  # of several looks the oldest: a change after it counts
        return True

    def stood_still(self, device_id: int, wait: Wait | None) -> None:
        """The line's turn came to this: why its head waits, or None."""
        seconds = EMPTY_SECONDS if wait is None else WAITS_SECONDS
        until = None if wait is None else wait.until
        with self._lock:
            seen = self._given.pop(device_id, None)
            if seen is not None:
                self._rests[device_id] = _Rest(seen, until, monotonic() + seconds)

    @staticmethod
    def _holds(rest: _Rest, due: Due, now: datetime) -> bool:
        past = rest.until is not None and now >= rest.until
        return not past and monotonic() < rest.ends and rest.seen.sign == due.sign
