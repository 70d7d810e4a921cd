"""What of a stored text goes with one message: its words, filled in by the sender, and its file."""

from __future__ import annotations

from collections.abc import Collection, Container
from datetime import datetime

from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound
from wabox.languages import later
from wabox.media import keeping
from wabox.media import stored as files
from wabox.media.stored import Media
from wabox.messages import template
from wabox.messages.carrying import Carried
from wabox.messages.template import Template
from wabox.texts.stored import Text


def words(text: Text, given: Container[str], known: Collection[str]) -> Template | None:
    """The words, as `template.parse_for` understands them; None: the text is a file alone."""
    return template.parse_for(text.message, given, known) if text.message.strip() else None


def file(rows: Rows, user_id: int, text: Text) -> Media | None:
    """The file that goes with the user's text, if one does. Raises Invalid `file_gone`: the disk lost it."""
    if text.media_id is None:
        return None
    try:
        return files.of_user(rows, user_id, text.media_id).called(text.media_name)
    except NotFound:
        gone = later("The file of this stored text is gone; choose another for it, or take it off.")
        raise Invalid("file_gone", gone, details={"template_id": gone}) from None


def carried(tx: Tx, user_id: int, text: Text, *, now: datetime) -> Carried | None:
    """The text's file as a message carries it, used now. Raises as `file`."""
    found = foreseen(tx, user_id, text)
    if found is not None:
        keeping.use(tx, found.media.id, now=now)
    return found


def foreseen(rows: Rows, user_id: int, text: Text) -> Carried | None:
    """The text's file as a message would carry it; nothing is written. Raises as `file`."""
    media = file(rows, user_id, text)
    return None if media is None or text.media_kind is None else Carried(media, text.media_kind)
