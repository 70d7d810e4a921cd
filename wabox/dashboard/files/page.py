"""The files of the reader: what they take, what uses them, one to look at or save, a new one, an unwanted one."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.response import Stream

from wabox import downloads
from wabox.dashboard.frame import file_forms
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows
from wabox.downloads import Given
from wabox.errors import Invalid
from wabox.languages import later
from wabox.media import intake, keeping, room, store, stored
from wabox.mounting import Mount

PER_PAGE = 24
CHOOSE = later("Choose a file first.")


@get("/files")
async def page(desk: Desk) -> Response[str]:
    """The list, newest first."""
    return await _page(desk, {})


@post("/files", streams=True, request_max_body_size=None)
async def upload(desk: Desk) -> Response[str]:
    """The file is kept."""
    form, file = await file_forms.sent(desk)
    if file is None:
        return await _page(desk, {"file": CHOOSE}, status=422)
    try:
        kept = file.kept()
    except file_forms.REFUSED as refusal:
        return await _page(desk, {"file": refusal.sentence}, status=refusal.status)
    return desk.go("/files", said="file_kept" if kept.new else "file_known")


@get("/files/{media_id:int}/content")
async def content(media_id: int, desk: Desk) -> Stream:
    """The file, to be saved."""
    found = await intake.opened(desk.box.db, desk.user.id, known_id(media_id), now=desk.box.now())
    path = stored.path_of(desk.box.media, found.stored_sha256)
    try:
        return downloads.give(desk.request, Given(path, found.mime, found.filename, found.stored_sha256))
    except FileNotFoundError:
        raise nothing_here() from None


@get("/files/{media_id:int}/small")
async def small(media_id: int, desk: Desk) -> Stream:
    """A small picture of it, drawn anew by wabox itself; a page may show that."""
    found = await desk.box.db.read(stored.of_user, desk.user.id, known_id(media_id))
    path = store.small_of(desk.box.media, found.stored_sha256)
    try:
        given = Given(path, "image/webp", f"{found.id}.webp", found.stored_sha256, inline=True)
        return downloads.give(desk.request, given)
    except FileNotFoundError:
        raise nothing_here() from None


@post("/files/{media_id:int}/delete")
async def delete(media_id: int, desk: Desk) -> Response[str]:
    """It is gone, unless something that is still to go needs it."""
    try:
        gone = await desk.box.db.write(keeping.remove, desk.user.id, known_id(media_id), now=desk.box.now())
    except Invalid as refusal:
        return await _page(desk, {"form": refusal.sentence}, status=refusal.status)
    await intake.cleared(desk.box.db, desk.box.media, [gone.stored_sha256])
    return desk.go("/files", said="file_deleted")


async def _page(desk: Desk, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    shown = await desk.box.db.read(_files, desk)
    return desk.page("files/page.html", status=status, here="files", errors=errors, **shown)


def _files(rows: Rows, desk: Desk) -> dict[str, Any]:
    cursor = cursor_of(desk.request.query_params.get("cursor", ""))
    found = stored.page(rows, desk.user.id, per_page=PER_PAGE, cursor=cursor)
    limits = desk.box.config.media
    return {
        "found": found,
        "cursor": cursor,
        "uses": {one.id: keeping.uses(rows, one.id) for one in found.files},
        "until": {one.id: keeping.expires_at(one, limits.keep_days) for one in found.files},
        "held": room.held_bytes(rows, desk.user.id),
        "part": room.part(rows, desk.user.id, limits.disk_megabytes),
        **file_forms.allowed(rows, desk),
    }


router = Mount(path="/", route_handlers=[page, upload, content, small, delete])
