"""Knows what the pages of Settings are called, and a log-in: by the browser it was made with."""

from __future__ import annotations

from wabox.languages import later

SETTINGS = (
    ("/settings", later("Shop")),
    ("/settings/sending", later("Sending rules")),
    ("/settings/alerts", later("Alerts")),
    ("/settings/security", later("Log-in")),
)
OF_THE_BOX = ("/settings/box", later("Box"))

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)

_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def browser(text: str | None) -> str:
    """A browser's name for people: `Firefox · Linux`; "" if it says nothing known."""
    said = text or ""
    name = next((one for mark, one in _BROWSERS if mark in said), "")
    system = next((one for mark, one in _SYSTEMS if mark in said), "")
    return " · ".join(one for one in (name, system) if one)


def settings(role: str) -> tuple[tuple[str, str], ...]:
    """The pages of Settings that somebody in this role has: address and word."""
    return (*SETTINGS, OF_THE_BOX) if role == "owner" else SETTINGS
