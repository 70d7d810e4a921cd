"""A forgotten password: a link by mail, and the page behind it. What is said never tells who has an account."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from litestar import Response, get, post

from wabox.accounts import audit, browsers, links, passwords, sessions, users
from wabox.accounts.throttle import HOUR, Bucket, network
from wabox.dashboard.frame import entering
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.letters import accounts as letters
from wabox.letters.writing import Post
from wabox.mounting import Kept, Mount

LASTS = timedelta(hours=1)
TOO_MANY = later("Too many tries. Wait a while, then try again.")
DIFFERENT = later("The two passwords differ. Type the same one twice.")


@get("/login/forgot", public=True)
async def ask(desk: Desk) -> Response[str]:
    """The form; without a mail server there is nothing to ask for."""
    if not desk.box.sends_mail():
        return desk.go("/login")
    return entering.stranger(desk, "login/forgot.html", sent=False, error=None, email="")


@post("/login/forgot", public=True)
async def send(desk: Desk, asked: tuple[Bucket, Bucket]) -> Response[str]:
    """A link is on its way, if there is such an account; the answer is the same either way."""
    if not desk.box.sends_mail():
        return desk.go("/login")
    email = (await desk.form()).text("email")[:254]
    wait = _wait(desk, email, asked)
    if wait:
        answer = entering.stranger(desk, "login/forgot.html", status=429, sent=False, error=TOO_MANY, email=email)
        answer.headers["Retry-After"] = str(wait)
        return answer
    await desk.box.db.write(_owe, desk, email)
    return entering.stranger(desk, "login/forgot.html", sent=True, error=None, email=email)


@get("/reset/{token:str}", public=True)
async def show(token: str, desk: Desk) -> Response[str]:
    """The form behind the link."""
    if desk.box.db.read_here(_whose, token, desk) is None:
        return entering.stranger(desk, "login/dead.html", status=404)
    return entering.stranger(desk, "login/reset.html", token=token, errors={})


@post("/reset/{token:str}", public=True)
async def reset(token: str, desk: Desk) -> Response[str]:
    """The password is new, the link is spent, and every log-in of the account is over."""
    user = desk.box.db.read_here(_whose, token, desk)
    if user is None:
        return entering.stranger(desk, "login/dead.html", status=404)
    form = await desk.form()
    password = form.text("password", trim=False)
    try:
        passwords.check(password, email=user.email)
        if password != form.text("again", trim=False):
            raise Invalid("passwords_differ", DIFFERENT, details={"again": DIFFERENT})
    except Invalid as wrong:
        return entering.stranger(desk, "login/reset.html", status=422, token=token, errors=wrong.details)
    hashed = await asyncio.to_thread(passwords.hashed, password)
    if not await desk.box.db.write(_set, desk, token, hashed):
        return entering.stranger(desk, "login/dead.html", status=404)
    return desk.go("/login", said="password_reset")


def _wait(desk: Desk, email: str, asked: tuple[Bucket, Bucket]) -> int:
    """Seconds until another link may be asked for; 0: it is counted."""
    places, accounts = asked
    now, place, account = desk.box.now(), network(desk.ip), email.strip().lower()
    wait = max(places.wait(place, now), accounts.wait(account, now))
    if wait > 0:
        return int(wait) + 1
    places.take(place, now)
    accounts.take(account, now)
    return 0


def _owe(tx: Tx, desk: Desk, email: str) -> None:
    now = desk.box.now()
    user = users.by_email(tx, email)
    user_id = None if user is None else user.id
    audit.note(tx, user_id=user_id, action="password.reset_asked", ip=desk.ip, now=now)
    if user is None or user.state == "locked":
        return
    token = links.make(tx, "reset", user.id, LASTS, now)
    letters.reset(tx, Post(desk.box, user.email, user.id, user.language), token)


def _whose(rows: Rows, token: str, desk: Desk) -> users.User | None:
    """Whose password the link sets; a locked account's none."""
    link = links.find(rows, token, "reset", desk.box.now())
    user = None if link is None or link.user_id is None else users.by_id(rows, link.user_id)
    return None if user is None or user.state == "locked" else user


def _set(tx: Tx, desk: Desk, token: str, password_hash: str) -> bool:
    now = desk.box.now()
    if _whose(tx, token, desk) is None:
        return False
    link = links.use(tx, token, "reset", now)
    if link is None or link.user_id is None:
        return False
    users.set_password(tx, link.user_id, password_hash)
    sessions.end_all(tx, link.user_id)
    browsers.forget(tx, link.user_id)
    audit.note(tx, user_id=link.user_id, action="password.reset", ip=desk.ip, now=now)
    return True


router = Mount(
    path="/",
    route_handlers=[ask, send, show, reset],
    dependencies={"asked": Kept(lambda _: (Bucket(10 / HOUR, 10), Bucket(3 / HOUR, 3))).provide},
)
"""These pages; 10 links an hour from an address, 3 to an account."""
