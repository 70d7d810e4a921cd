"""Knows how it is called when something does not work: heads of error pages, and a box that cannot write."""

from __future__ import annotations

from wabox.languages import later

_HURT = {
    "database_damaged": later("The database is damaged"),
    "storage_failing": later("The disk fails"),
    "storage_full": later("The disk is full"),
}

_TITLES = {
    401: later("Please log in"),
    403: later("Not allowed"),
    404: later("Nothing here"),
    405: later("That does not work this way"),
    413: later("That is too large"),
    429: later("Too many tries"),
    500: later("Something broke in wabox"),
    503: later("wabox is busy"),
}

DAMAGED = later(
    "The database of this box is damaged: nothing is sent or changed. Stop wabox and put the database back from a "
    "backup."
)
DAMAGED_FOR_OTHERS = later(
    "The database of this box is damaged: nothing is sent or changed until whoever runs it has put it back."
)

FAILING = {
    "storage_failing": later("The disk cannot be read or written, so nothing is sent or changed until it can."),
    "storage_full": later("The disk is full, so nothing is sent or changed. Free some space."),
}

FAILING_OTHERWISE = later("Nothing can be written now, so nothing is sent or changed.")


def title(status: int, code: str = "") -> str:
    """The head of an error page; a hurt box is called by its name, not busy."""
    return _HURT.get(code) or _TITLES.get(status, later("That did not work"))


def failing(code: str | None) -> str:
    """Why nothing can be written now. code: what the database calls it, if it knows."""
    return FAILING.get(code or "", FAILING_OTHERWISE)
