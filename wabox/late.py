"""Modules that are imported when something of them is first used: no start waits for them, no memory holds them.

if TYPE_CHECKING:
    from babel import dates
else:
    dates = late("babel.dates")
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

NAMES: list[str] = []  # of those that somebody may use later


def late(name: str) -> Any:
    """Stands for the module of this name until something of it is used."""
    NAMES.append(name)
    return _Late(name)


class _Late:
    """Has what the module has. Python's own LazyLoader runs a module twice when two threads ask at once."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(import_module(self._name), name)
        setattr(self, name, found)
        return found
