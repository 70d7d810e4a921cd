"""Texts that a shop can begin with, in each language: nobody has one until they ask for it."""

from __future__ import annotations

from datetime import datetime

from wabox.db import Tx
from wabox.languages import later
from wabox.languages.catalogues import say
from wabox.texts import stored
from wabox.texts.stored import Draft, Text

READY: tuple[tuple[str, str], ...] = (
    (
        later("Order ready"),
        later("Hello {name:dear customer}, your order {order} is ready. You can pick it up whenever we are open."),
    ),
    (
        later("Payment due"),
        later(
            "Hello {name:dear customer}, {amount} is due for {order:your order}. You can pay in the shop or "
            "answer here. Thank you!"
        ),
    ),
    (
        later("Thanks"),
        later("Thank you for your order, {name:dear customer}! If anything is not right, just answer here."),
    ),
    (
        later("Opening hours"),
        later("We are open {hours}. You are welcome to write here at any time; we answer when we are back."),
    ),
    (
        later("On its way"),
        later("Hello {name:dear customer}, your order {order} is on its way. Expect it {when:today}."),
    ),
)


def drafts(language: str) -> list[Draft]:
    """All of them in this language."""
    return [Draft(say(language, name), say(language, message), "service", language) for name, message in READY]


def add(tx: Tx, user_id: int, language: str, *, now: datetime) -> list[Text]:
    """The user has them all; those whose names are taken are left alone. Returns what is new.

    Raises Invalid `too_many_texts`.
    """
    new = [one for one in drafts(language) if stored.named(tx, user_id, one.name) is None]
    return [stored.add(tx, user_id, one, now=now) for one in new]
