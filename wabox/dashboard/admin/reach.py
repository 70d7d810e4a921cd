"""The owner's page of private hosts that webhooks may reach: opened, closed, and tried with an address."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.mounting import Mount
from wabox.webhooks import allowed, lookups
from wabox.webhooks.allowed import Entry, Tried

PATH = "/admin/reach"


@get(PATH, owner=True)
async def page(desk: Desk) -> Response[str]:
    """What is open, and the forms."""
    return await _page(desk)


@post(PATH, owner=True)
async def add(desk: Desk) -> Response[str]:
    """One more is open."""
    form = await desk.form()
    typed = Entry(form.text("entry")[:300], form.ticked("everyone"))
    try:
        await desk.box.db.write(_add, desk, typed)
    except Invalid as refused:
        return await _page(desk, status=422, typed=typed, errors={"entry": refused.sentence})
    return desk.go(PATH, said="saved")


@post(f"{PATH}/remove", owner=True)
async def remove(desk: Desk) -> Response[str]:
    """It is closed again."""
    await desk.box.db.write(_remove, desk, (await desk.form()).text("entry"))
    return desk.go(PATH, said="saved")


@post(f"{PATH}/test", owner=True)
async def test(desk: Desk) -> Response[str]:
    """What would become of a post to this address; nothing is sent."""
    url = (await desk.form()).text("url")
    mine, others = await desk.box.db.read(allowed.both, desk.box.config)
    tried = await allowed.tried(url, mine.allow(), others.allow(), lookups.of_system)
    return await _page(desk, url=url, tried=tried)


def _add(tx: Tx, desk: Desk, one: Entry) -> None:
    """The new one last, so that a fault is its own."""
    kept = [had for had in allowed.of_box(tx) if _is_bounded(desk, had)]
    _change(tx, desk, [*kept, one])


def _remove(tx: Tx, desk: Desk, entry: str) -> None:
    _change(tx, desk, [one for one in allowed.of_box(tx) if one.entry != entry and _is_bounded(desk, one)])


def _is_bounded(desk: Desk, one: Entry) -> bool:
    """One that the file does not bound any more reaches nothing, and goes at the next change."""
    return allowed.by_file(desk.box.config).bounds(one.entry)


def _change(tx: Tx, desk: Desk, entries: list[Entry]) -> None:
    told = allowed.change(tx, desk.user, entries, config=desk.box.config)
    if told:
        action, now = "webhook.allow_changed", desk.box.now()
        audit.note(tx, user_id=desk.user.id, action=action, details=told, ip=desk.ip, now=now)


async def _page(
    desk: Desk,
    *,
    status: int = 200,
    typed: Entry | None = None,
    url: str = "",
    tried: Tried | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    return desk.page(
        "admin/reach.html",
        status=status,
        here="settings",
        typed=typed or Entry(""),
        url=url,
        tried=tried,
        errors=errors or {},
        file=allowed.by_file(desk.box.config),
        **await desk.box.db.read(_shown, desk),
    )


def _shown(rows: Rows, desk: Desk) -> dict[str, Any]:
    return {"opened": [(one, _is_bounded(desk, one)) for one in allowed.of_box(rows)]}


router = Mount(path="/", route_handlers=[page, add, remove, test])
