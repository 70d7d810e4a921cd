"""Log in by password and perhaps a code, and log out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from litestar import Response, get, post

from wabox.accounts import audit, browsers, passwords, sessions, states, totp, users
from wabox.accounts.halfway import LASTS, Half, Halfway
from wabox.accounts.passwords import Verdict
from wabox.accounts.throttle import HOUR, Allowance, Logins, Try, give_back
from wabox.accounts.users import User
from wabox.dashboard.frame import entering, guard
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows, Tx
from wabox.languages import later
from wabox.mounting import Kept, Mount

WRONG = later("E-mail or password is wrong. Check both, then try again.")
TOO_MANY = later("Too many tries. Wait a while, then try again.")
WRONG_CODE = later("This code is wrong or was used before. Wait for the next one, then type that.")
CODES = 10  # wrong codes an hour to an account, and from each browser and network it knows


@get("/login", public=True)
async def login(desk: Desk) -> Response[str]:
    """The form; whoever is logged in goes on."""
    onward = guard.local_path(desk.request.query_params.get("next", "/"))
    if desk.visitor is not None:
        return desk.go(onward)
    return entering.stranger(desk, "login/page.html", email="", onward=onward, error=None)


@post("/login", public=True)
async def log_in(desk: Desk, logins: Logins, halfway: Halfway) -> Response[str]:
    """The session begins, or the form says what is wrong, the same for a wrong name and a wrong password."""
    form = await desk.form()
    email, password = form.text("email")[:254], form.text("password", trim=False)
    onward = guard.local_path(form.text("next"))
    shown = {"email": email, "onward": onward}
    user, stored, known = await desk.box.db.read(_who, desk, email)
    tried = logins.ask(Try(desk.ip, email.lower(), known.browser, known.network), desk.box.now())
    if tried.wait:
        await _note_refused(desk, logins, user)
        return _too_many(desk, "login/page.html", tried.wait, **shown)
    verdict = await asyncio.to_thread(passwords.verify, stored, password)
    if user is None or not verdict.ok:
        if user is not None or logins.is_worth_noting(desk.box.now()):
            await desk.box.db.write(_note, user.id if user else None, "login.failed", desk)
        return entering.stranger(desk, "login/page.html", status=401, error=WRONG, **shown)
    give_back(tried, desk.box.now())
    if user.state == "locked":
        await desk.box.db.write(_note, user.id, "login.refused", desk)
        return await _locked(desk, user)
    stored = await _rehash(desk, user, stored, password, verdict)
    if desk.box.db.read_here(totp.standing, user.id).on:
        return _ask_code(desk, halfway, user, onward, stored)
    going = await _enter(desk, user, onward, proven=stored)
    return going or entering.stranger(desk, "login/page.html", status=401, error=WRONG, **shown)


def _too_many(desk: Desk, template: str, wait: int, **values: object) -> Response[str]:
    answer = entering.stranger(desk, template, status=429, error=TOO_MANY, **values)
    answer.headers["Retry-After"] = str(wait)
    return answer


async def _note_refused(desk: Desk, logins: Logins, user: User | None) -> None:
    """That tries are refused is on record, but not each of them: whoever guesses must not fill the disk."""
    now = desk.box.now()
    if logins.is_news(user.id, now) if user is not None else logins.is_worth_noting(now):
        await desk.box.db.write(_note, user.id if user else None, "login.throttled", desk)


async def _locked(desk: Desk, user: User) -> Response[str]:
    """Why, and whom to write to; only after the right password, so that nobody learns who has an account."""
    known = await desk.box.db.read(states.standing, user.id)
    whom = await desk.box.db.read(users.whom_to_write)
    if user.language:
        desk = replace(desk, voice=replace(desk.voice, language=user.language))
    return desk.page("login/locked.html", status=403, reason=known.reason, whom=whom)


def _ask_code(desk: Desk, halfway: Halfway, user: User, onward: str, proven: str | None) -> Response[str]:
    token = halfway.begin(user.id, proven or "", desk.box.now())
    going = desk.go(f"/login/code?next={onward}&lang={user.language or desk.voice.language}")
    age = int(LASTS.total_seconds())
    going.set_cookie(guard.cookie(desk.request, "step", token, max_age=age))
    return going


async def _enter(desk: Desk, user: User, onward: str, *, proven: str | None) -> Response[str] | None:
    """The session begins. proven: the hash of the password that was typed; None if it is another by now."""

    def verb(tx: Tx) -> entering.Entered | None:
        return entering.enter(tx, desk, user) if _as_proven(tx, user.id, proven) is not None else None

    entered = await desk.box.db.write(verb)
    if entered is None:
        return None
    going = desk.go("/account" if onward == "/" and user.state != "active" else onward)
    entering.let_in(desk, going, entered)
    return going


# -- the second step ---------------------------------------------------------------------------------


@get("/login/code", public=True)
async def code_form(desk: Desk, halfway: Halfway) -> Response[str]:
    """The form for the code; without the password before it, back to that."""
    onward = guard.local_path(desk.request.query_params.get("next", "/"))
    if halfway.find(_step(desk), desk.box.now()) is None:
        return desk.go("/login")
    return entering.stranger(desk, "login/code.html", onward=onward, error=None)


@post("/login/code", public=True)
async def enter_code(desk: Desk, logins: Logins, halfway: Halfway, codes: Allowance) -> Response[str]:
    """The session begins if the code is right and was never used."""
    form = await desk.form()
    onward, token, now = guard.local_path(form.text("next")), _step(desk), desk.box.now()
    half = halfway.find(token, now)
    if half is None:
        return desk.go("/login", said="code_late")
    known = await desk.box.db.read(_known, desk, half.user_id)
    tried = codes.ask(Try(desk.ip, half.user_id, known.browser, known.network), now)
    if tried.wait:
        user = await desk.box.db.read(users.by_id, half.user_id)
        await _note_refused(desk, logins, user)
        return _too_many(desk, "login/code.html", tried.wait, onward=onward)
    half.tries += 1
    user = await desk.box.db.write(_spend_code, desk, half, form.text("code"))
    if user is None:
        return entering.stranger(desk, "login/code.html", status=401, onward=onward, error=WRONG_CODE)
    halfway.end(token)
    give_back(tried, now)
    going = await _enter(desk, user, onward, proven=half.password_hash)
    if going is None:
        return desk.go("/login", said="code_late")
    going.set_cookie(guard.cookie(desk.request, "step", "", max_age=0))
    return going


def _step(desk: Desk) -> str:
    return guard.held(desk.request, "step")


def _spend_code(tx: Tx, desk: Desk, half: Half, code: str) -> User | None:
    """Whom the code lets in. None: a wrong code, or the account has changed since its password was typed."""
    user = _as_proven(tx, half.user_id, half.password_hash)
    if user is None:
        return None
    if not totp.spend(tx, user.id, code, seal=desk.box.seal, now=desk.box.now()):
        _note(tx, user.id, "login.code_failed", desk)
        return None
    return user


def _as_proven(rows: Rows, user_id: int, password_hash: str | None) -> User | None:
    """The user, if the password that was proven is still the password and may still be used."""
    user = users.by_id(rows, user_id)
    same = users.password_hash_of(rows, user_id) == password_hash
    return None if user is None or not same or user.state == "locked" else user


@post("/logout", any_state=True)
async def log_out(desk: Desk) -> Response[str]:
    """The session is over."""
    await desk.box.db.write(_leave, desk, guard.held(desk.request, "session"))
    gone = desk.go("/login", said="logged_out")
    gone.headers["Clear-Site-Data"] = '"cache", "storage"'  # not the cookies: the browser stays known
    gone.set_cookie(guard.cookie(desk.request, "session", "", max_age=0))
    return gone


def _who(rows: Rows, desk: Desk, email: str) -> tuple[User | None, str | None, browsers.Known]:
    user = users.by_email(rows, email)
    if user is None:
        return None, None, browsers.NOBODY
    return user, users.password_hash_of(rows, user.id), _known(rows, desk, user.id)


def _known(rows: Rows, desk: Desk, user_id: int) -> browsers.Known:
    held = guard.held(desk.request, "browser")
    return browsers.known(rows, user_id, held=held, ip=desk.ip, now=desk.box.now())


def _leave(tx: Tx, desk: Desk, token: str) -> None:
    sessions.end(tx, token)
    _note(tx, desk.user.id, "logout", desk)


def _note(tx: Tx, user_id: int | None, action: str, desk: Desk) -> None:
    audit.note(tx, user_id=user_id, action=action, ip=desk.ip, now=desk.box.now())


async def _rehash(desk: Desk, user: User, was: str | None, password: str, verdict: Verdict) -> str | None:
    """The password is stored as today's settings ask; returns its hash, `was` if it stays."""
    if not verdict.rehash or was is None:
        return was
    becomes = await asyncio.to_thread(passwords.hashed, password)
    await desk.box.db.write(lambda tx: users.rehash(tx, user.id, was=was, becomes=becomes))
    return becomes


router = Mount(
    path="/",
    route_handlers=[login, log_in, code_form, enter_code, log_out],
    dependencies={
        "logins": Kept(lambda _: Logins()).provide,
        "halfway": Kept(lambda _: Halfway()).provide,
        "codes": Kept(lambda _: Allowance(CODES / HOUR, CODES)).provide,
    },
)
