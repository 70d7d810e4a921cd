"""What people wrote: the list of talks, and messages that may have meant to opt out."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.campaigns import replies
from wabox.contacts import inbox
from wabox.contacts import stored as contacts
from wabox.dashboard.frame.asked import cursor_of, typed
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.mounting import Mount

PER_PAGE = 40


@get("/inbox")
async def page(desk: Desk) -> Response[str]:
    """The talks, the latest first, and the tray above them."""
    return desk.page("inbox/page.html", here="inbox", **await desk.box.db.read(_threads, desk))


@get("/inbox/live")
async def live(desk: Desk) -> Response[str]:
    """Tray and talks, as they are now."""
    return desk.page("inbox/_threads.html", **await desk.box.db.read(_threads, desk))


@post("/inbox/tray/{inbox_id:int}")
async def review(inbox_id: int, desk: Desk) -> Response[str]:
    """A person has read it: its sender is opted out, or it meant nothing of the kind."""
    verdict = (await desk.form()).text("as")
    if verdict not in ("opt_out", "nothing"):
        raise Invalid("bad_verdict", later("Choose whether this person wants no more messages."))

    def verb(tx: Tx) -> None:
        now = desk.box.now()
        known = cast("inbox.Reviewed", verdict)
        message = inbox.review(tx, desk.user.id, known_id(inbox_id), known, now=now)
        if message is None or verdict == "nothing":
            return
        by = desk.user.email
        replies.opt_out_by_owner(tx, desk.user.id, message.phone, source="owner", by=by, now=now)
        audit.note(
            tx,
            user_id=desk.user.id,
            action="contact.opted_out",
            subject=f"inbox {inbox_id}",
            ip=desk.ip,
            now=now,
        )

    await desk.box.db.write(verb)
    return desk.go("/inbox", said="opted_out" if verdict == "opt_out" else "left_alone")


def _threads(rows: Rows, desk: Desk) -> dict[str, Any]:
    query = desk.request.query_params
    q, before = typed(query.get("q", "")), cursor_of(query.get("before", ""))
    found = inbox.threads(rows, desk.user.id, text=q, most=PER_PAGE + 1, before=before)
    tray = [] if q else inbox.tray(rows, desk.user.id)
    return {
        "q": q,
        "here_again": "?" + urlencode([*([("q", q)] if q else []), *([("before", before)] if before else [])]),
        "threads": found[:PER_PAGE],
        "before": before,
        "older": found[PER_PAGE - 1].last.id if len(found) > PER_PAGE else None,
        "tray": tray,
        "named": {one.phone: contacts.by_phone(rows, desk.user.id, one.phone) for one in tray},
        "unseen": inbox.unseen(rows, desk.user.id),
    }


router = Mount(
    path="/",
    route_handlers=[page, live, review],
)
