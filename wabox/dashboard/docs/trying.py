"""Tries a route of the API with the reader's own session: the very route, asked from within."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post

from wabox import reference
from wabox.accounts import keys
from wabox.dashboard.docs.page import API, chapter_of
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.mounting import Mount
from wabox.reference.shape import Route

MOST_SHOWN = 20_000  # letters of an answer
LONGEST_BODY = 100_000
KEPT = ("type", "asgi", "http_version", "scheme", "server", "client")  # of the reader's own request


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. text: as it is shown; "" for nothing."""

    status: int
    text: str

    @property
    def good(self) -> bool:
        """Whether it was done."""
        return self.status < 400


@get("/docs/try/{anchor:str}")
async def page(anchor: str, desk: Desk) -> Response[str]:
    """The request of the example, to be changed and sent."""
    return _page(desk, _route(anchor))


@post("/docs/try/{anchor:str}")
async def send(anchor: str, desk: Desk) -> Response[str]:
    """The route is asked, for real, and its answer is shown."""
    route, form = _route(anchor), await desk.form()
    if route.method != "GET" and not form.ticked("really"):
        return _page(desk, route, form, unsure=True, status=422)
    answer = await _ask(desk, route, form)
    return _page(desk, route, form, answer=answer, status=200 if answer.good else 422)


def _route(anchor: str) -> Route:
    """The route of the reference; one that takes a file is tried with a program."""
    for chapter in reference.CHAPTERS:
        for route in chapter.routes:
            if route.anchor == anchor and route.upload is None:
                return route
    raise nothing_here()


def names(route: Route) -> list[str]:
    """What varies in the path."""
    return [part.partition("}")[0] for part in route.path.split("{")[1:]]


async def _ask(desk: Desk, route: Route, form: Form) -> Answer:
    path = route.path
    for name in names(route):
        path = path.replace("{" + name + "}", form.text(f"path.{name}").strip()[:200].replace("/", "-") or "-")
    body = form.text("body")[:LONGEST_BODY].encode() if route.body is not None else b""
    query = form.text("query").strip().removeprefix("?")[:2_000]
    status, headers, got = await _within(desk, route.method, API + path, quote(query, safe="=&%+,:-_.~"), body)
    whole = max(len(got), int(headers.get("content-length", "0")))
    return Answer(status, _shown(headers.get("content-type", ""), got, whole))


async def _within(
    desk: Desk, method: str, path: str, query: str, body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """Asks the application itself: its guards, limits and checks are those of any caller."""
    outer = desk.request.scope
    headers = [(b"host", desk.request.headers.get("host", "").encode())]
    if body:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope: Any = {
        **{name: one for name, one in outer.items() if name in KEPT},
        "root_path": "",
        "method": method,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "headers": headers,
        "state": {keys.VOUCHED: keys.vouched(desk.user, desk.box.now())},
    }
    told: dict[str, Any] = {"status": 500, "headers": {}, "body": b""}
    asked = [{"type": "http.request", "body": body, "more_body": False}]
    enough = asyncio.Event()  # what listens for the end of a stream would else be asked for ever

    async def receive() -> Any:
        if asked:
            return asked.pop()
        await enough.wait()
        return {"type": "http.disconnect"}

    async def take(message: Any) -> None:
        if message["type"] == "http.response.start":
            told["status"] = message["status"]
            told["headers"] = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            return
        if len(told["body"]) <= MOST_SHOWN:
            told["body"] += message.get("body", b"")
        if len(told["body"]) > MOST_SHOWN or not message.get("more_body", False):
            enough.set()

    await outer["app"](scope, receive, take)  # the whole: `request.app` has the pages alone
    return told["status"], told["headers"], told["body"]


def _shown(kind: str, got: bytes, whole: int) -> str:
    """whole: how long it is, in bytes, though only its beginning was got."""
    if kind.startswith("application/json"):
        try:
            return json.dumps(json.loads(got), indent=2, ensure_ascii=False)[:MOST_SHOWN]
        except ValueError:
            pass  # longer than what is kept of it
    if kind.startswith(("application/json", "text/", "application/jsonl", "application/x-ndjson")):
        return got.decode("utf-8", "replace")[:MOST_SHOWN]
    return f"{kind}, {whole:,} bytes" if got else ""


def _page(
    desk: Desk,
    route: Route,
    form: Form | None = None,
    *,
    answer: Answer | None = None,
    unsure: bool = False,
    status: int = 200,
) -> Response[str]:
    body = json.dumps(route.body, indent=2, ensure_ascii=False) if route.body is not None else None
    return desk.page(
        "docs/try.html",
        status=status,
        here="docs",
        route=route,
        above=chapter_of(route),
        path_names=[
            (one, form.text(f"path.{one}") if form else route.example.get(one, "")) for one in names(route)
        ],
        query=(form.text("query") if form else route.query.removeprefix("?")),
        body=form.text("body") if form and body is not None else body,
        answer=answer,
        unsure=unsure,
    )


router = Mount(path="/", route_handlers=[page, send])
