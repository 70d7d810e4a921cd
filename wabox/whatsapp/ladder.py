"""What to try next when a session breaks; pure.

reload the page -> a new tab -> a new browser -> a new Playwright -> a new browser, again and again
after growing pauses, with a new Playwright every fourth time. Calm for a while resets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wabox.whatsapp.page import PageCrashed, PageHung, PageLost
from wabox.whatsapp.patience import Limits
from wabox.whatsapp.runtime import BrowserLost

Step = Literal["reload", "tab", "browser", "playwright"]
_RUNGS: tuple[Step, ...] = ("reload", "tab", "browser", "playwright")


@dataclass(frozen=True, slots=True)
class Rung:
    """The next step. failed: the trouble lasts so long that the device must say so."""

    step: Step
    pause_seconds: float
    count: int
    failed: bool


class Ladder:
    """Counts the troubles of one session. Times are seconds of a steady clock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._count = 0
        self._since: float | None = None

    def climb(self, trouble: Exception, now: float) -> Rung:
        """One more trouble: what to do about it."""
        count, self._count = self._count, self._count + 1
        self._since = now if self._since is None else self._since
        pauses = self._limits.pauses
        return Rung(
            _step(trouble, count),
            pauses[min(count, len(pauses) - 1)],
            count,
            failed=now - self._since >= self._limits.failed_after,
        )

    def calm(self) -> None:
        """The session has been well for long enough: the next trouble is a first one."""
        self._count, self._since = 0, None


def _step(trouble: Exception, count: int) -> Step:
    if count % len(_RUNGS) == len(_RUNGS) - 1:
        return "playwright"
    rung = _RUNGS[min(count, 2)]
    if isinstance(trouble, PageHung | BrowserLost) or not isinstance(trouble, PageLost):
        return "browser"
    if isinstance(trouble, PageCrashed) and rung == "reload":
        return "tab"
    return rung
