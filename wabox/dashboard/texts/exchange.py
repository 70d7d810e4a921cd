"""All stored texts as a file, and such a file brought in."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post
from litestar.datastructures import UploadFile

from wabox.dashboard.frame.answers import HEADERS
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.texts.page import list_page
from wabox.db import Rows
from wabox.errors import Invalid
from wabox.languages import later
from wabox.media import stored as media
from wabox.mounting import Mount
from wabox.texts import files
from wabox.texts import stored as texts
from wabox.texts.files import Brought

ROOM = 64 * 1024  # for what stands around the file in the request


@get("/texts/export.json")
async def export(desk: Desk) -> Response[str]:
    """The file."""

    def ask(rows: Rows) -> str:
        found = texts.every(rows, desk.user.id)
        return files.written(found, media.named(rows, (one.media_id for one in found)))

    written = await desk.box.db.read(ask)
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="texts.json"'}
    return Response(written, media_type="application/json", headers=headers)


@post("/texts/import", upload=True, request_max_body_size=files.MOST_BYTES + ROOM)
async def bring_in(desk: Desk) -> Response[str]:
    """The texts of the file are here, all or none."""
    form = await desk.files()
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return await list_page(desk, {"file": later("Choose a file first.")}, status=422)
    data = await file.read()
    replace = bool(form.get("replace"))
    try:
        found = await asyncio.to_thread(files.read, data)
        brought = await desk.box.db.write(files.bring_in, desk.user.id, found, replace=replace, now=desk.box.now())
    except Invalid as wrong:
        return await list_page(desk, {"file": wrong.sentence}, status=422)
    return desk.go("/texts", said=_said(brought))


def _said(brought: Brought) -> str:
    if brought.bare or brought.left:
        return "texts_bare"
    if brought.kept:
        return "texts_kept"
    return "texts_in" if brought.added or brought.replaced else "texts_same"


router = Mount(path="/", route_handlers=[export, bring_in])
