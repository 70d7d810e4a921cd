"""Knows which stored texts a page offers where one writes, and how one of them begins in a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wabox.contacts import own
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows
from wabox.errors import NotFound
from wabox.messages import variables
from wabox.messages.spintax import VARIABLES
from wabox.texts import stored as texts
from wabox.texts.stored import Text


@dataclass(frozen=True, slots=True)
class Picked:
    """A text for a field. message: with fallbacks where no contact fills it in. gap: what to write first."""

    id: int
    name: str
    message: str
    gap: str


def offered(rows: Rows, desk: Desk) -> dict[str, Any]:
    """What `frame/picker.html` shows: the user's texts, by name."""
    return {"texts": texts.every(rows, desk.user.id)}


def wanted(rows: Rows, desk: Desk) -> Picked | None:
    """The user's text of the address, `?text=12`, for a field."""
    found = known(rows, desk.user.id, desk.request.query_params.get("text", ""))
    return None if found is None else picked(rows, desk.user.id, [found])[0]


def picked(rows: Rows, user_id: int, found: list[Text]) -> list[Picked]:
    """These texts of the user's, for a field."""
    filled = (*VARIABLES, *own.names(rows, user_id))
    return [
        Picked(
            one.id,
            one.name,
            variables.settled(one.message, filled),
            next(iter(variables.needed(one.parsed, filled)), ""),
        )
        for one in found
    ]


def known(rows: Rows, user_id: int, number: str) -> Text | None:
    """The user's text of this number; None for what is none, or gone."""
    text_id = cursor_of(number)
    try:
        return None if text_id is None else texts.of_user(rows, user_id, text_id)
    except NotFound:
        return None
