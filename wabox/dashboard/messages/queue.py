"""What waits, why, and until when: everything before each phone, in its order, with a way to take one back."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from wabox.campaigns import stored as campaigns
from wabox.contacts import naming
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.messages.page import cancelled
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.messages import explaining
from wabox.mounting import Mount

MOVING = (None, "gap", "in_doubt", "in_line")


@get("/queue")
async def page(desk: Desk) -> Response[str]:
    """Every group, phone by phone."""
    return desk.page("messages/queue.html", here="messages", **await desk.box.db.read(_groups, desk))


@get("/queue/live")
async def live(desk: Desk) -> Response[str]:
    """The groups, as they are now."""
    return desk.page("messages/_groups.html", **await desk.box.db.read(_groups, desk))


@post("/queue/{message_id:int}/cancel")
async def cancel(message_id: int, desk: Desk) -> Response[str]:
    """One waiting message is taken back."""
    return desk.go("/queue", said=await cancelled(desk, message_id))


def _groups(rows: Rows, desk: Desk) -> dict[str, Any]:
    found = explaining.groups(
        rows, desk.user.id, config=desk.box.config, now=desk.voice.now, most_rows=explaining.ROWS
    )
    owned = devices.list_of(rows, desk.user.id)
    by_device = [(one, [group for group in found if group.device_label == one.label]) for one in owned]
    return {
        "waits": [(device, groups) for device, groups in by_device if groups],
        "named": naming.names(rows, desk.user.id, (one.phone for group in found for one in group.rows)),
        "total": sum(group.count for group in found),
        "most_counted": explaining.MOST_COUNTED,
        "planned": campaigns.page(rows, desk.user.id, status="scheduled").campaigns,
        "poll": "3s" if any(group.reason in MOVING for group in found) else "10s",
    }


router = Mount(path="/", route_handlers=[page, live, cancel])
