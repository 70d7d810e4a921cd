"""One's own affairs: API key, language and time zone, and the facts of the box."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from litestar import Response, get, post

from wabox import __version__
from wabox.accounts import audit, keys, shops, users
from wabox.checkup import machine_clock
from wabox.dashboard.frame import zones
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import NAMES
from wabox.mounting import Mount

BUYER = ("person", "phone")


@get("/settings")
async def page(desk: Desk) -> Response[str]:
    """Everything on one page."""
    return await _page(desk)


@post("/settings/key")
async def new_key(desk: Desk) -> Response[str]:
    """A new API key, shown this once; the old one is dead."""
    return await _page(desk, key=await desk.box.db.write(_rotate, desk))


@post("/settings/locale", any_state=True)
async def set_locale(desk: Desk) -> Response[str]:
    """Language and time zone of this user."""
    form = await desk.form()
    language, timezone = form.text("language") or None, form.text("timezone") or None
    try:
        await desk.box.db.write(_set_locale, desk, language, timezone)
    except Invalid as wrong:
        return await _page(desk, status=422, errors=wrong.details)
    return desk.go("/settings", said="saved")


@post("/settings/shop", any_state=True)
async def save_shop(desk: Desk) -> Response[str]:
    """The shop is called so."""
    form = await desk.form()
    typed = {name: form.text(name) for name in ("name", *(BUYER if _buys(desk) else ()))}
    try:
        await desk.box.db.write(_save_shop, desk, typed)
    except Invalid as wrong:
        return await _page(desk, status=422, typed=typed, errors=wrong.details)
    return desk.go("/settings", said="saved")


def _buys(desk: Desk) -> bool:
    """Whether invoices are written to this account."""
    return desk.box.config.billing.enabled and desk.user.role != "owner"


def _save_shop(tx: Tx, desk: Desk, typed: dict[str, str]) -> None:
    now = desk.box.now()
    told = shops.change(tx, desk.user.id, typed, now=now)
    if told:
        audit.note(tx, user_id=desk.user.id, action="shop.changed", details=told, ip=desk.ip, now=now)


def _rotate(tx: Tx, desk: Desk) -> str:
    now = desk.box.now()
    audit.note(tx, user_id=desk.user.id, action="key.rotated", ip=desk.ip, now=now)
    return keys.rotate(tx, desk.user.id, now=now).key


def _set_locale(tx: Tx, desk: Desk, language: str | None, timezone: str | None) -> None:
    users.set_language(tx, desk.user.id, language)
    users.set_timezone(tx, desk.user.id, timezone)
    told, now = {"language": language, "timezone": timezone}, desk.box.now()
    audit.note(tx, user_id=desk.user.id, action="locale.changed", details=told, ip=desk.ip, now=now)


async def _page(
    desk: Desk,
    *,
    status: int = 200,
    key: str | None = None,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    shown = await desk.box.db.read(_facts, desk)
    return desk.page(
        "account/page.html",
        status=status,
        here="settings",
        key=key,
        errors=errors or {},
        typed=typed or asdict(shown["own_shop"]),
        buys=_buys(desk),
        languages=NAMES,
        zones=zones.every(),
        version=__version__,
        **zones.ruled(desk),
        **shown,
    )


def _facts(rows: Rows, desk: Desk) -> dict[str, Any]:
    return {
        "own_shop": shops.of_user(rows, desk.user.id),
        "keys": [one for one in keys.of_user(rows, desk.user.id) if one.name == keys.MAIN],
        "clock_wrong": machine_clock.is_wrong(rows),
    }


router = Mount(path="/", route_handlers=[page, new_key, save_shop, set_locale])
