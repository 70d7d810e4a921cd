"""Knows how a log-in is called: the browser it was made with."""

from __future__ import annotations

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
