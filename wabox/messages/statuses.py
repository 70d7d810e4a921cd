"""Knows the statuses of a message, and says why one ended as it did."""

from __future__ import annotations

from typing import Literal

Status = Literal["queued", "sending", "sent", "delivered", "read", "failed", "skipped", "cancelled", "unknown"]
OPEN: tuple[Status, ...] = ("queued", "sending")
REACHED: tuple[Status, ...] = ("sent", "delivered", "read")
STATUSES: tuple[Status, ...] = (*OPEN, *REACHED, "failed", "skipped", "cancelled", "unknown")
_SENTENCES: dict[str, str] = {
    "not_on_whatsapp": "This number is not on WhatsApp.",
    "expired": "It was not sent before its expires_at.",
    "opted_out": "This person asked not to be written to.",
    "same_person": "This person got this campaign under another number.",
    "blocked_by_you": "You have blocked this person in WhatsApp. Unblock them on the phone to write to them.",
    "device_removed": "The device was deleted before the message went.",
    "refused": "WhatsApp refused the message; the person did not get it. If this happens often, write to fewer "
    "new people.",
    "refused_later": "WhatsApp took the message and refused it a little later; the person did not get it. "
    "If this happens often, the number is limited: write to fewer new people.",
    "not_entered": "WhatsApp Web did not take the message, three times. It did not go.",
    "campaign_stopped": "The campaign was stopped before the message went.",
    "link_lost": "The phone was unlinked while the message was on its way; it may have gone. "
    "Look on the phone, then settle it.",
    "history_lost": "WhatsApp's history on this box is incomplete, so nobody can tell whether it went. "
    "Look on the phone, then settle it.",
    "no_answer": "WhatsApp did not confirm the message; it may have gone. Look on the phone, then settle it.",
    "withheld": "It was with WhatsApp Web, without an answer, when it should no longer go, so wabox did not try "
    "again; it may have gone. Look on the phone, then settle it.",
    "settled_not_sent": "You settled it as not sent.",
    "message_too_long": "With this contact's data the text is over 4,096 characters.",
    "message_empty": "With this contact's data the text is empty.",
    "no_consent": "There is no consent on record for this contact.",
    "content_refused": "Its text is not allowed on this box.",
}


def sentence(error: str | None) -> str | None:
    """An error code in words that say what to do."""
    return None if error is None else _SENTENCES.get(error)
