"""How long WhatsApp's server has said nothing through one page, and whether a fresh page may help; pure.

Two questions in a row without an answer in time are a dead channel, however connected it looks. Where a fresh page
changed nothing twice it is WhatsApp that is slow: then the next one waits, each time twice as long. Times are
seconds of a steady clock.
"""

from __future__ import annotations

from collections.abc import Callable

from wabox.whatsapp.patience import Limits

MOST_UNANSWERED = 2
MOST_TRIED = 2
LONGEST_GAP = 24 * 3600


class Silence:
    """Of one session. A question is named by its kind: an answer to another one does not make up for it."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._unanswered: list[str] = []
        self._tried_for: set[str] = set()
        self._tried = 0
        self._tried_at = 0.0

    def alive(self) -> None:
        """The page is a fresh one, or was told something without a question."""
        self._unanswered.clear()

    def answered(self, question: str) -> None:
        """WhatsApp's server speaks. A fresh page that answers for long enough has helped."""
        self.alive()
        if self._tried and self._clock() - self._tried_at >= self._limits.silence_gap:
            self._tried_for.discard(question)
            self._tried = self._tried if self._tried_for else 0

    def unanswered(self, question: str) -> None:
        """It had no answer in time."""
        self._unanswered.append(question)

    @property
    def is_dead(self) -> bool:
        """Whether a fresh page shall be tried now."""
        if len(self._unanswered) < MOST_UNANSWERED:
            return False
        return self._tried < MOST_TRIED or self._clock() - self._tried_at >= self._gap

    @property
    def _gap(self) -> float:
        """Between the last fresh page and the next one."""
        return float(min(self._limits.silence_gap * 2 ** min(self._tried - MOST_TRIED, 20), LONGEST_GAP))

    def tried(self) -> None:
        """A fresh page is on its way."""
        self._tried_for.update(self._unanswered)
        self._tried, self._tried_at = self._tried + 1, self._clock()
        self._unanswered.clear()
