"""For tests that look at each of several: there are several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def some(things: Iterable[T]) -> list[T]:
    """All of them; fails the test when there is none, where a loop would assert nothing and pass."""
    found = list(things)
    assert found, "there is nothing to look at"
    return found
