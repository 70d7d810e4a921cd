"""What a message carries beside its text: which file, and as what it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from wabox.db import Tx
from wabox.errors import Invalid
from wabox.media import keeping, kinds, sounds, stored
from wabox.media.stored import Kind, Media
from wabox.messages.template import NOTHING, Template

WITHOUT_TEXT: tuple[Kind, ...] = ("audio", "voice")  # WhatsApp shows no text with sound
_NEEDS_OPUS = (
    "A voice note must be Ogg/Opus, and this file is not; convert it: "
    "ffmpeg -i in.mp3 -vn -ac 1 -ar 48000 -c:a libopus -b:a 32k out.ogg"
)
_NO_TEXT = "WhatsApp shows no text with sound; leave the message empty, and send the text by itself."
_ONE_WAY = "A file goes as a document or as a voice note; say one of the two."


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
    now: datetime,
) -> Carried:
    """The user's file, used now, and as what it goes: by its content, unless the sender says otherwise.

    voice: False sends Ogg/Opus as a song, not as a voice note. Raises NotFound; Invalid `voice_needs_opus`,
    `file_too_large` for what WhatsApp would not take.
    """
    media = stored.of_user(tx, user_id, media_id)
    kind = sent_as(media, as_document=as_document, voice=voice)
    kinds.check_size(kind, media.bytes)
    keeping.use(tx, media.id, now=now)
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


def with_text(carried: Carried | None, text: Template | None) -> Template:
    """The text as it goes with what is carried; None: there is none. Raises Invalid `no_text_with_sound`.

    Without a file there must be a text.
    """
    if carried is None:
        assert text is not None
        return text
    if text is None or not text.text.strip():
        return NOTHING
    if carried.kind in WITHOUT_TEXT:
        no_text()
    return text.as_caption()


def no_text() -> NoReturn:
    """Raises Invalid `no_text_with_sound`."""
    raise Invalid("no_text_with_sound", _NO_TEXT, details={"message": _NO_TEXT})
