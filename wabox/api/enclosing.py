"""What goes instead of a text: a place on the map, or somebody's contact card."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from msgspec import Meta, Struct

from wabox.api import wire
from wabox.errors import Invalid, Refusal
from wabox.messages import carrying
from wabox.messages.carrying import Enclosed
from wabox.whatsapp.driver import Card, Place

Line = Annotated[str, Meta(max_length=carrying.LONGEST_LINE, extra_json_schema={"pattern": wire.PLAIN_LINE})]
Named = Annotated[
    str,
    Meta(min_length=1, max_length=carrying.LONGEST_LINE, extra_json_schema={"pattern": wire.NAME_PATTERN}),
]
_ALONE = (
    "A {0} goes alone: leave out message, template_id, variables, media, as_document, voice and {1}; "
    "send a text by itself."
)


class GivenLocation(Struct, forbid_unknown_fields=True, kw_only=True):
    """A point on the map, in degrees: north and east above zero. name, address: what stands below it."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    name: Line | None = None
    address: Line | None = None


class GivenContact(Struct, forbid_unknown_fields=True, kw_only=True):
    """Somebody's contact card."""

    name: Named
    phone: wire.Phone


class Location(Struct):
    """The point that a message is."""

    latitude: float
    longitude: float
    name: str | None
    address: str | None


class ContactCard(Struct):
    """The card that a message is. phone: digits."""

    name: str
    phone: str


def given(location: GivenLocation | None, contact: GivenContact | None, *, country: str) -> Enclosed | None:
    """What the request names, checked. Raises Invalid, its details named below `location` or `contact`."""
    name = "location" if location is not None else "contact"
    try:
        if location is not None:
            return carrying.place(location.latitude, location.longitude, location.name, location.address)
        return None if contact is None else carrying.card(contact.name, contact.phone, country=country)
    except Refusal as refusal:
        refusal.details = {f"{name}.{field}": text for field, text in refusal.details.items()}
        raise


def alone(location: GivenLocation | None, contact: GivenContact | None, *, beside: bool) -> None:
    """Raises Invalid `goes_alone` for a place or a card with anything else. beside: whether a text or file is."""
    if location is None and contact is None:
        return
    if beside or (location is not None and contact is not None):
        names = ("location", "contact") if location is not None else ("contact", "location")
        sentence = _ALONE.format(*names)
        raise Invalid("goes_alone", sentence, details={names[0]: sentence})


def location_of(given: Enclosed | None) -> Location | None:
    """The message's place as the API shows it."""
    return Location(**asdict(given)) if isinstance(given, Place) else None


def contact_of(given: Enclosed | None) -> ContactCard | None:
    """The message's card as the API shows it."""
    return ContactCard(**asdict(given)) if isinstance(given, Card) else None
