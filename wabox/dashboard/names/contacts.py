"""Knows how people are called on lists, how they agreed, and how far an import is."""

from __future__ import annotations

from wabox.dashboard.names.shown import Shown
from wabox.dashboard.voice import Voice
from wabox.languages import later

CONSENT: dict[str, str] = {
    "in_person": later("Said so in person"),
    "web_form": later("Filled in a form"),
    "order": later("Placed an order"),
    "wrote_first": later("Wrote to us first"),
    "import_attested": later("Confirmed at an import"),
    "other": later("Otherwise"),
}

OPTED_OUT = Shown("bad", "stop", later("Opted out"))

CONSENTED = Shown("good", "shield", later("Consent"))

FLAGGED = Shown("warn", "question", later("Unusual number"))

IMPORT: dict[str, Shown] = {
    "uploaded": Shown("calm", "clock", later("Not started")),
    "running": Shown("busy", "refresh", later("Running")),
    "done": Shown("good", "tick", later("Done")),
    "failed": Shown("bad", "alert", later("Failed")),
    "cancelled": Shown("calm", "stop", later("Cancelled")),
}


def choices(sources: tuple[str, ...], voice: Voice) -> list[tuple[str, str]]:
    """Ways to consent, for a list to choose from."""
    return [(source, voice.say(CONSENT[source])) for source in sources]
