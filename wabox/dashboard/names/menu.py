"""Knows the menu: its places, and which of them a reader has."""

from __future__ import annotations

from dataclasses import dataclass

from wabox.config import Config
from wabox.languages import later


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the menu. main: also in the bar at the bottom of a phone's screen."""

    key: str
    path: str
    icon: str
    word: str
    main: bool = True


NAV = (
    Place("home", "/", "home", later("Home")),
    Place("campaigns", "/campaigns", "megaphone", later("Campaigns")),
    Place("contacts", "/contacts", "people", later("Contacts")),
    Place("inbox", "/inbox", "inbox", later("Inbox")),
    Place("texts", "/texts", "pencil", later("Stored texts"), main=False),
    Place("files", "/files", "box", later("Files"), main=False),
    Place("messages", "/messages", "messages", later("Messages"), main=False),
    Place("queue", "/queue", "line", later("Queue"), main=False),
    Place("reports", "/reports", "chart", later("Reports"), main=False),
    Place("whatsapp", "/whatsapp", "phone", later("WhatsApp"), main=False),
    Place("webhooks", "/webhooks", "webhook", later("Webhooks"), main=False),
    Place("settings", "/settings", "settings", later("Settings"), main=False),
    Place("docs", "/docs", "code", later("API reference"), main=False),
    Place("help", "/help", "question", later("Help"), main=False),
)

# What stands before Settings where others use the box: for its owner, and with billing for customers and owner.
CUSTOMERS = (Place("billing", "/billing", "coins", later("Plan and credits"), main=False),)

HOSTS = (Place("accounts", "/admin/users", "people", later("Accounts"), main=False),)

SELLERS = (
    Place("payments", "/admin/payments", "coins", later("Payments"), main=False),
    Place("plans", "/admin/plans", "tag", later("Plans"), main=False),
)


def places(config: Config, role: str) -> tuple[Place, ...]:
    """The menu of somebody in this role, with what others' accounts and billing add before Settings."""
    if not config.others_use_it:
        return NAV
    if role == "owner":
        added = HOSTS + (SELLERS if config.billing.enabled else ())
    else:
        added = CUSTOMERS if config.billing.enabled else ()
    at = next(n for n, place in enumerate(NAV) if place.key == "settings")
    return NAV[:at] + added + NAV[at:]
