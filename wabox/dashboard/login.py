"""Log in by password and perhaps a code, log out, and the first set-up of a box by its one-time link."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from litestar import Response, Router, get, post

from wabox import welcome
from wabox.accounts import audit, keys, links, passwords, sessions, states, totp, users
from wabox.accounts.halfway import LASTS, Half, Halfway
from wabox.accounts.passwords import Verdict
from wabox.accounts.throttle import HOUR, Bucket, Logins
from wabox.accounts.users import User
from wabox.box import Box
from wabox.dashboard import guard
from wabox.dashboard.desk import Desk
from wabox.dashboard.language import later
from wabox.datadir import DataDir
from wabox.db import Rows, Tx
from wabox.devices import devices
from wabox.errors import Invalid

WRONG = later("E-mail or password is wrong. Check both, then try again.")
TOO_MANY = later("Too many tries. Wait a while, then try again.")
WRONG_CODE = later("This code is wrong or was used before. Wait for the next one, then type that.")
CODES = 10  # wrong codes an hour to an account
DIFFERENT = later("The two passwords differ. Type the same one twice.")


# -- set-up ------------------------------------------------------------------------------------------


@get("/setup", public=True, before_setup=True)
async def no_link(desk: Desk) -> Response[str]:
    """Where the link is, for who comes without it."""
    if desk.box.db.read_here(users.owner_exists):
        return desk.go("/login")
    return desk.page("setup/wanted.html", dead=False)


@get("/setup/{token:str}", public=True, before_setup=True)
async def setup(token: str, desk: Desk) -> Response[str]:
    """The form behind the link."""
    if desk.box.db.read_here(users.owner_exists):
        return desk.go("/login")
    if desk.box.db.read_here(links.find, token, "setup", desk.box.now()) is None:
        return desk.page("setup/wanted.html", status=404, dead=True)
    return _with_form_cookie(desk, "setup/form.html", token=token, email="", errors={})


@post("/setup/{token:str}", public=True, before_setup=True)
async def set_up(token: str, desk: Desk) -> Response[str]:
    """The owner exists, is logged in, and sees the API key this once."""
    if desk.box.db.read_here(users.owner_exists):
        return desk.go("/login")
    if desk.box.db.read_here(links.find, token, "setup", desk.box.now()) is None:
        return desk.page("setup/wanted.html", status=404, dead=True)
    form = await desk.form()
    email, password = form.text("email"), form.text("password", trim=False)
    try:
        users.email_of(email)
        passwords.check(password, email=email)
        if password != form.text("again", trim=False):
            raise Invalid("passwords_differ", DIFFERENT, details={"again": DIFFERENT})
    except Invalid as wrong:
        return _with_form_cookie(
            desk, "setup/form.html", status=422, token=token, email=email, errors=wrong.details
        )
    made = await desk.box.db.write(_become_owner, desk, token, email, await _hashed(password))
    if made is None:
        return desk.page("setup/wanted.html", status=404, dead=True)
    welcome.set_up(DataDir(desk.box.config.data.dir))
    started, key = made
    answer = desk.page("setup/key.html", key=key)
    _let_in(desk, answer, started)
    return answer


def _become_owner(
    tx: Tx, desk: Desk, token: str, email: str, password_hash: str
) -> tuple[sessions.Started, str] | None:
    now = desk.box.now()
    if links.use(tx, token, "setup", now) is None:
        return None
    owner = users.create(tx, email=email, password_hash=password_hash, role="owner", now=now)
    if desk.voice.language != desk.box.config.locale.language:
        users.set_language(tx, owner.id, desk.voice.language)
    devices.create_primary(tx, owner.id, now=now)
    key = keys.issue(tx, owner.id, now=now)
    audit.note(tx, user_id=owner.id, action="box.set_up", ip=desk.ip, now=now)
    return _start(tx, desk, owner), key.key


# -- log in ------------------------------------------------------------------------------------------


@get("/login", public=True)
async def login(desk: Desk) -> Response[str]:
    """The form; whoever is logged in goes on."""
    onward = guard.local_path(desk.request.query_params.get("next", "/"))
    if desk.visitor is not None:
        return desk.go(onward)
    return _with_form_cookie(desk, "login/page.html", email="", onward=onward, error=None)


@post("/login", public=True)
async def log_in(desk: Desk, logins: Logins, halfway: Halfway) -> Response[str]:
    """The session begins, or the form says what is wrong, the same for a wrong name and a wrong password."""
    form = await desk.form()
    email, password = form.text("email")[:254], form.text("password", trim=False)
    onward = guard.local_path(form.text("next"))
    shown = {"email": email, "onward": onward}
    wait = logins.ask(desk.ip, email, desk.box.now())
    if wait:
        answer = _with_form_cookie(desk, "login/page.html", status=429, error=TOO_MANY, **shown)
        answer.headers["Retry-After"] = str(wait)
        return answer
    user, stored = await desk.box.db.read(_who, email)
    verdict = await asyncio.to_thread(passwords.verify, stored, password)
    if user is None or not verdict.ok:
        await desk.box.db.write(_note, user.id if user else None, "login.failed", desk)
        return _with_form_cookie(desk, "login/page.html", status=401, error=WRONG, **shown)
    logins.succeeded(desk.ip, email, desk.box.now())
    if user.state == "locked":
        await desk.box.db.write(_note, user.id, "login.refused", desk)
        return await _locked(desk, user)
    stored = await _rehash(desk, user, stored, password, verdict)
    if desk.box.db.read_here(totp.standing, user.id).on:
        return _ask_code(desk, halfway, user, onward, stored)
    going = await _enter(desk, user, onward, proven=stored)
    return going or _with_form_cookie(desk, "login/page.html", status=401, error=WRONG, **shown)


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

    def verb(tx: Tx) -> sessions.Started | None:
        return _start(tx, desk, user) if _as_proven(tx, user.id, proven) is not None else None

    started = await desk.box.db.write(verb)
    if started is None:
        return None
    going = desk.go("/account" if onward == "/" and user.state != "active" else onward)
    _let_in(desk, going, started)
    return going


# -- the second step ---------------------------------------------------------------------------------


@get("/login/code", public=True)
async def code_form(desk: Desk, halfway: Halfway) -> Response[str]:
    """The form for the code; without the password before it, back to that."""
    onward = guard.local_path(desk.request.query_params.get("next", "/"))
    if halfway.find(_step(desk), desk.box.now()) is None:
        return desk.go("/login")
    return _with_form_cookie(desk, "login/code.html", onward=onward, error=None)


@post("/login/code", public=True)
async def enter_code(desk: Desk, halfway: Halfway, codes: Bucket) -> Response[str]:
    """The session begins if the code is right and was never used."""
    form = await desk.form()
    onward, token, now = guard.local_path(form.text("next")), _step(desk), desk.box.now()
    half = halfway.find(token, now)
    if half is None:
        return desk.go("/login", said="code_late")
    wait = codes.take(half.user_id, now)
    if wait:
        answer = _with_form_cookie(desk, "login/code.html", status=429, onward=onward, error=TOO_MANY)
        answer.headers["Retry-After"] = str(wait)
        return answer
    half.tries += 1
    user = await desk.box.db.write(_spend_code, desk, half, form.text("code"))
    if user is None:
        return _with_form_cookie(desk, "login/code.html", status=401, onward=onward, error=WRONG_CODE)
    halfway.end(token)
    codes.give_back(user.id, now)
    going = await _enter(desk, user, onward, proven=half.password_hash)
    if going is None:
        return desk.go("/login", said="code_late")
    going.set_cookie(guard.cookie(desk.request, "step", "", max_age=0))
    return going


def _step(desk: Desk) -> str:
    return desk.request.cookies.get(guard.cookie_name(desk.request, "step"), "")[:100]


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
    name = guard.cookie_name(desk.request, "session")
    await desk.box.db.write(_leave, desk, desk.request.cookies.get(name, ""))
    gone = desk.go("/login", said="logged_out")
    gone.set_cookie(guard.cookie(desk.request, "session", "", max_age=0))
    return gone


def _who(rows: Rows, email: str) -> tuple[User | None, str | None]:
    user = users.by_email(rows, email)
    return user, None if user is None else users.password_hash_of(rows, user.id)


def _leave(tx: Tx, desk: Desk, token: str) -> None:
    sessions.end(tx, token)
    _note(tx, desk.user.id, "logout", desk)


def _note(tx: Tx, user_id: int | None, action: str, desk: Desk) -> None:
    audit.note(tx, user_id=user_id, action=action, ip=desk.ip, now=desk.box.now())


async def _rehash(desk: Desk, user: User, was: str | None, password: str, verdict: Verdict) -> str | None:
    """The password is stored as today's settings ask; returns its hash, `was` if it stays."""
    if not verdict.rehash or was is None:
        return was
    becomes = await _hashed(password)
    await desk.box.db.write(lambda tx: users.rehash(tx, user.id, was=was, becomes=becomes))
    return becomes


async def _hashed(password: str) -> str:
    return await asyncio.to_thread(passwords.hashed, password)


def _start(tx: Tx, desk: Desk, user: User) -> sessions.Started:
    now, agent = desk.box.now(), desk.request.headers.get("user-agent")
    _note(tx, user.id, "login.succeeded", desk)
    return sessions.start(tx, user.id, ip=desk.ip, agent=agent, now=now)


def _let_in(desk: Desk, answer: Response[str], started: sessions.Started) -> None:
    age = int(sessions.LONGEST.total_seconds())
    answer.set_cookie(guard.cookie(desk.request, "session", started.token, max_age=age))


def _with_form_cookie(desk: Desk, template: str, *, status: int = 200, **values: object) -> Response[str]:
    """A stranger's form, with the cookie it is checked by."""
    kept = guard.form_cookie(desk.request)
    answer = desk.page(template, status=status, **values)
    if kept is not None:
        answer.set_cookie(kept)
    return answer


def router(_box: Box) -> Router:
    """These pages; the counts of log-ins live as long as the process."""
    counted, half, guessed = Logins(), Halfway(), Bucket(CODES / HOUR, CODES)

    async def logins() -> Logins:
        return counted

    async def halfway() -> Halfway:
        return half

    async def codes() -> Bucket:
        return guessed

    return Router(
        path="/",
        route_handlers=[no_link, setup, set_up, login, log_in, code_form, enter_code, log_out],
        dependencies={"logins": logins, "halfway": halfway, "codes": codes},
    )
