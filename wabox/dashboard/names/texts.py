"""Knows how stored texts are called: what they are for, and what fills in their variables."""

from __future__ import annotations

from wabox.dashboard.names.shown import Shown
from wabox.dashboard.voice import Voice
from wabox.languages import NAMES, later
from wabox.texts.stored import Category

CATEGORY: dict[Category, Shown] = {
    "service": Shown("calm", "messages", later("Service")),
    "advertising": Shown("busy", "megaphone", later("Advertising")),
}


def categories(voice: Voice) -> list[tuple[str, str]]:
    """What a text may be for, to choose from."""
    return [(key, voice.say(shown.word)) for key, shown in CATEGORY.items()]


def spoken(voice: Voice) -> list[tuple[str, str]]:
    """Languages a text may be in, to choose from; "" = none in particular."""
    return [("", voice.say(later("Any"))), *NAMES.items()]
