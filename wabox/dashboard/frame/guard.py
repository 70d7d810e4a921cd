"""Knows who may see a page: a known host name, a box that is set up, a live session, and no forged form.

Everything is closed unless a route says `public=True`. A form carries the session's CSRF token; before
log-in a token of its own, kept in a cookie. GET and HEAD change nothing.
"""

from __future__ import annotations

import hmac
from contextlib import suppress
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.handlers import BaseRouteHandler

from wabox import hosts
from wabox.accounts import secrets, sessions, terms, users
from wabox.accounts.sessions import Session
from wabox.box import Box
from wabox.dashboard.frame import answers, form
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.voice import Voice
from wabox.errors import Forbidden, Refusal
from wabox.languages import NAMES, later
from wabox.mounting import box_of

Asked: TypeAlias = Request[Any, Any, Any]
NOT_ACTIVE = later("Your account is not active, so nothing can be changed or sent. Ask whoever runs this box.")
SAFE = ("GET", "HEAD", "OPTIONS")


class Elsewhere(Exception):
    """The answer is on another page."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def sent_elsewhere(request: Asked, exception: Elsewhere) -> Response[str]:
    """Go there: the browser by itself, htmx with the whole window."""
    if answers.is_fragment(request):
        headers = {**answers.HEADERS, "HX-Redirect": exception.path}
        return Response("", media_type=MediaType.HTML, status_code=401, headers=headers)
    return answers.redirect(exception.path)


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Who may see this page, or where they have to go first; leaves session and voice in the request's state."""
    assert isinstance(connection, Request)
    box = box_of(connection)
    hosts.check(connection.headers.get("host", ""), box.config.server)
    _remember(connection, box, None)  # the reader's language, should the session not be readable
    session = _session(connection, box)
    _remember(connection, box, session)
    if not _is_owned(box) and not handler.opt.get("before_setup"):
        raise Elsewhere("/setup")
    if session is None and not handler.opt.get("public"):
        raise Elsewhere(login_path(connection))
    if handler.opt.get("owner"):
        _check_owner(session)
    _check_terms(session, handler, box)
    if connection.method not in SAFE:
        await check_form(connection, session)
        _check_state(session, handler)
    if session is not None and session.touch_is_due(box.now()) and not box.db.damaged:
        await box.db.write(sessions.touch, session.token_hash, box.now())


def recognise(request: Asked) -> None:
    """What is known of the reader is in the request's state, where nothing needs to be guarded."""
    box = box_of(request)
    with suppress(Refusal):
        hosts.check(request.headers.get("host", ""), box.config.server)
        _remember(request, box, None)
        _remember(request, box, _session(request, box))


def _is_owned(box: Box) -> bool:
    """Whether the box has an owner; once it has one it always has."""
    if not box.memory.get(_is_owned):
        box.memory[_is_owned] = box.db.read_here(users.owner_exists)
    return bool(box.memory[_is_owned])


def _check_state(session: Session | None, handler: BaseRouteHandler) -> None:
    """Raises Forbidden for an account that may look but not act; its own log-in it may always tend."""
    if session is None or session.user.state == "active" or _is_for_anybody(handler):
        return
    raise Forbidden(f"account_{session.user.state}", NOT_ACTIVE)


def _check_terms(session: Session | None, handler: BaseRouteHandler, box: Box) -> None:
    """Raises Elsewhere for a customer who has not accepted the present terms; own log-in and /terms stay open."""
    if session is None or session.user.role == "owner" or not box.config.others_use_it or _is_for_anybody(handler):
        return
    accepted = box.db.read_here(terms.accepted, session.user.id)
    if accepted is None or accepted.version != terms.VERSION:
        raise Elsewhere("/terms")


def _is_for_anybody(handler: BaseRouteHandler) -> bool:
    """Whether the account behind the session does not matter: public, or one's own log-in."""
    return bool(handler.opt.get("public") or handler.opt.get("any_state"))


def _check_owner(session: Session | None) -> None:
    """Raises NotFound: to anybody else the owner's pages are not there."""
    if session is None or session.user.role != "owner":
        raise nothing_here()


def login_path(request: Asked) -> str:
    """The log-in page, which leads back here."""
    path = request.scope["path"]
    if request.method != "GET" or path == "/" or answers.is_fragment(request):
        return "/login"
    return f"/login?next={quote(path, safe='/')}"


def local_path(text: str) -> str:
    """A path of this dashboard to go on to, "/" for anything else."""
    fine = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and len(text) < 200
    return quote(text, safe="/-_.~") if fine else "/"


def _session(request: Asked, box: Box) -> Session | None:
    token = held(request, "session")
    return box.db.read_here(sessions.find, token, box.now()) if token else None


def _remember(request: Asked, box: Box, session: Session | None) -> None:
    """What the page and a refusal of it are made with."""
    config, user = box.config, session.user if session else None
    zone = config.zone_named(user.timezone if user else None)
    language = (user.language if user else _asked_language(request)) or config.locale.language
    state = request.scope["state"]
    state["session"] = session
    state["voice"] = Voice(language, zone, box.now())
    state["csrf"] = session.csrf if session else held(request, "form")


def _asked_language(request: Asked) -> str | None:
    """What a stranger chose with ?lang=, else what the browser speaks."""
    asked = request.query_params.get("lang", "")
    return asked if asked in NAMES else answers.spoken(request)


async def check_form(request: Asked, session: Session | None) -> None:
    """Raises Forbidden unless the form came from a page of ours.

    A route that says `streams=True` reads a form with a file itself, piece by piece, and asks `check_token` of the
    field: `frame/parts.py` does, before it keeps a byte of the file.
    """
    _check_origin(request)
    if not request.route_handler.opt.get("streams") or request.content_type[0] != "multipart/form-data":
        presented = request.headers.get("x-csrf-token") or form.parse(await form.body(request)).text("_csrf")
        check_token(request, session, presented)


def _check_origin(request: Asked) -> None:
    origin = request.headers.get("origin")
    if origin not in (None, "null") and _host_of_origin(origin or "") != request.headers.get("host"):
        raise _forged()
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _forged()


def check_token(request: Asked, session: Session | None, presented: str) -> None:
    """Raises Forbidden unless this is the token of our forms. session: None for a stranger's form."""
    if session is not None:
        genuine = session.csrf_matches(presented)
    else:
        kept = request.scope["state"]["csrf"]
        genuine = bool(kept) and hmac.compare_digest(presented.encode("utf-8", "replace"), kept.encode())
    if not genuine:
        raise _forged()


def _host_of_origin(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _forged() -> Forbidden:
    return Forbidden(
        "csrf",
        later("This page was too old, or the form did not come from wabox. Go back, load it again, then retry."),
    )


def is_https(request: Asked) -> bool:
    """Whether the browser's connection is encrypted; a trusted proxy's word for it is in the scheme already."""
    return request.scope["scheme"] == "https"


def cookie_name(request: Asked, kind: str) -> str:
    """`__Host-` where the browser will have it: it wants https."""
    return f"__Host-wabox_{kind}" if is_https(request) else f"wabox_{kind}"


def cookie(request: Asked, kind: str, value: str, *, max_age: int | None = None) -> Cookie:
    """A cookie no script reads and no other site sends."""
    return Cookie(
        key=cookie_name(request, kind),
        value=value,
        max_age=max_age,
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="strict",
    )


def held(request: Asked, kind: str) -> str:
    """What the browser's cookie of this kind holds; "" if it has none."""
    return request.cookies.get(cookie_name(request, kind), "")[:100]


def form_cookie(request: Asked) -> Cookie | None:
    """The cookie that a stranger's form is checked by; None if the browser has it."""
    state = request.scope["state"]
    if state["csrf"]:
        return None
    state["csrf"] = secrets.token()
    return cookie(request, "form", state["csrf"])
