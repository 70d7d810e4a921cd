"""Knows how a state looks: a tone, an icon and a word, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "busy", "warn", "bad", "calm"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A state as a chip."""

    tone: Tone
    icon: str
    word: str
