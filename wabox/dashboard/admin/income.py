"""The income of a month: which payments came in, by currency, also as a file for the books."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date

from litestar import Response, get
from litestar.response import Stream

from wabox import times
from wabox.billing import income, money
from wabox.billing.income import Received
from wabox.contacts import exporting
from wabox.dashboard.frame.answers import download
from wabox.dashboard.frame.desk import Desk
from wabox.mounting import Mount

HEADER = ("invoice", "approved_at", "buyer", "plan", "provider", "transaction", "amount", "currency")
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@get("/admin/income", owner=True)
async def page(desk: Desk) -> Response[str]:
    """What came in that month, this one at first."""
    year, month = _asked(desk)
    received = await desk.box.db.read(income.month, year, month, zone=desk.voice.zone)
    return desk.page(
        "admin/income.html",
        here="payments",
        month=date(year, month, 1),
        asked=f"{year}-{month:02d}",
        before=f"{year - (month == 1)}-{(month - 2) % 12 + 1:02d}",
        after=f"{year + month // 12}-{month % 12 + 1:02d}" if (year, month) < _now(desk) else None,
        received=received,
        totals=income.totals(received),
    )


@get("/admin/income.csv", owner=True)
async def export(desk: Desk) -> Stream:
    """The same as a table."""
    year, month = _asked(desk)
    received = await desk.box.db.read(income.month, year, month, zone=desk.voice.zone)

    async def pieces() -> AsyncIterator[str]:
        yield exporting.text([HEADER, *map(_cells, received)], start=True)

    return download(pieces, f"income-{year}-{month:02d}.csv")


def _asked(desk: Desk) -> tuple[int, int]:
    found = _MONTH.fullmatch(desk.request.query_params.get("month", ""))
    return (int(found[1]), int(found[2])) if found else _now(desk)


def _now(desk: Desk) -> tuple[int, int]:
    today = desk.voice.now.astimezone(desk.voice.zone)
    return today.year, today.month


def _cells(one: Received) -> tuple[str, ...]:
    amount = money.plain(one.amount_minor, one.currency)
    number = f"{one.number:06d}"
    return (number, times.wire(one.approved_at), one.buyer, one.plan, one.provider, one.txid, amount, one.currency)


router = Mount(path="/", route_handlers=[page, export])
