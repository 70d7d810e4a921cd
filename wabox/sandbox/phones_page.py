"""`/phones`: the page on which a person plays the phones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import MediaType, Request, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from wabox.sandbox import view
from wabox.sandbox.faults import clean_phone
from wabox.sandbox.world import World

PAGE = Path(__file__).parent / "site" / "phones" / "index.html"
NEWEST = 200
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self' data:"
)


@get("/phones", media_type=MediaType.HTML, sync_to_thread=False)
def phones_page(state: State) -> Response[str]:
    """The page; everything on it comes from the control API."""
    text = PAGE.read_text().replace("{{ version }}", state.version)
    headers = {
        "content-security-policy": POLICY,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(text, media_type=MediaType.HTML, headers=headers)


@get("/phones/messages", sync_to_thread=False)
def phone_messages(request: Request[Any, Any, Any], state: State) -> dict[str, list[dict[str, Any]]]:
    """The newest messages to and from one phone, oldest first."""
    world: World = state.world
    phone = clean_phone(request.query_params.get("phone"))
    found = [each for each in world.kept.messages if phone in (each.sender, each.to)]
    return {"messages": [view.shown(each) for each in found[-NEWEST:]]}


ROUTES: list[HTTPRouteHandler] = [phones_page, phone_messages]
