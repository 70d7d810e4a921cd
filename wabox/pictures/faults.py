"""Why a picture is not taken: known without what draws pictures."""

from __future__ import annotations


class Unreadable(Exception):
    """It is no picture of this kind, or a broken one, or it moves and must not."""


class TooLarge(Exception):
    """It is more to draw than a screenshot or a photo needs."""
