"""One's own log-in: password, two-step log-in, where one is logged in, and what was done with the account."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, get, post

from wabox import closing
from wabox.accounts import audit, browsers, passwords, sessions, states, totp, users
from wabox.accounts.sessions import Started
from wabox.accounts.throttle import HOUR, Bucket
from wabox.dashboard.frame import entering, guard
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.db import Rows, Tx
from wabox.devices import qr
from wabox.errors import Invalid, TooMany
from wabox.languages import later
from wabox.mounting import Kept, Mount

GUESSES = 10  # tries an hour at the present password or a code
HERE = "/settings/security"
SHOWN = 20
WRONG_PASSWORD = later("This is not your present password.")
WRONG_CODE = later("This code is wrong or was used before. Wait for the next one, then type that.")


@get("/settings/security")
async def page(desk: Desk) -> Response[str]:
    """Everything on one page."""
    return await _page(desk)


@post("/settings/password", any_state=True)
async def change_password(desk: Desk, guesses: Bucket) -> Response[str]:
    """The password is new, and every other log-in is over."""
    form = await desk.form()
    new = form.text("password", trim=False)
    try:
        await _prove(desk, form, guesses)
        passwords.check(new, email=desk.user.email)
        if new != form.text("again", trim=False):
            raise _wrong("again", later("The two passwords differ. Type the same one twice."))
    except Invalid as wrong:
        return await _page(desk, status=422, errors=wrong.details)
    started = await desk.box.db.write(_set_password, desk, await asyncio.to_thread(passwords.hashed, new))
    if started is None:
        return desk.go("/login")
    return entering.carry_on(desk, desk.go(HERE, said="password_changed"), started)


@post("/settings/sessions/end", any_state=True)
async def end_sessions(desk: Desk) -> Response[str]:
    """One other log-in is over, or all others."""
    which = (await desk.form()).text("session")
    await desk.box.db.write(_end, desk, which)
    return desk.go(HERE, said="sessions_ended")


@post("/settings/security/totp", any_state=True)
async def start_totp(desk: Desk) -> Response[str]:
    """A secret to scan is shown; nothing asks for its codes yet."""
    await desk.box.db.write(totp.start, desk.user.id, seal=desk.box.seal, now=desk.box.now())
    return desk.go(HERE + "#totp")


@post("/settings/security/totp/confirm", any_state=True)
async def confirm_totp(desk: Desk, guesses: Bucket) -> Response[str]:
    """The factor is on, its recovery codes are shown this once, and every other log-in is over. Asks for both."""
    form = await desk.form()
    try:
        await _prove(desk, form, guesses, field="present2")
        made = await desk.box.db.write(_confirm, desk, form.text("code"))
    except Invalid as wrong:
        return await _page(desk, status=422, errors=wrong.details)
    guesses.give_back(desk.user.id, desk.box.now())
    return await _with_codes(desk, made)


@post("/settings/security/totp/codes", any_state=True)
async def renew_codes(desk: Desk, guesses: Bucket) -> Response[str]:
    """New recovery codes; the old ones are dead, and every other log-in is over. Asks for password and code."""
    form = await desk.form()
    try:
        await _prove(desk, form, guesses, field="present2")
        made = await desk.box.db.write(_renew, desk, form.text("code"))
    except Invalid as wrong:
        return await _page(desk, status=422, errors=wrong.details)
    return await _with_codes(desk, made)


@post("/settings/security/totp/off", any_state=True)
async def drop_totp(desk: Desk, guesses: Bucket) -> Response[str]:
    """No code is asked for any more, and every other log-in is over. Asks for password and code."""
    form = await desk.form()
    try:
        await _prove(desk, form, guesses, field="present2")
        started = await desk.box.db.write(_drop, desk, form.text("code"))
    except Invalid as wrong:
        return await _page(desk, status=422, errors=wrong.details)
    if started is None:
        return desk.go("/login")
    return entering.carry_on(desk, desk.go(HERE, said="totp_off"), started)


@post("/settings/security/delete", any_state=True)
async def delete_account(desk: Desk, guesses: Bucket) -> Response[str]:
    """The account is gone for good, and its visitor out. Asks for password and, where it is on, a code."""
    form = await desk.form()
    try:
        await _prove(desk, form, guesses, field="present3")
        if not form.ticked("sure"):
            raise _wrong("sure", later("Tick that you are sure, then delete it."))
        await desk.box.db.write(_close, desk, form.text("code3"))
    except Invalid as wrong:
        return await _page(desk, status=422, errors=wrong.details or {"sure": wrong.sentence})
    return desk.go("/login", said="account_closed")


def _wrong(name: str, sentence: str) -> Invalid:
    return Invalid("bad_form", sentence, details={name: sentence})


def _count(desk: Desk, guesses: Bucket) -> None:
    """One guess is counted. Raises TooMany."""
    wait = guesses.take(desk.user.id, desk.box.now())
    if wait:
        raise TooMany("too_many_tries", later("Too many tries. Wait a while, then try again."), retry_after=wait)


async def _prove(desk: Desk, form: Form, guesses: Bucket, *, field: str = "present") -> None:
    """The visitor knows the present password. Raises Invalid, TooMany."""
    _count(desk, guesses)
    stored = await desk.box.db.read(users.password_hash_of, desk.user.id)
    if not (await asyncio.to_thread(passwords.verify, stored, form.text(field, trim=False))).ok:
        raise _wrong(field, WRONG_PASSWORD)
    if field == "present":
        guesses.give_back(desk.user.id, desk.box.now())


def _set_password(tx: Tx, desk: Desk, password_hash: str) -> Started | None:
    """None: this log-in was ended meanwhile, as by a reset of the password."""
    started = entering.again(tx, desk)
    if started is None:
        return None
    users.set_password(tx, desk.user.id, password_hash)
    browsers.forget(tx, desk.user.id, but=guard.held(desk.request, "browser"))
    _note(tx, desk, "password.changed")
    return started


def _end(tx: Tx, desk: Desk, which: str) -> None:
    if which:
        sessions.end_one(tx, desk.user.id, which)
    else:
        sessions.end_all(tx, desk.user.id, but=desk.session.token_hash)
        browsers.forget(tx, desk.user.id, but=guard.held(desk.request, "browser"))
    _note(tx, desk, "sessions.ended")


def _confirm(tx: Tx, desk: Desk, code: str) -> tuple[Started, list[str]] | None:
    """None, here and below: this log-in was ended meanwhile, so nothing is switched."""
    started = entering.again(tx, desk)
    if started is None:
        return None
    codes = totp.confirm(tx, desk.user.id, code, seal=desk.box.seal, now=desk.box.now())
    _note(tx, desk, "totp.on")
    return started, codes


def _renew(tx: Tx, desk: Desk, code: str) -> tuple[Started, list[str]] | None:
    started = entering.again(tx, desk)
    if started is None:
        return None
    _spend(tx, desk, code)
    _note(tx, desk, "totp.codes")
    return started, totp.renew_codes(tx, desk.user.id)


def _drop(tx: Tx, desk: Desk, code: str) -> Started | None:
    started = entering.again(tx, desk)
    if started is None:
        return None
    _spend(tx, desk, code)
    totp.remove(tx, desk.user.id)
    _note(tx, desk, "totp.off")
    return started


def _close(tx: Tx, desk: Desk, code: str) -> None:
    if totp.standing(tx, desk.user.id).on:
        _spend(tx, desk, code, field="code3")
    closing.close(tx, desk.user.id, by=states.Actor(desk.user.id, desk.ip), now=desk.box.now())


def _spend(tx: Tx, desk: Desk, code: str, *, field: str = "code") -> None:
    if not totp.spend(tx, desk.user.id, code, seal=desk.box.seal, now=desk.box.now()):
        raise _wrong(field, WRONG_CODE)


def _note(tx: Tx, desk: Desk, action: str) -> None:
    audit.note(tx, user_id=desk.user.id, action=action, ip=desk.ip, now=desk.box.now())


async def _with_codes(desk: Desk, made: tuple[Started, list[str]] | None) -> Response[str]:
    """The page with the recovery codes, under the new session."""
    if made is None:
        return desk.go("/login")
    started, codes = made
    return entering.carry_on(desk, await _page(entering.stay(desk, started), codes=codes), started)


async def _page(
    desk: Desk, *, status: int = 200, codes: list[str] | None = None, errors: dict[str, str] | None = None
) -> Response[str]:
    shown = await desk.box.db.read(_facts, desk)
    offer: totp.Offer | None = shown["offer"]
    image = None if offer is None else await asyncio.to_thread(qr.png_data_url, offer.uri)
    return desk.page(
        "account/security.html",
        status=status,
        here="settings",
        codes=codes,
        image=image,
        errors=errors or {},
        **shown,
    )


def _facts(rows: Rows, desk: Desk) -> dict[str, Any]:
    return {
        "visits": sessions.of_user(rows, desk.user.id),
        "standing": totp.standing(rows, desk.user.id),
        "offer": totp.offer(rows, desk.user.id, desk.user.email, seal=desk.box.seal),
        "entries": audit.about(rows, desk.user.id, limit=SHOWN),
    }


router = Mount(
    path="/",
    route_handlers=[
        page,
        change_password,
        end_sessions,
        start_totp,
        confirm_totp,
        renew_codes,
        drop_totp,
        delete_account,
    ],
    dependencies={"guesses": Kept(lambda _: Bucket(GUESSES / HOUR, GUESSES)).provide},
)
