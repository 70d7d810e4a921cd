"""The owner's page of wa-js: which one the phones have, what is missing, another one, and the way back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile

from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows
from wabox.errors import Invalid
from wabox.languages import later
from wabox.mounting import Mount
from wabox.renewal import archive, sentences, shown, store, stored, switching

ROOM = 64 * 1024  # for what stands around the file in the request
CHOOSE = later("Choose a file first.")


@get("/admin/engine", owner=True)
async def page(desk: Desk) -> Response[str]:
    """The whole page."""
    return await _page(desk, {})


@get("/admin/engine/live", owner=True)
async def live(desk: Desk) -> Response[str]:
    """What changes by itself."""
    return desk.page("admin/_engine.html", **await desk.box.db.read(_shown, desk))


@post("/admin/engine", owner=True, upload=True, request_max_body_size=archive.MOST_PACKED + ROOM)
async def install(desk: Desk) -> Response[str]:
    """The package is kept and waits to be tried; no phone has it yet."""
    posted = await desk.files()
    file, sha512 = posted.get("file"), str(posted.get("sha512") or "").strip()
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(desk, {"file": CHOOSE}, status=422)
    raw = await file.read()
    try:
        package = await asyncio.to_thread(archive.read, raw, sha512=sha512 or None)
        await asyncio.to_thread(store.keep, desk.box.config.data.dir / "engine", package)
        await desk.box.db.write(
            switching.add,
            package,
            Path(file.filename).name,
            now=desk.box.now(),
            user_id=desk.user.id,
            canary=bool(posted.get("canary")),
        )
    except archive.Unfit as unfit:
        return await _page(desk, {"file": desk.voice.say(unfit.text, **unfit.values)}, status=422)
    except Invalid as refusal:
        return await _page(desk, {"file": refusal.sentence}, status=422)
    return desk.go("/admin/engine", said="engine_tried")


@post("/admin/engine/back", owner=True)
async def back(desk: Desk) -> Response[str]:
    """The phones get the engine of before, one after the other."""
    await desk.box.db.write(switching.back, now=desk.box.now(), user_id=desk.user.id)
    return desk.go("/admin/engine", said="engine_back")


async def _page(desk: Desk, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    found = await desk.box.db.read(_shown, desk)
    return desk.page("admin/engine.html", status=status, here="settings", errors=errors, **found)


def _shown(rows: Rows, desk: Desk) -> dict[str, Any]:
    found = shown.of(rows)
    return {
        "found": found,
        "mine": [one for one in found.phones if one.user_id == desk.user.id],
        "others": [one for one in found.phones if one.user_id != desk.user.id],
        "named": shown.named,
        "sentences": sentences,
        "steps": list(sentences.STEPS),
        "kept": stored.KEPT,
    }


router = Mount(path="/", route_handlers=[page, live, install, back])
