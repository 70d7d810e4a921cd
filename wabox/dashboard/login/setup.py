"""The first set-up of a box, by its one-time link."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post

from wabox import welcome
from wabox.accounts import audit, links, passwords, users
from wabox.dashboard.frame import entering, zones
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.login.restore import BUSY, RESTORER, Restorer
from wabox.datadir import DataDir
from wabox.db import Tx
from wabox.devices import orders
from wabox.errors import Invalid, Unavailable
from wabox.languages import later
from wabox.mounting import Mount

DIFFERENT = later("The two passwords differ. Type the same one twice.")


@get("/setup", public=True, before_setup=True)
async def no_link(desk: Desk) -> Response[str]:
    """Where the link is, for who comes without it."""
    if desk.box.db.read_here(users.owner_exists):
        return desk.go("/login")
    return desk.page("login/setup_wanted.html", dead=False)


@get("/setup/{token:str}", public=True, before_setup=True)
async def setup(token: str, desk: Desk) -> Response[str]:
    """The form behind the link."""
    if desk.box.db.read_here(users.owner_exists):
        return desk.go("/login")
    if desk.box.db.read_here(links.find, token, "setup", desk.box.now()) is None:
        return desk.page("login/setup_wanted.html", status=404, dead=True)
    return _form(desk, token, errors={})


@post("/setup/{token:str}", public=True, before_setup=True)
async def set_up(token: str, desk: Desk, restorer: Restorer) -> Response[str]:
    """The owner exists, is logged in, and goes on to the phone; a key is made when a program wants one."""
    if restorer.state in ("reading", "done"):
        raise Unavailable("busy", BUSY, retry_after=30)
    if desk.box.db.read_here(users.owner_exists):
        return desk.go("/login")
    if desk.box.db.read_here(links.find, token, "setup", desk.box.now()) is None:
        return desk.page("login/setup_wanted.html", status=404, dead=True)
    form = await desk.form()
    email, password = form.text("email"), form.text("password", trim=False)
    zone = form.text("timezone")[:64]
    try:
        timezone = zones.chosen(form)
        users.email_of(email)
        passwords.check(password, email=email)
        if password != form.text("again", trim=False):
            raise Invalid("passwords_differ", DIFFERENT, details={"again": DIFFERENT})
    except Invalid as wrong:
        return _form(desk, token, email=email, timezone=zone, errors=wrong.details, status=422)
    hashed = await asyncio.to_thread(passwords.hashed, password)
    entered = await desk.box.db.write(_become_owner, desk, token, email, hashed, timezone)
    if entered is None:
        return desk.page("login/setup_wanted.html", status=404, dead=True)
    welcome.set_up(DataDir(desk.box.config.data.dir))
    restorer.forget()
    going = desk.go("/whatsapp")
    entering.let_in(desk, going, entered)
    return going


def _become_owner(
    tx: Tx, desk: Desk, token: str, email: str, password_hash: str, timezone: str | None
) -> entering.Entered | None:
    now = desk.box.now()
    if links.use(tx, token, "setup", now) is None:
        return None
    owner = users.create(tx, email=email, password_hash=password_hash, role="owner", now=now)
    if desk.voice.language != desk.box.config.locale.language:
        users.set_language(tx, owner.id, desk.voice.language)
    users.set_timezone(tx, owner.id, timezone)
    orders.create_primary(tx, owner.id, now=now)
    audit.note(tx, user_id=owner.id, action="box.set_up", ip=desk.ip, now=now)
    return entering.enter(tx, desk, owner)


def _form(
    desk: Desk, token: str, *, errors: dict[str, str], email: str = "", timezone: str = "", status: int = 200
) -> Response[str]:
    shown = {"token": token, "email": email, "timezone": timezone, "zones": zones.every(), "errors": errors}
    return entering.stranger(desk, "login/setup.html", status=status, **shown, **zones.ruled(desk))


router = Mount(path="/", route_handlers=[no_link, setup, set_up], dependencies={"restorer": RESTORER.provide})
