"""Knows a form that may hold a file: its fields, and the file, which is kept before anything is sent with it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from wabox import uploads
from wabox.dashboard.frame import parts
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.dashboard.frame.parts import File
from wabox.db import Rows, Tx
from wabox.errors import InsufficientCredits, Invalid, NotFound, Refusal, TooLarge, TooMany, Unavailable
from wabox.languages import later
from wabox.media import allowance, coming, intake, keeping, names, stored
from wabox.media.coming import Room
from wabox.media.keeping import Kept
from wabox.media.kinds import MEGABYTE
from wabox.media.store import Incoming, too_large
from wabox.media.stored import Kind, Media
from wabox.messages import carrying, template
from wabox.messages.carrying import Carried
from wabox.messages.template import Template
from wabox.texts.stored import Text

FIELD = "file"
MOST_OFFERED = 50
MOST_NUMBER = 20 + names.LONGEST  # characters of what a form holds of a file
REFUSED = (Invalid, TooLarge, TooMany, Unavailable, InsufficientCredits)  # what `Came.kept` may raise


@dataclass(frozen=True, slots=True)
class Came:
    """What became of the file of a form."""

    found: Kept | None
    refused: Refusal | None

    def kept(self) -> Kept:
        """The file is the reader's. Raises Invalid `bad_file`, `voice_needs_opus`, and the others of REFUSED."""
        if self.found is None:
            assert self.refused is not None, "it came, or was refused"
            raise self.refused
        return self.found

    def number(self) -> str:
        """What a form holds of it. Raises as `kept`."""
        return self.kept().media.number


async def sent(desk: Desk) -> tuple[Form, Came | None]:
    """The fields of a posted form; and its file, if one was chosen, which is kept. The route says `streams`.

    Sound becomes a voice note where the form says `voice`. Raises Forbidden, Invalid `bad_form`, TooLarge.
    """
    box, limits = desk.box, desk.box.config.media
    most_bytes = limits.max_megabytes * MEGABYTE
    room = await _room(desk)
    with ExitStack() as held:

        def opens(file: File, size: int) -> Incoming:
            if size > most_bytes + uploads.MOST_AROUND:
                raise too_large(most_bytes)
            if isinstance(room, Refusal):
                raise room
            incoming = held.enter_context(Incoming(box.media, most_bytes=most_bytes, room=room))
            incoming.claims = file.kind
            try:
                incoming.announce(size)
            except Refusal:
                incoming.drop()
                raise
            return incoming

        form, file = await parts.read(desk.request, desk.visitor, opens, field=FIELD)
        if file is None:
            return form, None
        try:
            return form, Came(await _kept(desk, file, voice=form.ticked("voice")), None)
        except REFUSED as refusal:
            return form, Came(None, refusal)


async def _room(desk: Desk) -> Room | Refusal:
    """What may come of the reader's, or why nothing; asked before a byte is kept."""
    try:
        limit = desk.box.config.media.disk_megabytes
        return await desk.box.db.read(coming.room_for, desk.user.id, limit, now=desk.box.now())
    except REFUSED as refusal:
        return refusal


async def _kept(desk: Desk, file: File, *, voice: bool) -> Kept:
    """The file is the reader's. Raises as `Came.kept`."""
    if file.refused is not None:
        raise file.refused
    assert isinstance(file.into, Incoming)
    box, limits = desk.box, desk.box.config.media
    async with intake.taken(box.db, box.media, file.into, file.name, voice=voice) as examined:
        if voice and examined.found.kind == "audio":
            carrying.needs_opus()
        made = await box.db.write(
            keeping.keep,
            desk.user.id,
            examined,
            origin="upload",
            disk_megabytes=limits.disk_megabytes,
            now=box.now(),
        )
    if made.made_room:
        await intake.cleared(box.db, box.media)
    return replace(made, media=made.media.called(examined.filename))


def known(rows: Rows, user_id: int, number: str) -> Media | None:
    """The user's file of this number, called as what may stand behind it; None for what is none, or gone."""
    number, _, name = number.partition(" ")
    media_id = cursor_of(number)
    if media_id is None:
        return None
    try:
        found = stored.of_user(rows, user_id, media_id)
    except NotFound:
        return None
    return found.called(names.beside(name, found.filename)) if name else found


def number(media_id: int | None, name: str | None) -> str:
    """What a form holds of a file that is called so; "" for none."""
    return f"{media_id or ''} {name or ''}".strip() if media_id is not None else ""


def of_text(rows: Rows, user_id: int, text: Text) -> Media | None:
    """The file that goes with a stored text; None for none, or one that is gone."""
    return known(rows, user_id, number(text.media_id, text.media_name))


def carried(tx: Tx, desk: Desk, number: str, *, as_document: bool) -> Carried | None:
    """The reader's file of this number, as a message carries it; None: none was chosen. Raises Invalid."""
    media = known(tx, desk.user.id, number)
    if media is None and number:
        gone = later("This file is gone meanwhile; choose it again.")
        raise Invalid("not_found", gone, details={"file": gone})
    if media is None:
        return None
    document = as_document and media.kind in ("image", "video")
    return carrying.carry(
        tx, desk.user.id, media.id, as_document=document, name=media.own_name, now=desk.box.now()
    )


def text_beside(carried: Carried | None, message: str, names: Collection[str]) -> Template | None:
    """What was written, as `template.by_hand` reads it; None: the file goes alone. Raises Invalid."""
    return None if carried is not None and not message.strip() else template.by_hand(message, names)


def as_document(media: Media, kind: Kind | None) -> bool:
    """Whether a picture or video goes as a file to save."""
    return kind == "document" and media.kind in ("image", "video")


def allowed(rows: Rows, desk: Desk) -> dict[str, Any]:
    """What a page that takes a file says of it before one is chosen."""
    return {"allowance": allowance.of_user(rows, desk.user.id, now=desk.box.now())}


def offered(rows: Rows, user_id: int) -> list[Media]:
    """The user's newest files, to choose from."""
    return stored.page(rows, user_id, per_page=MOST_OFFERED).files
