"""Campaigns: the list with everything in its row, one campaign live, its people, and the four controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from litestar import Response, get, post

from wabox import reports
from wabox.campaigns import control, launching, preflight, progress, repeats, taking_back, unfinished
from wabox.campaigns import stored as campaigns
from wabox.campaigns.stored import Campaign
from wabox.contacts import audiences, segments
from wabox.contacts.segments import Segment
from wabox.content import reviews
from wabox.dashboard.frame import answers, picking
from wabox.dashboard.frame.asked import address, cursor_of, digits_in, typed
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.media import stored as media
from wabox.messages import explaining, stored
from wabox.mounting import Mount

PER_PAGE = 20
PEOPLE_PER_PAGE = 30
FILTERS: dict[str, tuple[stored.Status, ...]] = {
    "waiting": stored.OPEN,
    "sent": stored.REACHED,
    "failed": ("failed",),
    "skipped": ("skipped",),
    "unknown": ("unknown",),
    "cancelled": ("cancelled",),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A campaign as a row shows it. pace: messages an hour, measured. eta: when it should be done."""

    campaign: Campaign
    pace: int | None
    eta: datetime | None


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked of the recipients, as it was typed."""

    q: str
    state: str

    def query(self, cursor: int | None = None) -> str:
        """The address of this search, for links."""
        return address(cursor, q=self.q, state=self.state)


@get("/campaigns")
async def page(desk: Desk) -> Response[str]:
    """Every campaign, newest first."""
    return desk.page("campaigns/page.html", here="campaigns", **await desk.box.db.read(_list, desk))


@get("/campaigns/live")
async def live(desk: Desk) -> Response[str]:
    """The rows, as they are now."""
    return desk.page("campaigns/_rows.html", **await desk.box.db.read(_list, desk))


@get("/campaigns/{campaign_id:int}")
async def show(campaign_id: int, desk: Desk) -> Response[str]:
    """One campaign with its people."""

    def ask(rows: Rows) -> dict[str, Any]:
        return {
            **_one(rows, desk, campaign_id),
            **_text(rows, desk, campaign_id),
            **_people(rows, desk, campaign_id),
            **_result(rows, desk, campaign_id),
        }

    return desk.page("campaigns/show.html", here="campaigns", **await desk.box.db.read(ask))


@get("/campaigns/{campaign_id:int}/live")
async def show_live(campaign_id: int, desk: Desk) -> Response[str]:
    """The changing part of one campaign."""
    return desk.page("campaigns/_state.html", **await desk.box.db.read(_one, desk, campaign_id))


@get("/campaigns/{campaign_id:int}/people")
async def people(campaign_id: int, desk: Desk) -> Response[str]:
    """The recipients, as they are now; who comes by the address alone is led to the whole page."""
    found = await desk.box.db.read(_people, desk, campaign_id)
    if not answers.is_fragment(desk.request):
        return desk.go(f"/campaigns/{campaign_id}{found['search'].query(found['cursor'])}#people")
    return desk.page("campaigns/_people.html", **found)


@post("/campaigns/{campaign_id:int}/pause")
async def pause(campaign_id: int, desk: Desk) -> Response[str]:
    """Nothing more is begun from now on."""
    return await _act(desk, campaign_id, control.pause, "campaign_paused")


@post("/campaigns/{campaign_id:int}/resume")
async def resume(campaign_id: int, desk: Desk) -> Response[str]:
    """It goes on."""
    stamp, contact_ids = await desk.box.db.read(_audience_if_unlaunched, desk, known_id(campaign_id))

    def verb(*given: Any, now: datetime) -> Campaign:
        return control.resume(*given, contact_ids=contact_ids, stamp=stamp, now=now)

    return await _act(desk, campaign_id, verb, "campaign_resumed")


@post("/campaigns/{campaign_id:int}/stop")
async def stop(campaign_id: int, desk: Desk) -> Response[str]:
    """What was never handed over is cancelled, for good."""
    return await _act(desk, campaign_id, control.stop, "campaign_stopped")


@post("/campaigns/{campaign_id:int}/redispatch")
async def redispatch(campaign_id: int, desk: Desk) -> Response[str]:
    """What waits is armed anew, a piece at a time."""
    after: int | None = 0
    while after is not None:
        now = desk.box.now()
        after = await desk.box.db.write(
            control.redispatch, desk.user.id, known_id(campaign_id), now=now, after=after
        )
    return await _back(desk, campaign_id, "campaign_redispatched")


async def _act(desk: Desk, campaign_id: int, verb: Callable[..., Any], said: str) -> Response[str]:
    """The verb is done; then back to where the button was."""
    await desk.box.db.write(verb, desk.user.id, known_id(campaign_id), now=desk.box.now())
    return await _back(desk, campaign_id, said)


async def _back(desk: Desk, campaign_id: int, said: str) -> Response[str]:
    """To where the button was; the list's buttons say `from=list`."""
    form = await desk.form()
    return desk.go("/campaigns" if form.text("from") == "list" else f"/campaigns/{campaign_id}", said=said)


def _audience_if_unlaunched(rows: Rows, desk: Desk, campaign_id: int) -> tuple[str | None, list[int]]:
    campaign = campaigns.of_user(rows, desk.user.id, campaign_id)
    if campaign.status != "paused" or campaign.launched_at is not None:
        return None, []
    return launching.meant_now(rows, campaign_id, desk.box.config, desk.voice.now)


def _list(rows: Rows, desk: Desk) -> dict[str, Any]:
    query = desk.request.query_params
    asked = query.get("status", "")
    status = cast(campaigns.Status, asked) if asked in campaigns.STATUSES else None
    cursor = cursor_of(query.get("cursor", ""))
    found = campaigns.page(rows, desk.user.id, status=status, per_page=PER_PAGE, cursor=cursor)
    shown = [_shown(rows, desk, campaign) for campaign in found.campaigns]
    pairs = [("status", asked)] if status else []
    return {
        "shown": shown,
        "found": found,
        "state": status,
        "cursor": cursor,
        "query": "?" + urlencode([*pairs, ("cursor", cursor)]) if cursor else "?" + urlencode(pairs),
        "repeats": [] if status or cursor else repeats.every(rows, desk.user.id),
        "drafts": [] if status or cursor else unfinished.every(rows, desk.user.id),
        "older": "?" + urlencode([*pairs, ("cursor", found.next_cursor)]) if found.next_cursor else "",
        "poll": "2s" if any(one.campaign.status == "sending" for one in shown) else "10s",
    }


def _shown(rows: Rows, desk: Desk, campaign: Campaign) -> Shown:
    now = desk.voice.now
    return Shown(
        campaign,
        progress.pace(rows, campaign, now=now),
        preflight.eta(rows, campaign, config=desk.box.config, now=now),
    )


def _one(rows: Rows, desk: Desk, campaign_id: int) -> dict[str, Any]:
    campaign = campaigns.of_user(rows, desk.user.id, known_id(campaign_id))
    live = campaign.status not in campaigns.OVER
    asked = campaign.revoke_asked_at is not None
    taken_back = taking_back.standing(rows, campaign, now=desk.voice.now) if asked else None
    held = progress.holds(rows, campaign, config=desk.box.config, now=desk.voice.now) if live else None
    return {
        "one": _shown(rows, desk, campaign),
        "campaign": campaign,
        "endings": progress.endings(rows, campaign),
        "may_move": live and control.may_move(rows, campaign, now=desk.voice.now),
        "held": held or explaining.Waiting(),
        "owners_word": reviews.said_of(rows, campaign.id) if campaign.status_reason == "content_refused" else None,
        "limited": campaign.reserved > 0,
        "in_hand": 0 if live else stored.on_its_way(rows, desk.user.id, campaign_id=campaign.id),
        "poll": "2s" if campaign.status == "sending" else "6s",
        "over": not live,
        "taken_back": taken_back,
        "settled": not live and not (taken_back and taken_back.waiting),
    }


def _text(rows: Rows, desk: Desk, campaign_id: int) -> dict[str, Any]:
    """What it says to whom, from which phones."""
    campaign = campaigns.of_user(rows, desk.user.id, known_id(campaign_id))
    named = campaign.device_ids
    phones = [one.label for one in devices.list_of(rows, desk.user.id) if named is not None and one.id in named]
    return {
        "samples": _samples(campaign) if campaign.message else [],
        "origin": picking.known(rows, desk.user.id, str(campaign.text_id or "")),
        "file": media.named(rows, [campaign.media_id]).get(campaign.media_id or 0),
        "saved": audiences.known(rows, desk.user.id, campaign.audience_id),
        "repeat": repeats.known(rows, campaign.repeat_id),
        "segment": segments.read(campaign.audience),
        "everybody": segments.read(campaign.audience) == Segment(),
        "phones": phones,
        "may_change": launching.may_change(rows, campaign),
    }


def _result(rows: Rows, desk: Desk, campaign_id: int) -> dict[str, Any]:
    """What came of it, once it was launched."""
    found = reports.of_campaign(rows, desk.user.id, campaign_id, zone=desk.voice.zone)
    return {
        "result": found if found.campaign.launched_at else None,
        "curves": curves(found.hours),
    }


def curves(hours: tuple[reports.Hour, ...]) -> dict[str, str]:
    """Lines of a drawing 1000 wide and 100 high, by what they show; none for fewer than three hours."""
    if len(hours) < 3:
        return {}
    first, span = hours[0].at, (hours[-1].at - hours[0].at).total_seconds()
    most = max(max(one.sent, one.delivered, one.read) for one in hours) or 1
    return {
        kind: " ".join(
            f"{1000 * (one.at - first).total_seconds() / span:.1f},{100 - 98 * getattr(one, kind) / most:.1f}"
            for one in hours
        )
        for kind in ("sent", "delivered", "read")
    }


def _samples(campaign: Campaign) -> list[str]:
    """A few variants; the bare text, should an older version have let one through that does not parse."""
    try:
        return campaign.parsed.preview(3, {"phone": "8801711123456"})
    except Invalid:
        return [campaign.message]


def _people(rows: Rows, desk: Desk, campaign_id: int) -> dict[str, Any]:
    campaign = campaigns.of_user(rows, desk.user.id, known_id(campaign_id))
    query = desk.request.query_params
    search = Search(typed(query.get("q", ""), 100), query.get("state", "")[:20])
    cursor = cursor_of(query.get("cursor", ""))
    digits = digits_in(search.q)
    found = progress.recipients(
        rows,
        desk.user.id,
        campaign.id,
        statuses=FILTERS.get(search.state, ()),
        text="" if digits else search.q,
        digits=digits,
        cursor=cursor,
        per_page=PEOPLE_PER_PAGE,
    )
    messages = [one.message for one in found.recipients]
    return {
        "campaign": campaign,
        "search": search,
        "cursor": cursor,
        "filters": FILTERS,
        "found": found,
        "why": explaining.explain(rows, messages, config=desk.box.config, now=desk.voice.now),
        "people_poll": "4s" if campaign.status == "sending" else "20s",
    }


router = Mount(path="/", route_handlers=[page, live, show, show_live, people, pause, resume, stop, redispatch])
