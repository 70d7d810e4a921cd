"""What waits for the owner's eye: the text, who wrote it and which rule holds it; yes, or no with a reason."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.response import Stream

from wabox import downloads
from wabox.campaigns import reviewing
from wabox.content import builtin
from wabox.dashboard.admin.filter import actor, check_open
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.names.admin import BUILTIN
from wabox.downloads import Given
from wabox.errors import Invalid
from wabox.media import store
from wabox.mounting import Mount

PER_PAGE = 30


@get("/admin/filter/reviews", owner=True)
async def page(desk: Desk) -> Response[str]:
    """The oldest first."""
    return await _page(desk)


@get("/admin/filter/reviews/{review_id:int}/picture", owner=True)
async def picture(review_id: int, desk: Desk) -> Stream:
    """The small picture of a file that waits for the owner's eye; wabox has drawn it itself."""
    check_open(desk)
    found = await desk.box.db.read(reviewing.file_of, known_id(review_id))
    path = store.small_of(desk.box.media, found.stored_sha256)
    try:
        given = Given(path, "image/webp", f"{review_id}.webp", found.stored_sha256, inline=True)
        return downloads.give(desk.request, given)
    except FileNotFoundError:
        raise nothing_here() from None


@post("/admin/filter/reviews/{review_id:int}/{what:str}", owner=True)
async def decide(review_id: int, what: str, desk: Desk) -> Response[str]:
    """It goes on its way, or never goes; a long campaign piece by piece."""
    check_open(desk)
    if what not in ("yes", "no"):
        raise nothing_here()
    reason = (await desk.form()).text("reason")
    try:
        while await _piece(desk, known_id(review_id), what, reason):
            pass
    except Invalid as wrong:
        return await _page(desk, wrong=(review_id, wrong.details), status=422)
    return desk.go("/admin/filter/reviews", said="review_passed" if what == "yes" else "review_refused")


async def _piece(desk: Desk, review_id: int, what: str, reason: str) -> int:
    by, now = actor(desk), desk.box.now()
    if what == "yes":
        return await desk.box.db.write(reviewing.approve, review_id, by=by, now=now)
    return await desk.box.db.write(reviewing.deny, review_id, reason, by=by, now=now)


async def _page(desk: Desk, *, wrong: tuple[int, dict[str, str]] = (0, {}), status: int = 200) -> Response[str]:
    check_open(desk)
    after = cursor_of(desk.request.query_params.get("after", "")) or 0
    found = await desk.box.db.read(reviewing.queue, after=after, most=PER_PAGE + 1)
    return desk.page(
        "admin/reviews.html",
        status=status,
        here="settings",
        entries=found[:PER_PAGE],
        after=after,
        later_ones=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
        wrong=wrong,
        called={name: BUILTIN[name] for name in builtin.NAMES},
    )


router = Mount(path="/", route_handlers=[page, picture, decide])
