"""Letters about wa-js: WhatsApp has changed, a phone sends nothing, and what to do."""

from __future__ import annotations

from datetime import datetime

from wabox.accounts import users
from wabox.box import Box
from wabox.db import Tx
from wabox.devices import stored as devices
from wabox.languages import later
from wabox.letters import writing
from wabox.renewal import alerts

SUBJECT = later("WhatsApp has changed: %(label)s sends nothing")
TEXT = later(
    """WhatsApp has changed its page, and wabox does not know it any more, so the phone %(label)s sends nothing.
Nothing is lost: what waits goes as soon as the page is understood again.

%(missing)s

Bring a newer engine (wa-js); wabox tries it before any phone gets it, and no phone must be linked anew:
%(link)s"""
)
OTHERS = later(
    """WhatsApp has changed its page, and wabox does not know it any more, so the phone %(label)s sends nothing.
Nothing is lost: what waits goes as soon as the page is understood again.

Whoever runs this box has been told: %(owner)s."""
)


def if_incompatible(tx: Tx, box: Box, device_id: int, *, now: datetime) -> bool:
    """Whose phone lacks what sending needs is told, and so is the owner; once a day for a phone."""
    device = devices.by_id(tx, device_id)
    if device.detail != "engine_incompatible" or device.removed_at or not alerts.due(tx, device_id, now=now):
        return False
    owner, user = users.owner(tx), users.by_id(tx, device.user_id)
    if owner is not None:
        values = {
            "label": device.label,
            "missing": device.detail_text or "",
            "link": f"{box.base_url}/admin/engine",
        }
        writing.owe(tx, writing.to(box, owner), SUBJECT, TEXT, **values)
    if user is not None and user != owner:
        told = {"label": device.label, "owner": users.whom_to_write(tx)}
        writing.owe(tx, writing.to(box, user), SUBJECT, OTHERS, **told)
    return True
