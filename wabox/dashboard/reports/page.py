"""A period as a chart with a table under it, as CSV, on paper; and the ledger of an account with credits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from wabox import reports
from wabox.billing import ledger
from wabox.dashboard.frame.answers import download
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.reports import asking
from wabox.dashboard.reports.chart import chart, table
from wabox.db import Rows
from wabox.errors import Invalid
from wabox.mounting import Mount

ENTRIES = 30


@get("/reports")
async def page(desk: Desk) -> Response[str]:
    """What was sent and what became of it; credits only where they count."""
    return desk.page("reports/page.html", here="reports", **await desk.box.db.read(_numbers, desk))


@get("/reports.csv")
async def export(desk: Desk) -> Stream:
    """The days of the search, for a spreadsheet."""
    wanted, problem = asking.asked(asking.search(desk), desk)
    if problem is not None:
        raise Invalid("bad_period", problem)
    found = await desk.box.db.read(reports.daily, desk.user.id, wanted)

    async def pieces() -> AsyncIterator[str]:
        yield reports.as_csv(found)

    return download(pieces, f"reports-{wanted.first}-{wanted.last}.csv")


def _numbers(rows: Rows, desk: Desk) -> dict[str, Any]:
    search = asking.search(desk)
    wanted, problem = asking.asked(search, desk)
    found = reports.daily(rows, desk.user.id, wanted)
    return {
        "search": search,
        "problem": problem,
        "found": found,
        "chart": chart(found.days, desk.voice.zone),
        "table": table(found.days, desk.voice.zone),
        **asking.choices(rows, desk, wanted),
        **_ledger(rows, desk),
    }


def _ledger(rows: Rows, desk: Desk) -> dict[str, Any]:
    credits = ledger.credits_left(rows, desk.user.id)
    before = cursor_of(desk.request.query_params.get("before", ""))
    entries = [] if credits is None else ledger.page(rows, desk.user.id, before=before, most=ENTRIES + 1)
    return {
        "credits": credits,
        "entries": entries[:ENTRIES],
        "before": before,
        "older": entries[ENTRIES - 1].id if len(entries) > ENTRIES else None,
    }


router = Mount(path="/", route_handlers=[page, export])
