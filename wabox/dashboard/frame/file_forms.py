"""Knows a form that may hold a file: its fields, and the file, which is kept before anything is sent with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from litestar.datastructures import UploadFile

from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import LONGEST, MOST_FIELDS, Form
from wabox.db import Rows, Tx
from wabox.errors import InsufficientCredits, Invalid, NotFound, TooLarge, TooMany, Unavailable
from wabox.languages import later
from wabox.media import coming, intake, keeping, names, stored
from wabox.media.keeping import Kept
from wabox.media.kinds import MEGABYTE
from wabox.media.store import Incoming
from wabox.media.stored import Kind, Media
from wabox.messages import carrying
from wabox.messages.carrying import Carried
from wabox.texts.stored import Text

FIELD = "file"
MOST_MEGABYTES = 64  # by a page; more goes by the API, if the box takes it
MOST_BODY = MOST_MEGABYTES * MEGABYTE + 64 * 1024
MOST_OFFERED = 50
MOST_NUMBER = 20 + names.LONGEST  # characters of what a form holds of a file
REFUSED = (Invalid, TooLarge, TooMany, Unavailable, InsufficientCredits)  # what `kept` may raise
_PIECE = 1024 * 1024


async def sent(desk: Desk) -> tuple[Form, UploadFile | None]:
    """The fields of a posted form, and its file if one was chosen. Raises Invalid `bad_form`."""
    if desk.request.content_type[0] != "multipart/form-data":
        return await desk.form(), None
    fields: dict[str, list[str]] = {}
    file = None
    for name, value in (await desk.files()).multi_items():
        if isinstance(value, UploadFile):
            file = value if name == FIELD and value.filename else file
        else:
            fields.setdefault(name, []).append(str(value))
    texts = [text for one in fields.values() for text in one]
    if len(texts) > MOST_FIELDS or any("\0" in one or len(one) > LONGEST for one in texts):
        raise Invalid(
            "bad_form", later("This form could not be read; go back, shorten what you wrote and try again.")
        )
    return Form(fields), file


async def kept(desk: Desk, file: UploadFile, *, voice: bool = False) -> Kept:
    """The file is the reader's. voice: sound is made a voice note, where it is none.

    Raises Invalid `bad_file`, `voice_needs_opus`, and the others of REFUSED.
    """
    box, limits = desk.box, desk.box.config.media
    room = await box.db.read(coming.room_for, desk.user.id, limits.disk_megabytes, now=box.now())
    with Incoming(box.media, most_bytes=limits.max_megabytes * MEGABYTE, room=room) as incoming:
        await asyncio.to_thread(_copy, file, incoming)
        async with intake.taken(box.db, box.media, incoming, file.filename, voice=voice) as examined:
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


async def brought(desk: Desk, form: Form, file: UploadFile) -> str:
    """The number of the file that came with the form, which is the reader's now, as it came. Raises as `kept`."""
    made = await kept(desk, file, voice=form.ticked("voice"))
    return made.media.number


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


def as_document(media: Media, kind: Kind | None) -> bool:
    """Whether a picture or video goes as a file to save."""
    return kind == "document" and media.kind in ("image", "video")


def offered(rows: Rows, user_id: int) -> list[Media]:
    """The user's newest files, to choose from."""
    return stored.page(rows, user_id, per_page=MOST_OFFERED).files


def _copy(file: UploadFile, incoming: Incoming) -> None:
    while piece := file.file.read(_PIECE):
        incoming.write(piece)
