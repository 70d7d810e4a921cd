"""All stored texts as a file, and such a file brought in."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post

from wabox.dashboard.frame.answers import HEADERS
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.texts.page import list_page
from wabox.db import Rows
from wabox.errors import Invalid, TooLarge
from wabox.languages import later
from wabox.media import stored as media
from wabox.mounting import Mount
from wabox.texts import files
from wabox.texts import stored as texts
from wabox.texts.files import Brought


@get("/texts/export.json")
async def export(desk: Desk) -> Response[str]:
    """The file."""

    def ask(rows: Rows) -> str:
        found = texts.every(rows, desk.user.id)
        return files.written(found, media.named(rows, (one.media_id for one in found)))

    written = await desk.box.db.read(ask)
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="texts.json"'}
    return Response(written, media_type="application/json", headers=headers)


@post("/texts/import", streams=True, request_max_body_size=None)
async def bring_in(desk: Desk) -> Response[str]:
    """The texts of the file are here, all or none."""
    form, file = await desk.form_with("file", most_bytes=files.MOST_BYTES)
    if file is None:
        return await list_page(desk, {"file": later("Choose a file first.")}, status=422)
    replace = form.ticked("replace")
    try:
        found = await asyncio.to_thread(files.read, file.data())
        brought = await desk.box.db.write(files.bring_in, desk.user.id, found, replace=replace, now=desk.box.now())
    except (Invalid, TooLarge) as wrong:
        return await list_page(desk, {"file": wrong.sentence}, status=wrong.status)
    return desk.go("/texts", said=_said(brought))


def _said(brought: Brought) -> str:
    if brought.bare or brought.left:
        return "texts_bare"
    if brought.kept:
        return "texts_kept"
    return "texts_in" if brought.added or brought.replaced else "texts_same"


router = Mount(path="/", route_handlers=[export, bring_in])
