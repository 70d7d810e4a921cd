"""What a message is instead of a text: a place on the map, or somebody's contact card."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import asdict
from typing import Any

from wabox.contacts import phones
from wabox.errors import Invalid, Refusal
from wabox.whatsapp.driver import Card, Place

Enclosed = Place | Card

LONGEST_LINE = 200  # characters of a name or an address
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_OUTSIDE = {
    "latitude": (90, "Latitude goes from -90 to 90, with a point: 23.7806."),
    "longitude": (180, "Longitude goes from -180 to 180, with a point: 90.2792."),
}


def place(latitude: float, longitude: float, name: str | None = None, address: str | None = None) -> Place:
    """The point in degrees, north and east above zero, and what it is called, a line each, blank for nothing.

    Raises Invalid `bad_location`, its details named as these fields.
    """
    for field, degrees in (("latitude", latitude), ("longitude", longitude)):
        most, sentence = _OUTSIDE[field]
        if not math.isfinite(degrees) or abs(degrees) > most:
            raise Invalid("bad_location", sentence, details={field: sentence})
    called = _line("bad_location", "name", name), _line("bad_location", "address", address)
    return Place(float(latitude), float(longitude), *called)


def card(name: str, phone: str, *, country: str) -> Card:
    """The card of this number, however it is spelt. Raises Invalid `bad_contact`, and what `phones.parse` does."""
    called = _line("bad_contact", "name", name)
    if called is None:
        sentence = "Say whose number this is; the name stands on the card."
        raise Invalid("bad_contact", sentence, details={"name": sentence})
    try:
        return Card(called, phones.parse(phone, country=country).digits)
    except Refusal as refusal:
        refusal.details = {"phone": refusal.sentence}
        raise


def kept(enclosed: Enclosed | None) -> str | None:
    """As a message's row holds it."""
    if enclosed is None:
        return None
    kind = "location" if isinstance(enclosed, Place) else "contact"
    return json.dumps({"kind": kind, **asdict(enclosed)}, ensure_ascii=False)


def read(text: str | None) -> Enclosed | None:
    """What `kept` wrote."""
    if text is None:
        return None
    found: dict[str, Any] = json.loads(text)
    return Place(**found) if found.pop("kind") == "location" else Card(**found)


def told(enclosed: Enclosed | None) -> dict[str, object]:
    """As a webhook tells it: `{location: …}` or `{contact: …}`, else nothing."""
    if enclosed is None:
        return {}
    return {"location" if isinstance(enclosed, Place) else "contact": asdict(enclosed)}


def words(text: str, enclosed: Enclosed | None) -> str:
    """What rules read of a message: its text, or what stands on the place or the card."""
    if enclosed is None:
        return text
    lines = (enclosed.name, enclosed.address if isinstance(enclosed, Place) else enclosed.phone)
    return "\n".join(line for line in lines if line)


def _line(code: str, field: str, text: str | None) -> str | None:
    line = " ".join((text or "").split())
    if len(line) > LONGEST_LINE or _UNFIT.search(line):
        sentence = f"One line of up to {LONGEST_LINE} characters, please."
        raise Invalid(code, sentence, details={field: sentence})
    seen = any(unicodedata.category(one) not in ("Cf", "Zs") for one in line)
    return line if seen else None
