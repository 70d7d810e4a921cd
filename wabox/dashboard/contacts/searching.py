"""Knows what is asked of the list of people, and what each filter means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wabox.contacts.stored import Wanted
from wabox.dashboard.frame.asked import address, typed
from wabox.languages import later

# A filter, what it is called, and what it asks for.
ONLY: dict[str, tuple[str, Wanted]] = {
    "opted_out": (later("Opted out"), Wanted(opted_out=True)),
    "no_consent": (later("No consent"), Wanted(consented=False)),
    "wrote": (later("Wrote to me"), Wanted(wrote=True)),
    "never": (later("Never written to"), Wanted(written_to=False)),
    "namesakes": (later("Same name twice"), Wanted(namesakes=True)),
}


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked of the list, as it was typed. only: a key of ONLY, or ""."""

    q: str = ""
    tag: str = ""
    only: str = ""

    @property
    def anything(self) -> bool:
        """Whether anything was."""
        return bool(self.q or self.tag or self.only)

    @property
    def wanted(self) -> Wanted:
        """What it means."""
        asked = ONLY[self.only][1] if self.only else Wanted()
        return Wanted(
            tag=self.tag or None,
            text=self.q or None,
            opted_out=asked.opted_out,
            consented=asked.consented,
            wrote=asked.wrote,
            written_to=asked.written_to,
            namesakes=asked.namesakes,
        )

    def query(self, cursor: int | None = None, **instead: str) -> str:
        """The address of this search, for links. instead: fields that are otherwise."""
        return address(cursor, **{"q": self.q, "tag": self.tag, "only": self.only, **instead})


def search_of(text: Callable[[str], str]) -> Search:
    """The search in an address or a form. text: a field's text, "" if it has none."""
    only = text("only")
    return Search(typed(text("q")), typed(text("tag")), only if only in ONLY else "")
