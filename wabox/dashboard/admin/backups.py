"""The owner's page of backups: what became of the latest, one now, and a sealed one to take along."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.response import Stream

from wabox import downloads, fence
from wabox.accounts import audit
from wabox.backup import making, nightly, record
from wabox.box import Box
from wabox.dashboard.admin.health import said_of, size
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.datadir import DataDir
from wabox.errors import Invalid, Unavailable
from wabox.languages import later
from wabox.mounting import Kept, Mount

LEAST = 12
SHOWN = 20


@dataclass(slots=True)
class Maker:
    """The one that was asked for on this page, while it is being made."""

    box: Box
    task: asyncio.Task[record.Entry | None] | None = None
    work: nightly.Work | None = None

    @property
    def busy(self) -> bool:
        """Whether one is being made."""
        return self.task is not None and not self.task.done()

    def start(self, passphrase: str | None) -> None:
        """One is being made from now on: sealed with this passphrase, or as those of the night."""
        config, data = self.box.config, DataDir(self.box.config.data.dir)
        if self.busy:
            raise Unavailable("busy", making.BUSY, retry_after=60)
        making.check_free(data)
        work = self.work = nightly.Work(self.box.stopping)

        def make() -> record.Entry | None:
            now = self.box.now()
            if passphrase is not None:
                return nightly.made_by_hand(config, data, passphrase, work, now=now)
            with contextlib.suppress(Unavailable):  # another one began this very moment: that is as good
                return nightly.run(config, data, work, by="night", now=now)
            return None

        self.task = asyncio.create_task(asyncio.to_thread(make), name="backup")


@get("/admin/backups", owner=True)
async def page(desk: Desk, maker: Maker) -> Response[str]:
    """The whole page."""
    return await _page(desk, maker)


@get("/admin/backups/live", owner=True)
async def live(desk: Desk, maker: Maker) -> Response[str]:
    """What changes while one is being made."""
    return desk.page("admin/_backups.html", **await _shown(desk, maker))


@post("/admin/backups", owner=True)
async def make(desk: Desk, maker: Maker) -> Response[str]:
    """One is being made now, sealed with the passphrase of the form."""
    passphrase, errors = new_passphrase(await desk.form())
    if errors:
        return await _page(desk, maker, errors=errors, status=422)
    return await _start(desk, maker, passphrase)


def new_passphrase(form: Form) -> tuple[str, dict[str, str]]:
    """The passphrase that a file shall have, typed twice, and what is wrong with it by field."""
    passphrase = form.text("passphrase", trim=False)
    if len(passphrase) < LEAST:
        return passphrase, {"passphrase": later("Give at least 12 characters; a few words are best.")}
    if passphrase != form.text("again", trim=False):
        return passphrase, {"again": later("The two are not the same.")}
    return passphrase, {}


@post("/admin/backups/night", owner=True)
async def tonights(desk: Desk, maker: Maker) -> Response[str]:
    """What is made each night is made now."""
    if nightly.place_of(desk.box.config) is None:
        raise Invalid(
            "no_place", later("No directory is set; write [backup] dir into wabox.toml and restart wabox.")
        )
    return await _start(desk, maker, None)


@get("/admin/backups/files/{name:str}", owner=True)
async def file(desk: Desk, name: str) -> Stream:
    """A sealed backup to take along; one that is not sealed is not given to a browser."""
    entry = await asyncio.to_thread(_found, desk, name)
    if entry is None:
        raise nothing_here()
    now, ip = desk.box.now(), desk.ip
    await desk.box.db.write(
        lambda tx: audit.note(
            tx, user_id=desk.user.id, action="box.backup_taken", details={"name": name}, ip=ip, now=now
        )
    )
    given = downloads.Given(entry.path, "application/octet-stream", entry.name, entry.name)
    return downloads.give(desk.request, given)


def _found(desk: Desk, name: str) -> record.Entry | None:
    """Only what is on record is given out, whatever the address says."""
    listed = record.entries(DataDir(desk.box.config.data.dir))
    found = (one for one in listed if one.name == name and one.well and one.sealed)
    return next((one for one in found if one.path.is_file()), None)


async def _start(desk: Desk, maker: Maker, passphrase: str | None) -> Response[str]:
    if await desk.box.db.read(fence.of) is not None and passphrase is None:
        raise Invalid("held", later("This box is held; let it go on first, or make one with a passphrase."))
    maker.start(passphrase)
    now, ip = desk.box.now(), desk.ip
    await desk.box.db.write(
        lambda tx: audit.note(tx, user_id=desk.user.id, action="box.backup_asked", ip=ip, now=now)
    )
    return desk.go("/admin/backups", said="backup_begun")


async def _page(
    desk: Desk, maker: Maker, *, errors: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    shown = await _shown(desk, maker)
    return desk.page("admin/backups.html", status=status, here="settings", errors=errors or {}, **shown)


async def _shown(desk: Desk, maker: Maker) -> dict[str, Any]:
    config = desk.box.config
    listed = await asyncio.to_thread(record.entries, DataDir(config.data.dir))
    there = await asyncio.to_thread(lambda: {one.name for one in listed[:SHOWN] if one.path.is_file()})
    night = [one for one in listed if one.by == "night"]
    found = list(nightly.judged(config, night, now=desk.box.now())) if nightly.place_of(config) else []
    return {
        "listed": listed[:SHOWN],
        "there": there,
        "found": found,
        "place": nightly.place_of(config),
        "busy": maker.busy,
        "work": maker.work,
        "said_of": said_of,
        "size": size,
    }


router = Mount(
    path="/",
    route_handlers=[page, live, make, tonights, file],
    dependencies={"maker": Kept(Maker).provide},
)
