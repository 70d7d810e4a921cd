"""What a message carries: a file with its text, or instead of one a place on the map, a contact card or a poll."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from wabox.contacts import phones
from wabox.db import Tx
from wabox.errors import Invalid, Refusal
from wabox.media import keeping, kinds, sounds, stored
from wabox.media.stored import Kind, Media
from wabox.messages.template import NOTHING, Template
from wabox.whatsapp.driver import Card, Place, Poll

LONGEST_LINE = 200  # characters of a name or an address
# WhatsApp's own, from memory and unverified: wabox/docs/whatsapp.md row 47.
LONGEST_QUESTION, LONGEST_OPTION = 255, 100
FEWEST_OPTIONS, MOST_OPTIONS = 2, 12
_TOO_LONG = {
    LONGEST_LINE: f"One line of up to {LONGEST_LINE} characters, please.",
    LONGEST_QUESTION: f"One line of up to {LONGEST_QUESTION} characters, please.",
    LONGEST_OPTION: f"One line of up to {LONGEST_OPTION} characters, please.",
}
WITHOUT_TEXT: tuple[Kind, ...] = ("audio", "voice")  # WhatsApp shows no text with sound
_NEEDS_OPUS = (
    "A voice note must be Ogg/Opus, and this file is not; convert it: "
    "ffmpeg -i in.mp3 -vn -ac 1 -ar 48000 -c:a libopus -b:a 32k out.ogg"
)
_NO_TEXT = "WhatsApp shows no text with sound; leave the message empty, and send the text by itself."
_ONE_WAY = "A file goes as a document or as a voice note; say one of the two."
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_OUTSIDE = {
    "latitude": (90, "Latitude goes from -90 to 90, with a point: 23.7806."),
    "longitude": (180, "Longitude goes from -180 to 180, with a point: 90.2792."),
}


@dataclass(frozen=True, slots=True)
class Carried:
    """A file as a message carries it. kind: as what it is sent."""

    media: Media
    kind: Kind


def carry(
    tx: Tx,
    user_id: int,
    media_id: int,
    *,
    as_document: bool = False,
    voice: bool | None = None,
    name: str | None = None,
    now: datetime,
) -> Carried:
    """The user's file, used now, and as what it goes: by its content, unless the sender says otherwise.

    voice: False sends Ogg/Opus as a song, not as a voice note. name: what it is called here.
    Raises NotFound; Invalid `voice_needs_opus`, `file_too_large` for what WhatsApp would not take.
    """
    media = stored.of_user(tx, user_id, media_id).called(name)
    carried = fitting(media, as_document=as_document, voice=voice)
    keeping.use(tx, carried.media.id, now=now)
    return carried


def fitting(media: Media, *, as_document: bool = False, voice: bool | None = None) -> Carried:
    """The file as it would go; nothing is written. Raises Invalid as `carry` does."""
    kind = sent_as(media, as_document=as_document, voice=voice)
    kinds.check_size(kind, media.bytes)
    return Carried(media, kind)


def sent_as(media: Media, *, as_document: bool, voice: bool | None) -> Kind:
    """As what the file goes. Raises Invalid `voice_needs_opus`, `invalid`."""
    if as_document and voice:
        raise Invalid("invalid", _ONE_WAY, details={"voice": _ONE_WAY})
    if as_document:
        return "document"
    if voice and media.mime != sounds.OPUS:
        needs_opus()
    return "audio" if media.kind == "voice" and voice is False else media.kind


def needs_opus() -> NoReturn:
    """Raises Invalid `voice_needs_opus`."""
    raise Invalid("voice_needs_opus", _NEEDS_OPUS, details={"voice": _NEEDS_OPUS})


def with_text(carried: Carried, text: Template | None) -> Template:
    """The text as it goes with the file; None: there is none. Raises Invalid `no_text_with_sound`."""
    if text is None or not text.text.strip():
        return NOTHING
    if carried.kind in WITHOUT_TEXT:
        no_text()
    return text.as_caption()


def no_text() -> NoReturn:
    """Raises Invalid `no_text_with_sound`."""
    raise Invalid("no_text_with_sound", _NO_TEXT, details={"message": _NO_TEXT})


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


def poll(question: str, options: list[str], *, many: bool = False) -> Poll:
    """A question and its answers, a line each, none twice. Raises Invalid `bad_poll`, its details so named."""
    asked = _line("bad_poll", "question", question, LONGEST_QUESTION)
    if asked is None:
        raise _bad_poll("question", "Ask something.")
    if not FEWEST_OPTIONS <= len(options) <= MOST_OPTIONS:
        raise _bad_poll("options", f"Give {FEWEST_OPTIONS} to {MOST_OPTIONS} answers to choose from.")
    chosen: list[str] = []
    for at, option in enumerate(options):
        line = _line("bad_poll", f"options[{at}]", option, LONGEST_OPTION)
        if line is None:
            raise _bad_poll(f"options[{at}]", "An answer must say something.")
        if line in chosen:
            raise _bad_poll(f"options[{at}]", "This answer is there already; each must be another.")
        chosen.append(line)
    return Poll(asked, tuple(chosen), many)


def _bad_poll(field: str, sentence: str) -> Invalid:
    return Invalid("bad_poll", sentence, details={field: sentence})


def _line(code: str, field: str, text: str | None, most: int = LONGEST_LINE) -> str | None:
    line = " ".join((text or "").split())
    if len(line) > most or _UNFIT.search(line):
        sentence = _TOO_LONG[most]
        raise Invalid(code, sentence, details={field: sentence})
    seen = any(unicodedata.category(one) not in ("Cf", "Zs") for one in line)
    return line if seen else None
