"""What a message is instead of a text: a place on the map, or somebody's contact card, as a phone shows it."""

from __future__ import annotations

import math
import re
from typing import Any

KINDS = ("location", "vcard")

_NAME = re.compile(r"(?m)^FN:(.+)$")
_PHONE = re.compile(r"(?m)^(?:\w+\.)?TEL;[^:\n]*\bwaid=(\d{7,15})\b")


def shown(sent: dict[str, Any]) -> dict[str, Any] | None:
    """`{location: …}` or `{contact: …}` of what a page handed over; None if no phone could show it."""
    if sent["type"] == "location":
        return _location(sent.get("place") or {})
    return _contact(str(sent.get("text") or ""))


def told(enclosed: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the account's other devices hear of it: that there was something, and what."""
    if enclosed is None:
        return None
    return {"type": "location" if "location" in enclosed else "vcard"}


def _location(place: dict[str, Any]) -> dict[str, Any] | None:
    """A phone shows the first line above, as the name, and the others below it."""
    latitude, longitude = place.get("lat"), place.get("lng")
    if not _within(latitude, 90) or not _within(longitude, 180):
        return None
    name, _, address = str(place.get("loc") or "").partition("\n")
    location = {"latitude": latitude, "longitude": longitude, "name": name or None, "address": address or None}
    return {"location": location}


def _within(degrees: object, most: int) -> bool:
    return isinstance(degrees, int | float) and math.isfinite(degrees) and abs(degrees) <= most


def _contact(vcard: str) -> dict[str, Any] | None:
    name, phone = _NAME.search(vcard), _PHONE.search(vcard)
    if name is None or phone is None:
        return None
    return {"contact": {"name": re.sub(r"\\(.)", r"\1", name[1]), "phone": phone[1]}}
