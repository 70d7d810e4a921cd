"""Makes the dashboard's answers: templates, the headers every page carries, and errors in words."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.response import Stream

from wabox.accounts.sessions import Session
from wabox.dashboard import names
from wabox.dashboard.frame import refused, strip
from wabox.dashboard.names import faults, menu
from wabox.dashboard.voice import Voice
from wabox.errors import NotFound, Refusal
from wabox.languages import FIRST, NAMES, later
from wabox.languages.catalogues import catalogue
from wabox.mounting import box_of

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
OF_A_PIECE = ("X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Cache-Control")


@functools.cache
def environment(language: str) -> Environment:
    """The templates, speaking this language."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = catalogue(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=texts.gettext,
        ngettext=texts.ngettext,
        pgettext=texts.pgettext,
        npgettext=texts.npgettext,
        newstyle=True,
    )
    made.globals.update(static=static, names=names, languages=NAMES, nav=menu.GROUPS)
    return made


@functools.cache
def static(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def html(template: str, voice: Voice, values: Mapping[str, Any], *, status: int = 200) -> Response[str]:
    """A page or a fragment. A refused form comes back with its first wrong field in sight and in focus."""
    everywhere = {
        "session": None,
        "csrf": "",
        "here": "",
        "said": None,
        "pulse": None,
        "shop_name": None,
        "path": "",
    }
    shown = {"voice": voice, **everywhere, **values}
    text = environment(voice.language).get_template(template).render(shown)
    if 400 <= status < 500:
        text = refused.in_sight(text)
    return Response(text, media_type=MediaType.HTML, status_code=status, headers=dict(HEADERS))


def unless_known(request: Request[Any, Any, Any], answer: Response[str]) -> Response[str]:
    """The piece of a page, or 304 without it to who has this very piece already.

    Neither is ever a document, since only a script of our own pages can ask as htmx does; so it carries nothing of
    what a document is held to. A page that stands open asks often, and that was most of what it was told.
    """
    headers = {name: HEADERS[name] for name in OF_A_PIECE}
    tag = f'W/"{hashlib.sha256(answer.content.encode()).hexdigest()[:24]}"'
    if request.headers.get("if-none-match") != tag:
        return Response(answer.content, media_type=MediaType.HTML, headers={**headers, "ETag": tag})
    return Response("", media_type=MediaType.HTML, status_code=304, headers={**headers, "ETag": tag})


def redirect(path: str) -> Response[str]:
    """Look there next, with a GET."""
    return Response("", media_type=MediaType.HTML, status_code=303, headers={**HEADERS, "Location": path})


def download(pieces: Callable[[], AsyncIterator[str]], name: str) -> Stream:
    """A CSV file, made while it is fetched."""
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(pieces, media_type="text/csv", headers=headers)


def is_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx asks for a piece of a page."""
    return request.headers.get("hx-request") == "true"


def refusal_page(request: Request[Any, Any, Any], refusal: Refusal, *, status: int | None = None) -> Response[str]:
    """What a person sees of a refusal: a page, or a notice where htmx asked for a fragment.

    status: another than the refusal's own, for 405 and 500.
    """
    state = request.scope["state"]
    voice: Voice = state.get("voice") or Voice(spoken(request) or FIRST, ZoneInfo("UTC"), datetime.now(UTC))
    code = status or refusal.status
    values = {
        **_of_reader(request, state.get("session")),
        "csrf": state.get("csrf", ""),
        "status": code,
        "title": faults.title(code, refusal.code),
        "hurt": refusal.code if refusal.code in ("database_damaged", "storage_failing") else None,
        "sentence": refusal.sentence,
        "details": refusal.details,
    }
    template = "frame/_notice.html" if is_fragment(request) else "frame/error.html"
    answer = html(template, voice, values, status=code)
    if refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def _of_reader(request: Request[Any, Any, Any], session: Session | None) -> dict[str, Any]:
    """The menu and the pulse of who is logged in, on the page of a refusal, too."""
    if session is None:
        return {}
    box, now = box_of(request), datetime.now(UTC)
    return {
        "session": session,
        "nav": menu.groups(box.config, session.user.role),
        "pulse": None if is_fragment(request) else strip.of(box, session.user, now),
    }


def spoken(request: Request[Any, Any, Any]) -> str | None:
    """The language of ours that the reader's browser likes best, if it names one."""
    liked: list[tuple[float, str]] = []
    for one in request.headers.get("accept-language", "")[:200].split(","):
        tag, _, weight = one.replace(" ", "").lower().partition(";q=")
        code = tag.split("-")[0]
        if code in NAMES and re.fullmatch(r"(0(\.\d{0,3})?|1(\.0{0,3})?)?", weight):
            liked.append((float(weight or 1), code))
    best = max(liked, key=lambda one: one[0], default=(0.0, ""))
    return best[1] if best[0] > 0 else None


def nothing_here() -> NotFound:
    """What a page answers for what is not there, and for what is somebody else's."""
    return NotFound("not_found", later("There is nothing at this address; use the menu to go on."))
