"""One's own affairs: API key, password, language and time zone, log-ins, and the facts of the box."""

from __future__ import annotations

import asyncio
import functools
import zoneinfo
from typing import Any

from litestar import Response, Router, get, post

from wabox import __version__
from wabox.accounts import audit, keys, passwords, sessions, users
from wabox.accounts.throttle import HOUR, Bucket
from wabox.box import Box
from wabox.dashboard.desk import Desk
from wabox.dashboard.language import NAMES, later
from wabox.db import Rows, Tx
from wabox.errors import Invalid, TooMany
from wabox.messages import timekeeping

GUESSES = 10  # tries an hour at the present password


@get("/settings")
async def page(desk: Desk) -> Response[str]:
    """Everything on one page."""
    return await _page(desk)


@post("/settings/key")
async def new_key(desk: Desk) -> Response[str]:
    """A new API key, shown this once; the old one is dead."""
    return await _page(desk, key=await desk.box.db.write(_rotate, desk))


@post("/settings/password", any_state=True)
async def change_password(desk: Desk, guesses: Bucket) -> Response[str]:
    """The password is new, and every other log-in is over."""
    form = await desk.form()
    wait = guesses.take(desk.user.id, desk.box.now())
    if wait:
        raise TooMany("too_many_tries", "Too many tries. Wait a while, then try again.", retry_after=wait)
    present, new = form.text("present", trim=False), form.text("password", trim=False)
    stored = await desk.box.db.read(users.password_hash_of, desk.user.id)
    try:
        if not (await asyncio.to_thread(passwords.verify, stored, present)).ok:
            raise _wrong("present", later("This is not your present password."))
        guesses.give_back(desk.user.id, desk.box.now())
        passwords.check(new, email=desk.user.email)
        if new != form.text("again", trim=False):
            raise _wrong("again", later("The two passwords differ. Type the same one twice."))
    except Invalid as wrong:
        return await _page(desk, status=422, errors=wrong.details)
    await desk.box.db.write(_set_password, desk, await asyncio.to_thread(passwords.hashed, new))
    return desk.go("/settings", said="password_changed")


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


@post("/settings/sessions/end", any_state=True)
async def end_sessions(desk: Desk) -> Response[str]:
    """One other log-in is over, or all others."""
    which = (await desk.form()).text("session")
    await desk.box.db.write(_end, desk, which)
    return desk.go("/settings", said="sessions_ended")


def _wrong(name: str, sentence: str) -> Invalid:
    return Invalid("bad_form", sentence, details={name: sentence})


def _rotate(tx: Tx, desk: Desk) -> str:
    now = desk.box.now()
    audit.note(tx, user_id=desk.user.id, action="key.rotated", ip=desk.ip, now=now)
    return keys.rotate(tx, desk.user.id, now=now).key


def _set_password(tx: Tx, desk: Desk, password_hash: str) -> None:
    users.set_password(tx, desk.user.id, password_hash)
    sessions.end_all(tx, desk.user.id, but=desk.session.token_hash)
    audit.note(tx, user_id=desk.user.id, action="password.changed", ip=desk.ip, now=desk.box.now())


def _set_locale(tx: Tx, desk: Desk, language: str | None, timezone: str | None) -> None:
    users.set_language(tx, desk.user.id, language)
    users.set_timezone(tx, desk.user.id, timezone)


def _end(tx: Tx, desk: Desk, which: str) -> None:
    if which:
        sessions.end_one(tx, desk.user.id, which)
    else:
        sessions.end_all(tx, desk.user.id, but=desk.session.token_hash)
    audit.note(tx, user_id=desk.user.id, action="sessions.ended", ip=desk.ip, now=desk.box.now())


async def _page(
    desk: Desk, *, status: int = 200, key: str | None = None, errors: dict[str, str] | None = None
) -> Response[str]:
    shown = await desk.box.db.read(_facts, desk)
    return desk.page(
        "settings/page.html",
        status=status,
        here="settings",
        key=key,
        errors=errors or {},
        languages=NAMES,
        zones=zones(),
        version=__version__,
        **shown,
    )


def _facts(rows: Rows, desk: Desk) -> dict[str, Any]:
    return {
        "keys": [one for one in keys.of_user(rows, desk.user.id) if one.name == keys.MAIN],
        "visits": sessions.of_user(rows, desk.user.id),
        "clock_wrong": timekeeping.is_wrong(rows),
        "shop_zone": str(desk.box.config.zone),
    }


@functools.cache
def zones() -> list[str]:
    """Every time zone with a place in its name."""
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))


def router(_box: Box) -> Router:
    """These pages."""
    counted = Bucket(GUESSES / HOUR, GUESSES)

    async def guesses() -> Bucket:
        return counted

    return Router(
        path="/",
        route_handlers=[page, new_key, change_password, set_locale, end_sessions],
        dependencies={"guesses": guesses},
    )
