"""A file that did not get up to WhatsApp: its message surely did not go, and nobody but the file is to blame.

It waits beside the line, so that a file that always fails holds up nobody; after three attempts it has failed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox.db import Tx
from wabox.messages import handing, outbox, stored
from wabox.whatsapp.driver import UPLOAD_ERROR, UPLOAD_STUCK

MOST_UPLOADS = 3
REST = timedelta(minutes=1)  # after the first attempt; longer after each further one


def refused(tx: Tx, message: stored.Message, reason: str, *, now: datetime) -> None:
    """sending → queued for a while, or failed: the file was not taken. reason: one of OF_FILES.

    What may be taken the next time is tried again, under another id: the page has this one as failed.
    """
    if reason != UPLOAD_ERROR or message.attempts >= MOST_UPLOADS:
        outbox.fail(tx, message, reason, now=now)
        return
    handing.put_back(tx, message, now=now, refused=True)
    _rest(tx, message, reason, now)


def stuck(tx: Tx, message: stored.Message, *, now: datetime) -> None:
    """sending → queued for a while, or failed: the upload came to no end, and a fresh page has nothing of it.

    The next attempt has the same id.
    """
    if message.attempts >= MOST_UPLOADS:
        outbox.fail(tx, message, UPLOAD_STUCK, now=now)
        return
    handing.put_back(tx, message, now=now)
    _rest(tx, message, UPLOAD_STUCK, now)


def _rest(tx: Tx, message: stored.Message, reason: str, now: datetime) -> None:
    outbox.hold(tx, message.id, until=now + message.attempts * REST, reason=reason)
