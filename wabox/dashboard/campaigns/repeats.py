"""Campaigns that repeat: all of them, each with when it goes next and what came of it, and one with its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.campaigns import repeating, repeats
from wabox.campaigns import stored as campaigns
from wabox.campaigns.repeats import Repeat
from wabox.campaigns.stored import Campaign
from wabox.contacts import audiences, own, segments
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.media import stored as media
from wabox.mounting import Mount

RUNS = 30


@dataclass(frozen=True, slots=True)
class Shown:
    """One as a page shows it. field: what the one with its date is called. last: the last of its runs."""

    repeat: Repeat
    field: str
    last: Campaign | None


@get("/campaigns/repeats")
async def page(desk: Desk) -> Response[str]:
    """All of them, the next that goes first."""

    def ask(rows: Rows) -> list[Shown]:
        return [_shown(rows, one) for one in repeats.every(rows, desk.user.id)]

    shown = await desk.box.db.read(ask)
    return desk.page("campaigns/repeats.html", here="campaigns", shown=shown)


@get("/campaigns/repeats/{repeat_id:int}")
async def show(repeat_id: int, desk: Desk) -> Response[str]:
    """One of them, with what it says, to whom, and its runs."""
    return await _page(desk, repeat_id)


@post("/campaigns/repeats/{repeat_id:int}/pause")
async def pause(repeat_id: int, desk: Desk) -> Response[str]:
    """It makes no run from now on."""
    await desk.box.db.write(repeating.pause, desk.user.id, known_id(repeat_id), now=desk.box.now())
    return desk.go(f"/campaigns/repeats/{repeat_id}", said="repeat_paused")


@post("/campaigns/repeats/{repeat_id:int}/resume")
async def resume(repeat_id: int, desk: Desk) -> Response[str]:
    """It goes on with its next date; or it is said why it cannot."""
    now, config = desk.box.now(), desk.box.config
    try:
        await desk.box.db.write(repeating.resume, desk.user.id, known_id(repeat_id), config=config, now=now)
    except Invalid as wrong:
        return await _page(desk, repeat_id, error=wrong.sentence, status=422)
    return desk.go(f"/campaigns/repeats/{repeat_id}", said="repeat_resumed")


@post("/campaigns/repeats/{repeat_id:int}/delete")
async def delete(repeat_id: int, desk: Desk) -> Response[str]:
    """It is gone; its runs stay."""

    def verb(tx: Tx) -> None:
        gone = repeating.remove(tx, desk.user.id, known)
        audit.note(
            tx,
            user_id=desk.user.id,
            action="repeat.deleted",
            subject=str(repeat_id),
            details={"name": gone.name},
            ip=desk.ip,
            now=desk.box.now(),
        )

    known = known_id(repeat_id)
    while await desk.box.db.write(repeating.wind_up, desk.user.id, known, now=desk.box.now()):
        pass
    await desk.box.db.write(verb)
    return desk.go("/campaigns", said="repeat_gone")


async def _page(desk: Desk, repeat_id: int, *, error: str = "", status: int = 200) -> Response[str]:
    found = await desk.box.db.read(_one, desk, known_id(repeat_id))
    return desk.page("campaigns/repeat.html", status=status, here="campaigns", error=error, **found)


def _one(rows: Rows, desk: Desk, repeat_id: int) -> dict[str, Any]:
    one = repeats.of_user(rows, desk.user.id, repeat_id)
    segment, ids = segments.read(one.audience), one.device_ids
    labels = [it.label for it in devices.list_of(rows, desk.user.id) if ids is not None and it.id in ids]
    return {
        "one": _shown(rows, one),
        "saved": audiences.known(rows, desk.user.id, one.audience_id),
        "segment": segment,
        "segment_is_all": segment == segments.EVERYBODY,
        "phones": None if ids is None else labels,
        "file": media.named(rows, [one.media_id]).get(one.media_id or 0),
        "runs": campaigns.runs(rows, desk.user.id, one.id, per_page=RUNS),
    }


def _shown(rows: Rows, one: Repeat) -> Shown:
    field = next((it.name for it in own.every(rows, one.user_id) if it.id == one.occasion.field_id), "?")
    last = campaigns.runs(rows, one.user_id, one.id, per_page=1).campaigns
    return Shown(one, field, last[0] if last else None)


router = Mount(path="/", route_handlers=[page, show, pause, resume, delete])
