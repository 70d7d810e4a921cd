"""Looks for people, campaigns, messages and what people wrote in one field, and says which keys do what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get

from wabox.campaigns import stored as campaigns
from wabox.campaigns.stored import Campaign
from wabox.contacts import inbox, naming
from wabox.contacts.inbox import Received
from wabox.contacts.naming import Called
from wabox.dashboard.frame.asked import number, typed
from wabox.dashboard.frame.desk import BIGGEST_ID, Desk
from wabox.db import Rows
from wabox.errors import NotFound
from wabox.messages import log, stored
from wabox.messages.stored import Message
from wabox.mounting import Mount

SHORTEST = 2  # letters
MOST = 8  # of each kind


@dataclass(frozen=True, slots=True)
class Found:
    """What fits. named: how the people of messages and of what was written are called. numbered: by its number.

    far: it was looked as far back as it takes; else older messages may fit too.
    """

    people: list[Called]
    campaigns: list[Campaign]
    numbered: Message | None
    messages: list[Message]
    written: list[Received]
    named: dict[str, str]
    far: bool

    @property
    def anything(self) -> bool:
        """Whether anything does."""
        return bool(self.people or self.campaigns or self.numbered or self.messages or self.written)


@get("/search")
async def page(desk: Desk) -> Response[str]:
    """The field, what was found, and the keys."""
    return desk.page("home/search.html", here="search", **await _found(desk))


@get("/search/found")
async def found(desk: Desk) -> Response[str]:
    """What was found, while one types."""
    return desk.page("home/_found.html", **await _found(desk))


async def _found(desk: Desk) -> dict[str, Any]:
    q = typed(desk.request.query_params.get("q", ""))
    short = len(q) < SHORTEST and number(q) is None
    found = None if short else await desk.box.db.read(_look, desk.user.id, q)
    return {"q": q, "found": found, "named": found.named if found else {}, "most": MOST}


def _look(rows: Rows, user_id: int, q: str) -> Found:
    said, all_said = log.saying(rows, user_id, q, most=MOST)
    written, all_written = inbox.saying(rows, user_id, q, most=MOST)
    numbered = _numbered(rows, user_id, q)
    addresses = [one.phone for one in said] + [one.phone for one in written]
    addresses += [] if numbered is None else [numbered.phone]
    return Found(
        people=naming.called(rows, user_id, q, most=MOST),
        campaigns=campaigns.called(rows, user_id, q, most=MOST),
        numbered=numbered,
        messages=said,
        written=written,
        named=naming.names(rows, user_id, addresses),
        far=all_said and all_written,
    )


def _numbered(rows: Rows, user_id: int, q: str) -> Message | None:
    """The message with this number, `#12` or `12`."""
    asked = number(q.removeprefix("#"))
    if asked is None or not 0 < asked <= BIGGEST_ID:
        return None
    try:
        return stored.of_user(rows, user_id, asked)
    except NotFound:
        return None


router = Mount(path="/", route_handlers=[page, found])
