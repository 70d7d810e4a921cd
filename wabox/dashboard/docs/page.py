"""The API reference with this box's own address. Open to all, without secrets."""

from __future__ import annotations

from litestar import Response, get

from wabox.dashboard.docs import reference
from wabox.dashboard.docs.reference import events
from wabox.dashboard.frame.desk import Desk
from wabox.mounting import Mount

API = "/api/v1"


@get("/docs", public=True)
async def page(desk: Desk) -> Response[str]:
    """Every route with cURL and PHP to copy, and how a webhook is checked in PHP and Node."""
    return desk.page(
        "docs/page.html",
        here="docs",
        base=_reached_at(desk) + API,
        chapters=reference.CHAPTERS,
        api_errors=reference.ERRORS,
        events=events.EVENTS,
        webhook_php=events.PHP,
        webhook_node=events.NODE,
    )


def _reached_at(desk: Desk) -> str:
    """The address the reader came by, unless the box has a name."""
    request = desk.request
    return desk.box.config.server.public_url or f"{request.scope['scheme']}://{request.headers.get('host', '')}"


router = Mount(path="/", route_handlers=[page])
