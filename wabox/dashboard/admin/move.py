"""The owner's page to move the box to another machine: what it does, how far it is, the file, and what next."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from litestar import Response, get, post

from wabox import fence
from wabox.backup import making, moving, nightly, record
from wabox.backup.record import Entry
from wabox.box import Box
from wabox.dashboard.admin.backups import new_passphrase
from wabox.dashboard.frame.desk import Desk
from wabox.datadir import DataDir
from wabox.errors import Unavailable
from wabox.mounting import Kept, Mount
from wabox.whatsapp import browser

log = structlog.get_logger()


@dataclass(slots=True)
class Mover:
    """The move that was asked for, while the box is packed."""

    box: Box
    task: asyncio.Task[None] | None = None
    work: nightly.Work | None = None

    @property
    def busy(self) -> bool:
        """Whether it is being packed."""
        return self.task is not None and not self.task.done()

    def start(self, passphrase: str) -> None:
        """It is being packed from now on."""
        self.work = nightly.Work(self.box.stopping)
        self.task = asyncio.create_task(self._run(passphrase), name="move")

    async def _run(self, passphrase: str) -> None:
        assert self.work is not None
        there = await asyncio.to_thread(browser.find, self.box.config.whatsapp.chromium)
        version = (there.version if there else None) or ""
        data = DataDir(self.box.config.data.dir)
        made = await asyncio.to_thread(moving.run, self.box, data, passphrase, self.work, browser=version)
        log.warning("box moved" if made.well else "box not moved", why=made.why or None)


@get("/admin/move", owner=True)
async def page(desk: Desk, mover: Mover) -> Response[str]:
    """The whole page."""
    return await _page(desk, mover)


@get("/admin/move/live", owner=True)
async def live(desk: Desk, mover: Mover) -> Response[str]:
    """What changes while it is packed."""
    return desk.page("admin/_move.html", **await _shown(desk, mover))


@post("/admin/move", owner=True)
async def move(desk: Desk, mover: Mover) -> Response[str]:
    """The phones are closed, and the box is packed, sealed with the passphrase of the form."""
    passphrase, errors = new_passphrase(await desk.form())
    if errors:
        return await _page(desk, mover, errors=errors, status=422)
    if mover.busy:
        raise Unavailable("busy", fence.PACKING, retry_after=30)
    making.check_free(DataDir(desk.box.config.data.dir))
    await desk.box.db.write(moving.begin, user_id=desk.user.id, ip=desk.ip, now=desk.box.now())
    mover.start(passphrase)
    return desk.go("/admin/move", said="move_begun")


async def _page(
    desk: Desk, mover: Mover, *, errors: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    shown = await _shown(desk, mover)
    return desk.page("admin/move.html", status=status, here="settings", errors=errors or {}, **shown)


async def _shown(desk: Desk, mover: Mover) -> dict[str, Any]:
    held = await desk.box.db.read(fence.of)
    last = await asyncio.to_thread(_last, DataDir(desk.box.config.data.dir))
    there = await asyncio.to_thread(lambda: last is not None and last.well and last.path.is_file())
    return {"held": held, "last": last, "there": there, "busy": mover.busy, "work": mover.work}


def _last(data: DataDir) -> Entry | None:
    return next((one for one in record.entries(data) if one.by == moving.BY), None)


router = Mount(path="/", route_handlers=[page, live, move], dependencies={"mover": Kept(Mover).provide})
