"""Deleting for everyone what has gone of a campaign: what it would do, the question, and how far it is."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from wabox.campaigns import stored as campaigns
from wabox.campaigns import taking_back
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows
from wabox.messages import revoking
from wabox.mounting import Mount


@get("/campaigns/{campaign_id:int}/revoke")
async def page(campaign_id: int, desk: Desk) -> Response[str]:
    """How many can be deleted, how many not and why, and how far it is."""
    found = await desk.box.db.read(_look, desk, campaign_id)
    return desk.page("campaigns/revoking.html", here="campaigns", **found)


@get("/campaigns/{campaign_id:int}/revoke/live")
async def live(campaign_id: int, desk: Desk) -> Response[str]:
    """The numbers, as they are now."""
    return desk.page("campaigns/_revoking.html", **await desk.box.db.read(_look, desk, campaign_id))


@post("/campaigns/{campaign_id:int}/revoke")
async def revoke(campaign_id: int, desk: Desk) -> Response[str]:
    """What has gone, and is young enough, is to be deleted for everyone."""
    known = known_id(campaign_id)
    await desk.box.db.write(taking_back.ask, desk.user.id, known, now=desk.box.now())
    while await desk.box.db.write(taking_back.piece, known, now=desk.box.now()):
        pass
    return desk.go(f"/campaigns/{campaign_id}/revoke", said="campaign_revoke_asked")


def _look(rows: Rows, desk: Desk, campaign_id: int) -> dict[str, Any]:
    campaign = campaigns.of_user(rows, desk.user.id, known_id(campaign_id))
    found = taking_back.standing(rows, campaign, now=desk.voice.now)
    return {
        "campaign": campaign,
        "found": found,
        "not_possible": [(revoking.said(code), count) for code, count in found.not_possible.items()],
        "given_up": [(revoking.said(code), count) for code, count in found.given_up.items()],
        "moving": campaign.revoke_after is not None or found.waiting > 0,
        "still_sending": campaign.status == "sending",
    }


router = Mount(path="/", route_handlers=[page, live, revoke])
