"""Mounts both faces, and turns every Refusal and fault into an answer."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from typing import TYPE_CHECKING, Any, cast

import structlog
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.enums import HttpMethod, ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from wabox import packing, probes, uploads
from wabox.api import bodies, v1, wrong_fields
from wabox.api.wire import Error
from wabox.box import Box
from wabox.checkup.vitals import Watch
from wabox.errors import Invalid, NotFound, Refusal, TooLarge
from wabox.late import late
from wabox.mounting import Kept, box_of

if TYPE_CHECKING:
    from wabox import dashboard
else:
    dashboard = late("wabox.dashboard")

log = structlog.get_logger()

HSTS_SECONDS = 31_536_000
_OF_A_BODY = (b"content-length", b"transfer-encoding")
_HSTS = (b"strict-transport-security", f"max-age={HSTS_SECONDS}".encode())
_HARMLESS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))

_BY_STATUS = {
    404: ("not_found", "There is nothing here; GET /api/v1/openapi.json lists every path."),
    405: ("method_not_allowed", "This path does not take this method; GET /api/v1/openapi.json lists them."),
    413: ("too_large", "The body is too large; send less at once, and a file by POST /media."),
    415: ("bad_json", "Send a JSON body with Content-Type: application/json."),
}


def create(box: Box) -> Litestar:
    """The web application of one box."""
    config = box.config
    web = bare(billing=config.billing.enabled, body_kilobytes=config.limits.body_kilobytes)
    web.state.box = box
    return web


def bare(*, billing: bool, body_kilobytes: int) -> Litestar:
    """The web application of any such box, which `state.box` will say: what takes time to make knows no box.

    billing: with the pages that sell and buy plans. body_kilobytes: the largest body that is read.
    """
    web = _mounted([v1.router, v1.description, probes.router], body_kilobytes)
    pages = _Pages(web, billing=billing, body_kilobytes=body_kilobytes)
    web.asgi_handler = _heard_out(_heads(packing.small(_by_path(web.asgi_handler, pages.answer))))
    return web


def pages(*, billing: bool, body_kilobytes: int) -> Litestar:
    """The pages of any such box, and no more."""
    return _mounted([dashboard.router(sells=billing)], body_kilobytes)


def _mounted(handlers: list[Any], body_kilobytes: int) -> Litestar:
    return Litestar(
        route_handlers=handlers,
        before_send=[_count, _guard],
        dependencies={"box": Provide(_box, sync_to_thread=False), "watch": Kept(Watch).provide},
        exception_handlers={
            Refusal: _refused,
            HTTPException: _http,
            Exception: _fault,
        },
        openapi_config=None,
        logging_config=None,
        request_max_body_size=body_kilobytes * 1024,
        signature_types=[Box],
    )


class _Pages:
    """The pages of `web`, made when somebody asks for the first: no start waits for them."""

    def __init__(self, web: Litestar, *, billing: bool, body_kilobytes: int) -> None:
        self._web, self._billing, self._body_kilobytes = web, billing, body_kilobytes
        self._made: Litestar | None = None
        self._lock = threading.Lock()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What a page says. Who asks for the first waits some 0.3 s; nobody else does."""
        made = self._made
        if made is None:
            made = await asyncio.to_thread(self._make)
        scope["litestar_app"] = made  # scope["app"] stays the whole
        await made.asgi_handler(scope, receive, send)  # `send` is the web's: each answer is counted once

    def _make(self) -> Litestar:
        with self._lock:
            if self._made is None:
                made = pages(billing=self._billing, body_kilobytes=self._body_kilobytes)
                made.state = self._web.state
                gc.freeze()  # as after the start: the collector need not walk what stays
                self._made = made
            return self._made


def _by_path(machines: ASGIApp, people: ASGIApp) -> ASGIApp:
    """What programs ask goes to the one, all else to the other."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        ask = machines if _is_for_machines(scope["path"]) else people
        await ask(scope, receive, send)

    return answer


async def _count(message: Message, scope: Scope) -> None:
    """Every answer is counted."""
    if message["type"] == "http.response.start":
        box: Box = scope["litestar_app"].state.box
        box.pulse.answered(scope["path"], message["status"])


def _box(request: Request[Any, Any, Any]) -> Box:
    return box_of(request)


def _heads(answers: ASGIApp) -> ASGIApp:
    """As `answers`, and a HEAD is answered as the GET of its path, without the body."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def bare(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        if scope["type"] == ScopeType.HTTP and scope["method"] == HttpMethod.HEAD:
            # a copy: the server reads its own, and counts no body for a HEAD
            await answers(cast(Scope, {**scope, "method": HttpMethod.GET}), receive, bare)
        else:
            await answers(scope, receive, send)

    return answer


def _heard_out(answers: ASGIApp) -> ASGIApp:
    """As `answers`, and whoever sends all of a body first hears the answer that came without reading it.

    The server closes a connection that is not kept, and bytes that nobody has read take the answer with them. Who
    asked first (`Expect: 100-continue`) has sent none.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        unread = scope["type"] == ScopeType.HTTP and _sends_first(scope)

        async def read() -> Any:
            nonlocal unread
            message = await receive()
            unread = unread and message["type"] == "http.request" and message["more_body"]
            return message

        async def said(message: Message) -> None:
            nonlocal unread
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(uploads.SILENT_SECONDS):
                    seen = 0
                    while unread and seen < uploads.MOST_DRAINED:
                        seen += len((await read()).get("body", b""))
            unread = False  # once: whoever has not sent it by now is waited for no more
            await send(message)

        await answers(scope, read, said)

    return answer


def _sends_first(scope: Any) -> bool:
    headers = {name.lower(): value.lower() for name, value in scope["headers"]}
    closes = headers.get(b"connection") == b"close" or scope.get("http_version") == "1.0"
    return closes and headers.get(b"expect") != b"100-continue" and not headers.keys().isdisjoint(_OF_A_BODY)


async def _guard(message: Message, scope: Scope) -> None:
    """Every answer has what keeps it out of wrong hands; what an answer says itself stays.

    HSTS only where a trusted proxy says the browser came by https: elsewhere it would lock people out.
    """
    if message["type"] != "http.response.start":
        return
    headers = [*message["headers"]]
    message["headers"] = headers
    said = {name.lower(): at for at, (name, _) in enumerate(headers)}
    headers += [one for one in _HARMLESS if one[0] not in said]
    at = said.get(b"content-type")
    if at is not None and headers[at][1].endswith(b"+xml"):
        headers[at] = (headers[at][0], headers[at][1] + b"; charset=utf-8")
    box: Box = scope["litestar_app"].state.box
    if box.config.server.trusted_proxies and scope["scheme"] == "https" and _HSTS[0] not in said:
        headers.append(_HSTS)


def _refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    if not _wants_json(request):
        return dashboard.refusal_page(request, refusal)
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="wabox"'
    body = Error(refusal.sentence, refusal.code, refusal.details)
    return Response(body, status_code=refusal.status, headers=headers, media_type="application/json")


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Litestar's own refusals in wabox's words."""
    if isinstance(error, ValidationException):
        return _refused(request, _invalid(request, error))
    if error.status_code in (404, 405) and not _wants_json(request):
        return _allowing(dashboard.nowhere(request, error.status_code), error)
    if error.status_code in _BY_STATUS:
        code, sentence = _BY_STATUS[error.status_code]
        refusal = {404: NotFound, 413: TooLarge}.get(error.status_code, Refusal)(code, sentence)
        refusal.status = error.status_code if error.status_code != 415 else 422
        response = _refused(request, refusal)
        return _allowing(response, error)
    if error.status_code >= 500:
        return _fault(request, error)
    return _refused(request, Invalid("invalid", f"The request is not understood: {error.detail}"))


def _allowing(response: Response[Any], error: HTTPException) -> Response[Any]:
    """The answer says which methods there are, if the error does."""
    for name, value in (error.headers or {}).items():
        response.headers.setdefault(name, value)
    return response


def _invalid(request: Request[Any, Any, Any], error: ValidationException) -> Invalid:
    details, wanted = {}, request.route_handler.parsed_fn_signature.parameters
    for one in error.extra if isinstance(error.extra, list) else []:
        if isinstance(one, dict):
            name, message = str(one.get("key") or "body"), str(one.get("message", "This is wrong"))
            allowed = wrong_fields.choices(wanted[name].raw) if name in wanted else None
            if allowed is not None:
                allowed += wrong_fields.near(request.query_params.get(name), wrong_fields.values(wanted[name].raw))
            details[name] = allowed or wrong_fields.sentence(message.replace(" | null", ""))
    if "data" in details:
        return bodies.empty()
    named = ", ".join(details) or "the request"
    return Invalid("invalid", f"Something is wrong with {named}; see details.", details=details)


def _fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.error("fault", path=request.scope["path"], method=request.method, exc_info=error)
    refusal = Refusal("fault", "A fault in wabox; it is in the log. Try again; if it stays, report it.")
    refusal.status = 500
    return _refused(request, refusal)


def _wants_json(request: Request[Any, Any, Any]) -> bool:
    return _is_for_machines(request.scope["path"])  # not request.url: it trusts the Host header to be one


def _is_for_machines(path: str) -> bool:
    return path.startswith(("/api/", "/healthz", "/readyz", "/metrics"))
