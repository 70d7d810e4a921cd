"""Knows how reports call what they count, and where messages come from."""

from __future__ import annotations

from wabox.languages import later
from wabox.messages.counting import Source

SOURCE: dict[Source, str] = {
    "campaign": later("Campaigns"),
    "dashboard": later("Single, written here"),
    "api": later("Single, by API"),
    "other": later("wabox's own answers, and older"),
}
PERIOD: dict[str, str] = {
    "1": later("Today"),
    "7": later("7 days"),
    "30": later("30 days"),
    "90": later("90 days"),
}
