"""The owner's log of mails: to whom, what became of each, and why one did not go."""

from __future__ import annotations

from litestar import Response, get

from wabox.accounts import mail
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk
from wabox.mounting import Mount

PER_PAGE = 50


@get("/admin/mail", owner=True)
async def page(desk: Desk) -> Response[str]:
    """Newest first."""
    before = desk.request.query_params.get("before", "")
    before_id = cursor_of(before)
    found = await desk.box.db.read(mail.page, before=before_id, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return desk.page(
        "admin/mail.html",
        here="settings",
        mails=shown,
        newest="/admin/mail" if before_id is not None else "",
        older=f"/admin/mail?before={shown[-1].id}" if len(found) > PER_PAGE else "",
    )


router = Mount(path="/", route_handlers=[page])
