"""Knows the menu: its places, and which of them a reader has."""

from __future__ import annotations

from dataclasses import dataclass

from wabox.config import Config
from wabox.dashboard.voice import Voice
from wabox.languages import later

MOST_SHOWN = 99
KEYS = {  # after g, the key that leads to a place
    "home": "h",
    "inbox": "i",
    "campaigns": "c",
    "contacts": "p",
    "texts": "t",
    "messages": "m",
    "reports": "r",
    "whatsapp": "w",
    "settings": "s",
}
COUNTED = ("inbox", "whatsapp", "payments", "accounts")  # places that say how much waits there


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the menu. main: also in the bar at the bottom of a phone's screen."""

    key: str
    path: str
    icon: str
    word: str
    main: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Places that belong together, under one word."""

    word: str
    places: tuple[Place, ...]


SETTINGS = Place("settings", "/settings", "settings", later("Settings"))

GROUPS = (
    Group(
        later("Talk"),
        (
            Place("home", "/", "home", later("Home"), main=True),
            Place("search", "/search", "search", later("Search")),
            Place("inbox", "/inbox", "inbox", later("Inbox"), main=True),
            Place("campaigns", "/campaigns", "megaphone", later("Campaigns"), main=True),
            Place("contacts", "/contacts", "people", later("Contacts")),
            Place("texts", "/texts", "pencil", later("Stored texts")),
            Place("files", "/files", "box", later("Files")),
        ),
    ),
    Group(
        later("Results"),
        (
            Place("messages", "/messages", "messages", later("Messages")),
            Place("reports", "/reports", "chart", later("Reports")),
        ),
    ),
    Group(later("Phones"), (Place("whatsapp", "/whatsapp", "phone", later("WhatsApp")),)),
    Group(
        later("More"),
        (
            SETTINGS,
            Place("webhooks", "/webhooks", "webhook", later("Webhooks")),
            Place("keys", "/settings/keys", "key", later("API keys")),
            Place("docs", "/docs", "code", later("API reference")),
            Place("help", "/help", "question", later("Help")),
        ),
    ),
)

# What stands before Settings where others use the box: for its owner, and with billing for customers and owner.
CUSTOMERS = (Place("billing", "/billing", "coins", later("Plan and credits")),)

HOSTS = (Place("accounts", "/admin/users", "people", later("Accounts")),)

SELLERS = (
    Place("payments", "/admin/payments", "coins", later("Payments")),
    Place("plans", "/admin/plans", "tag", later("Plans")),
)


def count(voice: Voice, waits: int) -> str:
    """How much waits at a place, as the menu has room for it; "" for nothing."""
    return voice.num(min(waits, MOST_SHOWN)) + ("+" if waits > MOST_SHOWN else "") if waits else ""


def main(shown: tuple[Group, ...]) -> list[Place]:
    """Those of the menu that stand in the bar of a phone."""
    return [place for group in shown for place in group.places if place.main]


def groups(config: Config, role: str) -> tuple[Group, ...]:
    """The menu of somebody in this role, with what others' accounts and billing add before Settings."""
    if not config.others_use_it:
        return GROUPS
    if role == "owner":
        added = HOSTS + (SELLERS if config.billing.enabled else ())
    else:
        added = CUSTOMERS if config.billing.enabled else ()
    last = GROUPS[-1]
    return (*GROUPS[:-1], Group(last.word, added + last.places))
