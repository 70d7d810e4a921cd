"""The box as its owner looks after it: what of it is where, and how old its last good backup is."""

from __future__ import annotations

import asyncio

from litestar import Response, get

from wabox import __version__
from wabox.backup import record
from wabox.dashboard.frame.desk import Desk
from wabox.datadir import DataDir
from wabox.mounting import Mount
from wabox.webhooks import allowed


@get("/settings/box", owner=True)
async def page(desk: Desk) -> Response[str]:
    """All of it on one page."""
    made = await asyncio.to_thread(_last, DataDir(desk.box.config.data.dir))
    return desk.page(
        "account/box.html",
        here="settings",
        version=__version__,
        backup=made,
        opened=len(await desk.box.db.read(allowed.of_box)),
    )


def _last(data: DataDir) -> record.Entry | None:
    """The latest backup that is whole."""
    return next((one for one in record.entries(data) if one.well), None)


router = Mount(path="/", route_handlers=[page])
