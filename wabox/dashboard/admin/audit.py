"""The owner's record of everything that was done on the box, searchable, and as a file for spreadsheets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from litestar import Response, get
from litestar.response import Stream

from wabox import times
from wabox.accounts import audit
from wabox.contacts import exporting
from wabox.dashboard.frame.answers import download
from wabox.dashboard.frame.asked import cursor_of, typed
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.mounting import Mount

PER_PAGE = 50
HEADER = ("at", "who", "action", "subject", "details", "ip")


@get("/admin/audit", owner=True)
async def page(desk: Desk) -> Response[str]:
    """Newest first."""
    before = desk.request.query_params.get("before", "")
    before_id = cursor_of(before)
    q = _asked(desk)
    found = await desk.box.db.read(audit.search, q, before=before_id, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return desk.page(
        "admin/audit.html",
        here="settings",
        q=q,
        entries=shown,
        newest={"q": q} if before_id is not None else None,
        older={"q": q, "before": shown[-1].id} if len(found) > PER_PAGE else None,
    )


@get("/admin/audit.csv", owner=True)
async def export(desk: Desk) -> Stream:
    """What the search finds, all of it."""
    q, day = _asked(desk), desk.voice.now.astimezone(desk.voice.zone).date()

    async def pieces() -> AsyncIterator[str]:
        yield exporting.text([HEADER], start=True)
        before: int | None = None
        while entries := await desk.box.db.read(audit.search, q, before=before, limit=audit.MOST):
            before = entries[-1].id
            yield exporting.text([_cells(one) for one in entries], start=False)

    await desk.box.db.write(_note, desk)
    return download(pieces, f"audit-{day}.csv")


def _note(tx: Tx, desk: Desk) -> None:
    audit.note(tx, user_id=desk.user.id, action="audit.exported", ip=desk.ip, now=desk.box.now())


def _asked(desk: Desk) -> str:
    return typed(desk.request.query_params.get("q", ""), 100)


def _cells(entry: audit.Entry) -> tuple[str, ...]:
    details = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
    who = entry.email or ("wabox" if entry.user_id is None else str(entry.user_id))
    return (times.wire(entry.at), who, entry.action, entry.subject or "", details, entry.ip or "")


router = Mount(path="/", route_handlers=[page, export])
