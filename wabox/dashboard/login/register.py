"""Become a user of this box, where its owner lets people: form, terms, the link that confirms an address."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post

from wabox.accounts import links, passwords, registration, terms, users
from wabox.accounts.registration import Rule
from wabox.accounts.throttle import HOUR, Bucket, network
from wabox.dashboard.frame import entering, zones
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.devices import orders
from wabox.errors import Invalid, TooMany
from wabox.languages import later
from wabox.letters import accounts as letters
from wabox.letters.writing import Post
from wabox.mounting import Kept, Mount

DIFFERENT = later("The two passwords differ. Type the same one twice.")
TERMS_FIRST = later("Read the terms, then tick that you accept them.")
A_PLACE = 10  # accounts an hour from one address


@get("/register", public=True)
async def show(desk: Desk) -> Response[str]:
    """The form, with the terms."""
    _rule(desk)
    return _form(desk)


@post("/register", public=True)
async def register(desk: Desk, made: Bucket) -> Response[str]:
    """The account is made; the answer is the same where the address had one, whose owner gets a mail."""
    asked = _rule(desk)
    form = await desk.form()
    email, password = form.text("email")[:254], form.text("password", trim=False)
    zone = form.text("timezone")[:64]
    try:
        timezone = zones.chosen(form)
        email = users.email_of(email)
        passwords.check(password, email=email)
        if password != form.text("again", trim=False):
            raise Invalid("passwords_differ", DIFFERENT, details={"again": DIFFERENT})
        if form.text("terms") != terms.VERSION:
            raise Invalid("terms_required", TERMS_FIRST, details={"terms": TERMS_FIRST})
    except Invalid as wrong:
        return _form(desk, email=email, timezone=zone, errors=wrong.details, status=422)
    wait = made.take(network(desk.ip), desk.box.now())
    if wait:
        raise TooMany("too_many_tries", later("Too many tries. Wait a while, then try again."), retry_after=wait)
    hashed = await asyncio.to_thread(passwords.hashed, password)
    await desk.box.db.write(_make, desk, asked, email, hashed, timezone)
    return _stranger(desk, "login/register_done.html", asked=asked)


@get("/verify/{token:str}", public=True)
async def ask(token: str, desk: Desk) -> Response[str]:
    """A button, not a deed: programs that look at mails open every link in them."""
    _rule(desk)
    if desk.box.db.read_here(links.find, token, "verify", desk.box.now()) is None:
        return _stranger(desk, "login/dead.html", status=404)
    return _stranger(desk, "login/verify.html", token=token)


@post("/verify/{token:str}", public=True)
async def verify(token: str, desk: Desk) -> Response[str]:
    """The address is confirmed."""
    asked, now = _rule(desk), desk.box.now()
    if not await desk.box.db.write(registration.confirm, token, asked=asked, ip=desk.ip, now=now):
        return _stranger(desk, "login/dead.html", status=404)
    return desk.go("/login", said="verified")


def _rule(desk: Desk) -> Rule:
    asked = desk.box.db.read_here(registration.rule, desk.box.config)
    if asked is None:
        raise nothing_here()
    return asked


def _make(tx: Tx, desk: Desk, asked: Rule, email: str, password_hash: str, timezone: str | None) -> None:
    now = desk.box.now()
    user = registration.register(tx, email=email, password_hash=password_hash, asked=asked, ip=desk.ip, now=now)
    if user is None:
        known = users.by_email(tx, email)
        assert known is not None
        letters.known(tx, Post(desk.box, known.email, known.id, known.language))
        return
    orders.create_primary(tx, user.id, now=now)
    users.set_timezone(tx, user.id, timezone)
    if desk.voice.language != desk.box.config.locale.language:
        users.set_language(tx, user.id, desk.voice.language)
    if asked.verification:
        token = links.make(tx, "verify", user.id, registration.VERIFY_LASTS, now)
        letters.verify(tx, Post(desk.box, user.email, user.id, desk.voice.language), token)


def _form(
    desk: Desk, *, email: str = "", timezone: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    shown = {"email": email, "timezone": timezone, "errors": errors or {}}
    page = "login/register.html"
    return _stranger(
        desk, page, status=status, terms=terms.TERMS, zones=zones.every(), **shown, **zones.ruled(desk)
    )


def _stranger(desk: Desk, template: str, *, status: int = 200, **values: object) -> Response[str]:
    """A page for somebody without a session, who is shown the terms' version."""
    return entering.stranger(desk, template, status=status, version=terms.VERSION, **values)


router = Mount(
    path="/",
    route_handlers=[show, register, ask, verify],
    dependencies={"made": Kept(lambda _: Bucket(A_PLACE / HOUR, A_PLACE)).provide},
)
