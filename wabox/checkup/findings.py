"""One thing that was looked at, in plain words, with its cure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["ok", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """name: stable, for scripts. text, remedy: English with %(name)s for values: a page translates them."""

    name: str
    level: Level
    text: str
    remedy: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """What was found."""
        return self.text % self.values

    @property
    def cure(self) -> str:
        """What to do; "" when all is well."""
        return self.remedy % self.values


def ok(name: str, text: str, **values: object) -> Finding:
    """All is well."""
    return Finding(name, "ok", text, values=values)


def warning(name: str, text: str, remedy: str, **values: object) -> Finding:
    """It works, and may not for long."""
    return Finding(name, "warning", text, remedy, values)


def bad(name: str, text: str, remedy: str, **values: object) -> Finding:
    """It does not work."""
    return Finding(name, "bad", text, remedy, values)
