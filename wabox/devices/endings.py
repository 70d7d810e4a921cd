"""Why WhatsApp ended a device's session, in words, each with its cure."""

from __future__ import annotations

from wabox.whatsapp import logouts
from wabox.whatsapp.logouts import Kind

OVER: dict[Kind, str] = {
    "removed": "The phone removed this device. Start it and scan the QR code again.",
    "locked": "WhatsApp locked this account. Open WhatsApp on the phone and do what it asks; then start the "
    "device and scan the QR code again.",
    "keys": "The keys of this link no longer fit the phone, as after WhatsApp was installed there anew. Start "
    "the device and scan the QR code again.",
    "outdated": "WhatsApp ended the link because its page was out of date. Start the device, which loads the "
    "newest one, and scan the QR code again.",
    "storage": "WhatsApp ended the link because its page could not store anything. Free some space on the disk "
    "of the box first; then start the device and scan the QR code again.",
    "sync": "WhatsApp ended the link because it could not bring it up to date with the phone. Keep WhatsApp "
    "open on the phone, start the device and scan the QR code again.",
    "lids": "WhatsApp ended the link while it moved chats to hidden numbers. Update WhatsApp on the phone; "
    "then start the device and scan the QR code again.",
    "page": "WhatsApp's page failed and ended the link. Start the device and scan the QR code again.",
    "unknown": "WhatsApp ended the link, for a reason that wabox does not know. Look at WhatsApp on the phone; "
    "then start the device and scan the QR code again.",
}

AGAIN: dict[Kind, str] = {
    "outdated": "WhatsApp says that its page was out of date. The link is kept, and the newest page is loaded.",
    "storage": "WhatsApp's page could not store anything. Free some space on the disk of the box; the link is "
    "kept and tried again.",
    "sync": "WhatsApp could not bring the link up to date with the phone. Keep WhatsApp open there; the link "
    "is kept and tried again.",
    "lids": "WhatsApp failed to move chats to hidden numbers. Update WhatsApp on the phone; the link is kept "
    "and tried again.",
    "page": "WhatsApp's page failed. The link is kept and tried again.",
    "unknown": "WhatsApp ended the session, for a reason that wabox does not know. The link is kept and tried "
    "again.",
}


def sentence(reason: str | None, *, over: bool) -> str:
    """What this name means, with its cure. over: the link is gone; else it is being tried again."""
    kind = logouts.kind(reason)
    return OVER[kind] if over else AGAIN.get(kind, AGAIN["unknown"])
