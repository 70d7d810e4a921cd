"""One thing the doctor looked at, in plain words, with its cure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """name: stable, for scripts. says: what was found. cure: what to do; "" when all is well."""

    name: str
    level: Level
    says: str
    cure: str = ""


def ok(name: str, says: str) -> Finding:
    """All is well."""
    return Finding(name, "ok", says)


def warning(name: str, says: str, cure: str) -> Finding:
    """It works, and may not for long."""
    return Finding(name, "warning", says, cure)


def bad(name: str, says: str, cure: str) -> Finding:
    """It does not work."""
    return Finding(name, "bad", says, cure)
