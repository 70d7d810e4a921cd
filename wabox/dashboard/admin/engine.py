"""The owner's page of wa-js: which one the phones have, what is missing, another one, and the way back."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, get, post

from wabox import fetching
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.parts import Small
from wabox.db import Rows
from wabox.errors import Invalid, TooLarge, Unavailable
from wabox.languages import later
from wabox.media.store import Incoming
from wabox.mounting import Mount
from wabox.renewal import archive, sentences, shown, store, stored, switching
from wabox.webhooks import lookups
from wabox.webhooks.targets import Allow

CHOOSE = later("Choose a file, or type an address.")
PLAIN = later(
    "Over plain http anybody may change the package on its way: take an https address, or give its SHA-512."
)
FETCHED = ("bad_url", "url_failed", "too_large", "busy")  # refusals of an address


@get("/admin/engine", owner=True)
async def page(desk: Desk) -> Response[str]:
    """The whole page."""
    return await _page(desk, {})


@get("/admin/engine/live", owner=True)
async def live(desk: Desk) -> Response[str]:
    """What changes by itself."""
    return desk.page("admin/_engine.html", **await desk.box.db.read(_shown, desk))


@post("/admin/engine", owner=True, streams=True, request_max_body_size=None)
async def install(desk: Desk) -> Response[str]:
    """The package is kept and waits to be tried; no phone has it yet."""
    form, file = await desk.form_with("file", most_bytes=archive.MOST_PACKED)
    sha512, url = form.text("sha512"), form.text("url")
    try:
        raw, source = await _brought(desk, file, url, sha512)
        package = await asyncio.to_thread(archive.read, raw, sha512=sha512 or None)
        await asyncio.to_thread(store.keep, desk.box.config.data.dir / "engine", package)
        await desk.box.db.write(
            switching.add,
            package,
            archive.origin_of(source),
            now=desk.box.now(),
            user_id=desk.user.id,
            canary=form.ticked("canary"),
        )
    except archive.Unfit as unfit:
        said = desk.voice.say(unfit.text, **unfit.values)
        return await _page(desk, {"url" if url else "file": said}, url=url, status=422)
    except (Invalid, TooLarge, Unavailable) as refusal:
        field = "url" if file is None and refusal.code in FETCHED else "file"
        return await _page(desk, {field: refusal.sentence}, url=url, status=refusal.status)
    return desk.go("/admin/engine", said="engine_tried")


@post("/admin/engine/back", owner=True)
async def back(desk: Desk) -> Response[str]:
    """The phones get the engine of before, one after the other."""
    await desk.box.db.write(switching.back, now=desk.box.now(), user_id=desk.user.id)
    return desk.go("/admin/engine", said="engine_back")


async def _brought(desk: Desk, file: Small | None, url: str, sha512: str) -> tuple[bytes, str]:
    """The package and where it came from: the file that was chosen, else what the address answers.

    Raises Invalid, TooLarge, Unavailable. The address is judged as a webhook's is.
    """
    if file is not None:
        return file.data(), file.name
    if not url:
        raise Invalid("no_file", CHOOSE)
    if not sha512 and url.lower().startswith("http://"):
        raise Invalid("bad_url", PLAIN)
    box = desk.box
    with Incoming(box.media, most_bytes=archive.MOST_PACKED) as incoming:
        await fetching.fetch(
            url,
            incoming,
            most_bytes=archive.MOST_PACKED,
            allow=Allow.parse(box.config.webhooks.allow),
            resolver=lookups.of_system,
        )
        await asyncio.to_thread(incoming.finish)
        return await asyncio.to_thread(incoming.path.read_bytes), url


async def _page(desk: Desk, errors: dict[str, str], *, url: str = "", status: int = 200) -> Response[str]:
    found = await desk.box.db.read(_shown, desk)
    return desk.page("admin/engine.html", status=status, here="settings", errors=errors, url=url, **found)


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
