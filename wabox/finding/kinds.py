"""What can be found by its words: of which table the rows are, and what stands in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from wabox.db import Row
from wabox.finding import reading

Name = Literal["message", "inbox"]


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows m of a table, each of a user. more: the column with what there is instead of a text, as JSON."""

    name: Name
    table: str
    more: str

    @property
    def columns(self) -> str:
        """What `text_of` reads."""
        return f"m.id, m.text, m.{self.more} as more"


MESSAGES = Kind("message", "messages", "enclosed")
INBOX = Kind("inbox", "inbox", "instead")
KINDS = (MESSAGES, INBOX)


def text_of(row: Row) -> str:
    """All words of the row, folded."""
    text = row["text"] if row["more"] is None else "\n".join((row["text"], *_strings(json.loads(row["more"]))))
    return reading.folded(text)


def _strings(found: Any) -> list[str]:
    """The texts in it, without the names of their fields; what kind of thing it is says no text."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, dict):
        return [one for name, value in found.items() if name != "kind" for one in _strings(value)]
    return [one for value in found for one in _strings(value)] if isinstance(found, list) else []
