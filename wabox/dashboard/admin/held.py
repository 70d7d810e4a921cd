"""The owner's page of a box that is held: why, what would go now, and the buttons that let it go on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from litestar import Response, get, post

from wabox import fence
from wabox.backup import moving, releasing
from wabox.dashboard.frame.desk import Desk
from wabox.datadir import DataDir
from wabox.db import Rows
from wabox.errors import Invalid
from wabox.languages import later
from wabox.mounting import Mount
from wabox.webhooks import allowed

# What may be cancelled first, by how long ago it was due.
AGES: dict[str, tuple[timedelta, str]] = {
    "1h": (timedelta(hours=1), later("an hour")),
    "6h": (timedelta(hours=6), later("six hours")),
    "24h": (timedelta(hours=24), later("a day")),
    "3d": (timedelta(days=3), later("three days")),
}
EVERYTHING = "all"


@get("/admin/held", owner=True)
async def page(desk: Desk) -> Response[str]:
    """Why it is held, and what would go."""
    shown = await desk.box.db.read(_shown, desk)
    return desk.page("admin/held.html", here="settings", **shown)


@post("/admin/held/release", owner=True)
async def release(desk: Desk) -> Response[str]:
    """What is too old is cancelled, and the rest goes."""
    chosen = (await desk.form()).text("older")
    if chosen not in ("", EVERYTHING, *AGES):
        raise Invalid("bad_choice", later("Choose one of the ages on the page."))
    db, box = desk.box.db, desk.box
    await db.read(fence.held_as, "quarantined")
    if chosen:
        than = box.now() + timedelta(days=36_500) if chosen == EVERYTHING else box.now() - AGES[chosen][0]
        while await db.write(releasing.cancel_older, than=than, now=box.now()):
            pass
    await db.write(releasing.release, user_id=desk.user.id, ip=desk.ip, now=box.now())
    return desk.go("/", said="released")


@post("/admin/held/unmove", owner=True)
async def unmove(desk: Desk) -> Response[str]:
    """The other box is gone: this one is called back, and asks what goes."""
    await desk.box.db.write(releasing.unmove, user_id=desk.user.id, ip=desk.ip, now=desk.box.now())
    await asyncio.to_thread(moving.forget, DataDir(desk.box.config.data.dir))
    return desk.go("/admin/held", said="unmoved")


def _shown(rows: Rows, desk: Desk) -> dict[str, Any]:
    now = desk.box.now()
    found = fence.of(rows)
    pending = releasing.pending(rows, now=now) if found is not None and found.reason == "quarantined" else None
    ages = (
        [(key, word, releasing.older(rows, than=now - age)) for key, (age, word) in AGES.items()]
        if pending
        else []
    )
    return {
        "held": found,
        "pending": pending,
        "ages": [one for one in ages if one[2]],
        "opened": allowed.of_box(rows) if pending else (),
    }


router = Mount(path="/", route_handlers=[page, release, unmove])
