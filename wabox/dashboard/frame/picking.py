"""Knows which stored texts a page offers where one writes, and how one of them begins in a field."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from wabox.contacts import own
from wabox.dashboard.frame import file_forms
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows
from wabox.errors import NotFound
from wabox.media.stored import Media
from wabox.messages import template
from wabox.messages.spintax import VARIABLES
from wabox.texts import stored as texts
from wabox.texts.stored import Text


@dataclass(frozen=True, slots=True)
class Picked:
    """A text for a field. message: with fallbacks where no contact fills it in. gap: what to write first.

    media: the file that goes along, unless it is lost. as_document: a picture or video, as a file to save.
    """

    id: int
    name: str
    message: str
    gap: str
    media: Media | None
    as_document: bool

    @property
    def media_id(self) -> str:
        """Of its file, as a form has it."""
        return "" if self.media is None else self.media.number


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
    return [_picked(rows, user_id, one, filled) for one in found]


def _picked(rows: Rows, user_id: int, text: Text, filled: Collection[str]) -> Picked:
    media = file_forms.of_text(rows, user_id, text)
    return Picked(
        text.id,
        text.name,
        template.settled(text.message, filled),
        next(iter(template.needed_of(text.parsed, filled)), ""),
        media,
        media is not None and file_forms.as_document(media, text.media_kind),
    )


def known(rows: Rows, user_id: int, number: str) -> Text | None:
    """The user's text of this number; None for what is none, or gone."""
    text_id = cursor_of(number)
    try:
        return None if text_id is None else texts.of_user(rows, user_id, text_id)
    except NotFound:
        return None
