"""What the running process notices of itself: when each step of the engine ran, and how requests were answered.

It lives in memory only, and holds no numbers, names or texts of anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

LATE_SECONDS = 30.0  # a step of each second that has not ended for so long
STUCK_SECONDS = 180.0  # a turn gives up far sooner by itself
LONGEST_ERROR = 200


@dataclass(slots=True)
class Step:
    """One step of the engine's clock. seconds are of the clock that only runs forward.

    every: how often it is due. ended: when it last came to its end, at first when it was announced.
    error: of its last run, None if that went well. failures: since the start.
    """

    name: str
    every: float
    ended: float
    runs: int = 0
    took: float = 0.0
    failures: int = 0
    error: str | None = None

    @property
    def age(self) -> float:
        """Seconds since it last ended."""
        return monotonic() - self.ended

    @property
    def late(self) -> bool:
        """Whether it should have ended again long ago."""
        return self.age > self.every + LATE_SECONDS


@dataclass(slots=True)
class Turns:
    """One kind of turn. busy: since when each has its turn, {id: seconds}. resting: those that failed last.

    failures: since the start.
    """

    kind: str
    threads: int = 0
    busy: dict[int, float] = field(default_factory=dict)
    resting: int = 0
    failures: int = 0

    @property
    def stuck(self) -> int:
        """How many turns should have ended long ago."""
        return sum(monotonic() - since > STUCK_SECONDS for since in list(self.busy.values()))


@dataclass(slots=True)
class Pulse:
    """started: of the process, by the clock that only runs forward. requests: {(face, class): how many}."""

    started: float = field(default_factory=monotonic)
    steps: dict[str, Step] = field(default_factory=dict)
    turns: dict[str, Turns] = field(default_factory=dict)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)

    def announce(self, name: str, *, every: float) -> None:
        """This step runs from now on, each so many seconds."""
        self.steps[name] = Step(name, every, monotonic())

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """The step runs; what it raises is remembered, and raised."""
        step = self.steps.setdefault(name, Step(name, 0.0, monotonic()))
        began = monotonic()
        try:
            yield
            step.error = None
        except Exception as error:
            step.failures += 1
            step.error = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
            raise
        finally:
            step.ended = monotonic()
            step.took = step.ended - began
            step.runs += 1

    @property
    def late(self) -> list[str]:
        """Steps that do not come round any more."""
        return [step.name for step in self.steps.values() if step.late]

    def answered(self, path: str, status: int) -> None:
        """A request was answered."""
        self.requests[_face(path), f"{status // 100}xx"] += 1


def _face(path: str) -> str:
    if path.startswith("/api/"):
        return "api"
    if path.startswith("/static/"):
        return "static"
    return "probe" if path in ("/healthz", "/readyz", "/metrics") else "page"
