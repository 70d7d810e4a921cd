"""What a field test found: versions, durations, counts and names of the page's parts; never whose they are."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Result = Literal["PASS", "FAIL", "NOT SEEN", "SKIPPED"]
FORMAT = 1

# A name of the page's, an enum value, a host, a sentence of ours: few digits, so that no number or id passes.
_WORDS = re.compile(r"[A-Za-z_$(][\w$.:;,/()*+ '-]{0,119}")
_DIGITS = 4
_LONGEST_ID = re.compile(r"[0-9A-Fa-f]{8,}|\d{3,}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LARGEST = 1_000_000
HIDDEN = "(hidden)"


@dataclass(slots=True)
class Check:
    """One thing looked at. assumes: numbers of the assumptions that it bears on. seen: facts, made safe."""

    name: str
    result: Result
    assumes: tuple[int, ...]
    seen: dict[str, Any]


@dataclass(slots=True)
class Found:
    """What one step found."""

    number: int
    name: str
    checks: list[Check] = field(default_factory=list)
    seconds: float = 0
    skipped: str | None = None

    def add(self, name: str, result: Result, assumes: tuple[int, ...], seen: dict[str, Any]) -> None:
        """One more thing was looked at."""
        self.checks.append(Check(name, result, assumes, seen))

    @property
    def result(self) -> Result:
        """FAIL if anything failed; NOT SEEN if nothing could be seen."""
        if self.skipped is not None and not self.checks:
            return "SKIPPED"
        results = [check.result for check in self.checks]
        for one in ("FAIL", "PASS", "NOT SEEN"):
            if one in results:
                return one
        return "NOT SEEN"


class Report:
    """Gathers what the steps find. Whatever is told to it is made safe before it is kept."""

    def __init__(self) -> None:
        self.about: dict[str, Any] = {}
        self.steps: list[Found] = []
        self._private: set[str] = set()
        self._salt = secrets.token_bytes(16)

    def keep_out(self, *private: str | None) -> None:
        """These texts appear nowhere in the report, whatever they are part of."""
        self._private |= {one for one in private if one and len(one) > 1}

    def tag(self, private: object) -> str:
        """Four letters for an id, the same within this report and worth nothing outside it."""
        mark = hmac.new(self._salt, str(private).encode(), hashlib.sha256).digest()
        return "".join(_LETTERS[each % 26] for each in mark[:4])

    def safe(self, value: Any) -> Any:
        """The value if nothing of it can name anybody, else as much of it as cannot."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return round(value, 3) if abs(value) < _LARGEST else HIDDEN
        if isinstance(value, str):
            return value if self._says_nothing(value) else HIDDEN
        if isinstance(value, dict):
            return {str(self.safe(str(name))): self.safe(one) for name, one in value.items()}
        return [self.safe(one) for one in value] if isinstance(value, Iterable) else HIDDEN

    def data(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "format": FORMAT,
            "about": self.about,
            "steps": [
                {
                    "number": one.number,
                    "name": one.name,
                    "result": one.result,
                    "seconds": round(one.seconds, 1),
                    **({"why": one.skipped} if one.skipped else {}),
                    "checks": [
                        {
                            "name": check.name,
                            "result": check.result,
                            "assumptions": list(check.assumes),
                            "seen": check.seen,
                        }
                        for check in one.checks
                    ],
                }
                for one in self.steps
            ],
            "assumptions": self.assumptions(),
        }

    def assumptions(self) -> dict[str, Result]:
        """{number: what all its checks together say}, of those that were looked at."""
        told: dict[int, list[Result]] = {}
        for check in (check for step in self.steps for check in step.checks):
            for number in check.assumes:
                told.setdefault(number, []).append(check.result)
        order: tuple[Result, ...] = ("FAIL", "PASS", "NOT SEEN", "SKIPPED")
        return {
            str(number): next(one for one in order if one in results) for number, results in sorted(told.items())
        }

    def _says_nothing(self, text: str) -> bool:
        if any(one in text for one in self._private) or not _WORDS.fullmatch(text):
            return False
        return not _LONGEST_ID.search(text) and sum(letter.isdigit() for letter in text) <= _DIGITS


def version(text: object) -> str:
    """A version as it may stand in a report: numbers with dots, nothing else."""
    found = re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,12}){1,4}", str(text))
    return found[0] if found else "unknown"
