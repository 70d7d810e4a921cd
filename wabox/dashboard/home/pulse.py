"""What changes on every page while it stands open: the strip under the header and the counts in the menu."""

from __future__ import annotations

from litestar import Response, get

from wabox.dashboard.frame import strip
from wabox.dashboard.frame.desk import Desk
from wabox.mounting import Mount


@get("/pulse")
async def pulse(desk: Desk) -> Response[str]:
    """The piece that every page asks for again. ?at= says from which page."""
    told = strip.of(desk.box, desk.user, desk.voice.now)
    return desk.page("frame/_pulse.html", told=told, at=desk.request.query_params.get("at", ""))


router = Mount(path="/", route_handlers=[pulse])
