"""The logo that invoices carry."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.billing import logo
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.errors import Invalid, TooLarge
from wabox.languages import later
from wabox.mounting import Mount

_NONE = later("Choose a picture first.")


@get("/admin/logo", owner=True)
async def page(desk: Desk) -> Response[str]:
    """The logo as it is, and the form for another."""
    return await _page(desk, {})


@post("/admin/logo", owner=True, streams=True, request_max_body_size=None)
async def save(desk: Desk) -> Response[str]:
    """Invoices carry this one."""
    _, picture = await desk.form_with("logo", most_bytes=logo.MOST_BYTES)
    if picture is None:
        return await _page(desk, {"logo": _NONE}, status=422)
    try:
        small = await asyncio.to_thread(logo.drawn, picture.data())
    except (Invalid, TooLarge) as wrong:
        return await _page(desk, wrong.details or {"logo": wrong.sentence}, status=wrong.status)

    def verb(tx: Tx) -> None:
        logo.keep(tx, small)
        _note(tx, desk)

    await desk.box.db.write(verb)
    return desk.go("/admin/logo", said="logo_saved")


@post("/admin/logo/remove", owner=True)
async def remove(desk: Desk) -> Response[str]:
    """Invoices carry none."""

    def verb(tx: Tx) -> None:
        logo.drop(tx)
        _note(tx, desk)

    await desk.box.db.write(verb)
    return desk.go("/admin/logo", said="logo_saved")


def _note(tx: Tx, desk: Desk) -> None:
    audit.note(tx, user_id=desk.user.id, action="billing.logo", ip=desk.ip, now=desk.box.now())


async def _page(desk: Desk, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    shown = await desk.box.db.read(logo.address)
    return desk.page("admin/logo.html", status=status, here="plans", shown=shown, errors=errors)


router = Mount(path="/", route_handlers=[page, save, remove])
