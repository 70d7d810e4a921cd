"""How a thing is called on pages: one word for it wherever it is shown, with a tone and an icon.

Templates have it as `names`: `names.phones.state(device)`.
"""

from __future__ import annotations

from wabox.dashboard.names import (
    account,
    admin,
    alerts,
    campaigns,
    contacts,
    deeds,
    enclosed,
    faults,
    files,
    inbox,
    menu,
    messages,
    money,
    phones,
    reports,
    said,
    shown,
    texts,
    webhooks,
)

__all__ = [
    "account",
    "admin",
    "alerts",
    "campaigns",
    "contacts",
    "deeds",
    "enclosed",
    "faults",
    "files",
    "inbox",
    "menu",
    "messages",
    "money",
    "phones",
    "reports",
    "said",
    "shown",
    "texts",
    "webhooks",
]
