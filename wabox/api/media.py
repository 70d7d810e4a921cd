"""Files that are sent: uploaded once, named by their id in messages and campaigns."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import Parameter
from litestar.response import Stream
from msgspec import Struct

from wabox import downloads, times
from wabox.accounts.keys import Caller
from wabox.api import idempotency, strict, uploads, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.db import Rows, Tx
from wabox.downloads import Given
from wabox.media import coming, intake, keeping, stored
from wabox.media.kinds import MEGABYTE
from wabox.media.store import Incoming
from wabox.mounting import Mount

MediaId = Annotated[
    int, Parameter(ge=1, le=wire.BIGGEST_ID, description="The media_id that POST /media answered.")
]


class File(Struct):
    """A file of yours. sha256: of what you sent. stripped: place and camera were taken out of a picture or a
    film, or it is sound that became M4A, or a QuickTime film that became MP4.

    sent_sha256, bytes: of what lies here and goes out, the same unless it was stripped. width, height: dots;
    seconds: how long it plays; null where nobody looked. in_use: a stored text carries it, or something
    that is still to go needs it. expires_at: when it goes unless it is used again; null: when room is wanted.
    """

    media_id: int
    kind: stored.Kind
    mime: str
    filename: str
    bytes: int
    sha256: str
    sent_sha256: str
    stripped: bool
    width: int | None
    height: int | None
    seconds: float | None
    in_use: bool
    created_at: wire.Time
    expires_at: wire.Time | None


@post(
    "/media",
    status_code=201,
    responses=wire.errors(402, 409) | {200: wire.another(File, "You have these bytes already: the same id.")},
    opt={"upload": uploads.FIELD, "meter": "send"},
    request_max_body_size=None,
    summary="Upload a file",
)
async def upload(request: StrictRequest, box: Box, caller: Caller) -> Response[File]:
    """Send multipart/form-data with the field `file`. What it is, is told by its content, never by its name.

    The same bytes again are 200 and the same id, called as this upload says; what carries them already keeps the
    name that it had. 413: over `[media] max_megabytes`. 422 `bad_file`: not of a kind
    that is sent, damaged, or two things at once; nothing of it is kept. 503 `media_full`: over your account's part
    of the room for files, though what nothing needs is removed first. 429 `too_many_uploads`: fifty of yours are
    on their way. 402 `no_plan`; 422 `plan_megabytes`: over what your plan lets in within 24 hours; 422
    `upload_too_slow`: nothing came for a minute, or not all of it in 15.
    """
    limits, made_room = box.config.media, False
    most_bytes = limits.max_megabytes * MEGABYTE
    status = 201
    with Incoming(box.media, most_bytes=most_bytes) as incoming:
        room = box.db.read(coming.room_for, caller.user.id, limits.disk_megabytes, now=box.now())
        filename = await uploads.read(request, incoming, room, most_bytes=most_bytes)
        async with intake.taken(box.db, box.media, incoming, filename) as examined:

            def verb(tx: Tx) -> File:
                nonlocal status, made_room
                kept = keeping.keep(
                    tx,
                    caller.user.id,
                    examined,
                    origin="upload",
                    disk_megabytes=limits.disk_megabytes,
                    now=box.now(),
                )
                status, made_room = 201 if kept.new else 200, kept.made_room
                called = keeping.rename(tx, kept.media, examined.filename) if filename else kept.media
                return on_wire(tx, box, called)

            same = f"{examined.sha256} {examined.filename}"
            answer = await idempotency.once(
                box, request, caller, verb, kind=File, status=lambda: status, fingerprint=same
            )
    if made_room:
        await intake.cleared(box.db, box.media)
    return answer


@get("/media", responses=wire.errors(), summary="Your files")
async def files(
    box: Box,
    caller: Caller,
    page: wire.PageNumber = 1,
    per_page: wire.PerPage = 50,
    cursor: wire.Cursor = None,
    kind: stored.Kind | None = None,
) -> wire.Page[File]:
    """Newest first; those that are here, not those that were removed."""
    at = strict.cursor_of(cursor)

    def ask(rows: Rows) -> wire.Page[File]:
        found = stored.page(rows, caller.user.id, kind=kind, number=page, per_page=per_page, cursor=at)
        return wire.listed(found, found.files, lambda one: on_wire(rows, box, one), page=page, per_page=per_page)

    return await box.db.read(ask)


@get("/media/{media_id:int}", responses=wire.errors(404), summary="One file")
async def show(media_id: MediaId, box: Box, caller: Caller) -> File:
    """What it is, and until when it is kept."""
    return await box.db.read(lambda rows: on_wire(rows, box, stored.of_user(rows, caller.user.id, media_id)))


@get(
    "/media/{media_id:int}/content",
    responses=wire.errors(404, 416)
    | {206: wire.another(bytes, "The stretch."), 304: wire.another(bytes, "You have it: the ETag is the same.")},
    opt={"gives": "*/*"},
    summary="The bytes of a file",
)
async def content(media_id: MediaId, request: StrictRequest, box: Box, caller: Caller) -> Stream:
    """As they go out. `Range: bytes=0-99` gives a stretch, 206; `If-None-Match`, 304.

    It is used by that, and kept on.
    """
    found = await intake.opened(box.db, caller.user.id, media_id, now=box.now())
    path = stored.path_of(box.media, found.stored_sha256)
    try:
        return downloads.give(request, Given(path, found.mime, found.filename, found.stored_sha256))
    except FileNotFoundError:
        raise stored.gone() from None


@delete("/media/{media_id:int}", status_code=204, responses=wire.errors(404), summary="Delete a file")
async def remove(media_id: MediaId, box: Box, caller: Caller) -> None:
    """It is gone; the log still says what went.

    422 `in_use` while a stored text carries it, or something that is still to go needs it.
    """
    gone = await box.db.write(keeping.remove, caller.user.id, media_id, now=box.now())
    await intake.cleared(box.db, box.media, [gone.stored_sha256])


def on_wire(rows: Rows, box: Box, found: stored.Media) -> File:
    """A file as the API shows it."""
    return File(
        media_id=found.id,
        kind=found.kind,
        mime=found.mime,
        filename=found.filename,
        bytes=found.bytes,
        sha256=found.sha256,
        sent_sha256=found.stored_sha256,
        stripped=found.stripped,
        width=found.width,
        height=found.height,
        seconds=found.seconds,
        in_use=keeping.is_needed(rows, found.id),
        created_at=times.wire(found.created_at),
        expires_at=times.wire_or_none(keeping.expires_at(found, box.config.media.keep_days)),
    )


router = Mount(
    path="", route_handlers=[upload, files, show, content, remove], tags=["Files"], opt={"scope": "send"}
)
