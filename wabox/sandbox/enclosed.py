"""What a message is instead of a text: a place, somebody's contact card or a poll, as a phone shows it."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from wabox.errors import Invalid
from wabox.sandbox.faults import clean_phone

KINDS = ("location", "vcard", "poll_creation")
MOST_CARDS = 20
MOST_NAME = 200
MOST_OPTIONS = 12

_NAME = re.compile(r"(?m)^FN:(.+)$")
_PHONE = re.compile(r"(?m)^(?:\w+\.)?TEL;[^:\n]*\bwaid=(\d{7,15})\b")


def shown(sent: dict[str, Any]) -> dict[str, Any] | None:
    """`{location: …}`, `{contact: …}` or `{poll: …}` that a page handed over; None if no phone could show it."""
    if sent["type"] == "location":
        return _location(sent.get("place") or {})
    if sent["type"] == "poll_creation":
        return _poll(sent.get("poll") or {})
    return _contact(str(sent.get("text") or ""))


class PlaceBody(msgspec.Struct, forbid_unknown_fields=True):
    """A place that a person sends. live: where they are, for a while."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    live: bool = False


class CardBody(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody's contact card that a person sends. phones: more numbers on it."""

    name: str
    phone: str
    phones: list[str] = []


def written(location: PlaceBody | None, cards: list[CardBody]) -> dict[str, Any] | None:
    """What a person sends, as Message has it; None if it is neither. Raises Invalid."""
    if location is None:
        found = [_written_card(one) for one in cards[:MOST_CARDS]]
        return {"contact": found[0]} if len(found) == 1 else {"contacts": found} if found else None
    place = {"lat": location.latitude, "lng": location.longitude}
    lines = [" ".join(one.split()) for one in (location.name, location.address) if one]
    shown_place = _location({**place, "loc": "\n".join(lines)})
    if shown_place is None:
        raise Invalid("invalid_location", "Give `latitude` from -90 to 90 and `longitude` from -180 to 180.")
    if location.live:
        shown_place["location"]["live"] = True
    return shown_place


def _written_card(card: CardBody) -> dict[str, Any]:
    name = " ".join(card.name.split())[:MOST_NAME]
    phones = [clean_phone(one) for one in (card.phone, *card.phones)]
    if not name:
        raise Invalid("invalid_contact", "Give the name that stands on the card.")
    return {"name": name, "phone": phones[0]} | ({"phones": phones} if card.phones else {})


def told(enclosed: dict[str, Any] | None) -> dict[str, Any] | None:
    """As a page hears of it, in WhatsApp's words."""
    if enclosed is None:
        return None
    if poll := enclosed.get("poll"):
        return {"type": "poll_creation", "question": poll["question"], "options": poll["options"]}
    if place := enclosed.get("location"):
        loc = "\n".join(one for one in (place["name"], place["address"]) if one)
        point = {"lat": place["latitude"], "lng": place["longitude"], "loc": loc}
        return {"type": "location", **point, "live": bool(place.get("live"))}
    cards = enclosed.get("contacts") or [enclosed["contact"]]
    vcards = [{"displayName": one["name"], "vcard": _vcard(one)} for one in cards]
    if len(vcards) == 1:
        return {"type": "vcard", "name": vcards[0]["displayName"], "body": vcards[0]["vcard"]}
    return {"type": "multi_vcard", "cards": vcards}


def _vcard(card: dict[str, Any]) -> str:
    name = re.sub(r"([\\,;])", r"\\\1", card["name"])
    numbers = [f"TEL;type=CELL;waid={one}:+{one}" for one in card.get("phones", [card["phone"]])]
    return "\n".join(["BEGIN:VCARD", "VERSION:3.0", f"N:;{name};;;", f"FN:{name}", *numbers, "END:VCARD"])


def _poll(poll: dict[str, Any]) -> dict[str, Any] | None:
    """Nobody sees a poll that asks nothing, or that has one answer, twelve and more, or the same one twice."""
    question, options, most = poll.get("name"), poll.get("options") or [], poll.get("selectable")
    if not question or not all(options) or not 2 <= len(set(options)) == len(options) <= MOST_OPTIONS:
        return None
    return {"poll": {"question": question, "options": options, "many": most == 0}}


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
