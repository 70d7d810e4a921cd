"""Knows how a place, a contact card and a poll are called on pages."""

from __future__ import annotations

from wabox.contacts.inbox_instead import Instead
from wabox.dashboard.voice import Voice
from wabox.languages import later
from wabox.messages.stored import Enclosed
from wabox.whatsapp.driver import Place, Poll, SentPoll


def icon(given: Enclosed) -> str:
    """The picture before it."""
    if isinstance(given, Poll):
        return "chart"
    return "globe" if isinstance(given, Place) else "people"


def line(voice: Voice, given: Enclosed) -> str:
    """What it is, in one line: `Location: Rahim Store, 12 Road 5` or `Contact: Karim, +880 1711-999999`."""
    if isinstance(given, Place):
        what = ", ".join(one for one in (given.name, given.address) if one) or degrees(given)
        return voice.say(later("Location: %(what)s"), what=what)
    if isinstance(given, Poll):
        return voice.say(later("Poll: %(question)s"), question=given.question)
    return voice.say(later("Contact: %(name)s, %(phone)s"), name=given.name, phone=voice.phone(given.phone))


def point(given: Enclosed) -> str | None:
    """Where a place is, to copy into any map, if its line does not say so; digits as maps read them."""
    named = isinstance(given, Place) and (given.name or given.address)
    return degrees(given) if isinstance(given, Place) and named else None


def options(given: Enclosed) -> tuple[str, ...]:
    """The answers of a poll."""
    return given.options if isinstance(given, Poll) else ()


def is_place(instead: Instead) -> bool:
    """Whether this is a place, else they are cards."""
    return isinstance(instead, Place)


def geo(place: Place) -> str:
    """An address that a phone's own map opens; nothing is asked of anybody until then."""
    return f"geo:{degrees(place).replace(' ', '')}"


def sent_line(voice: Voice, instead: Instead) -> str:
    """What somebody sent, in one line: `Location: Rahim Store`, `Contact: Karim, Rina`."""
    if isinstance(instead, Place):
        return line(voice, instead)
    if isinstance(instead, SentPoll):
        return ", ".join(instead.options)
    called = [one.name or number(voice, next(iter(one.phones), "")) for one in instead]
    return voice.say(later("Contact: %(names)s"), names=", ".join(called))


def number(voice: Voice, written: str) -> str:
    """A number on a card, as wabox writes those with their country code, else as it stands there."""
    return voice.phone(written) if written.isdecimal() and not written.startswith("0") else written


def degrees(place: Place) -> str:
    """Latitude and longitude as maps take them, to a centimetre."""
    return ", ".join(f"{one:.7f}".rstrip("0").rstrip(".") for one in (place.latitude, place.longitude))
