"""What a device's detail means, and why WhatsApp ended its session, in words, each with its cure."""

from __future__ import annotations

from wabox.devices import stored as devices
from wabox.whatsapp import logouts
from wabox.whatsapp.logouts import Kind


def said_of(remark: str) -> str:
    """What this detail means, with its cure, whatever else the page says; "" if there is nothing to say."""
    return _SENTENCES.get(remark, "")


def sentence(device: devices.Device) -> str | None:
    """The detail in words, with its cure; None if there is nothing to say."""
    if device.remark is None:
        return None
    if device.detail in ("logged_out", "trying_again") or device.reason is not None:
        return of_ending(device.reason, over=device.detail == "logged_out")
    if device.detail == "action_required" and device.ready:
        return device.detail_text or _GOES_ON
    return device.detail_text or _SENTENCES.get(device.remark)


def of_ending(reason: str | None, *, over: bool) -> str:
    """What this name means, with its cure. over: the link is gone; else it is being tried again."""
    kind = logouts.kind(reason)
    return OVER[kind] if over else AGAIN.get(kind, AGAIN["unknown"])


_SENTENCES: dict[str, str] = {
    "reconnecting": "The connection to WhatsApp is on its way back. Messages wait and go by themselves.",
    "conflict": "WhatsApp Web is open somewhere else for this link. Restart the device to use it here.",
    "passkey_required": "WhatsApp wants this account's passkey before it links, and wabox has none. It leaves "
    "the page alone meanwhile; the doctor says what you can do.",
    "checkpoint": "WhatsApp wants to be sure that this account is yours, and messages wait. Open WhatsApp on "
    "the phone and follow what it asks.",
    "action_required": "WhatsApp Web shows a box that wants an answer, and messages wait: look at it in the "
    "doctor.",
    "number_changed": "Another number was linked in place of the one before. Nothing goes from it until you say "
    "that it may, or log it out.",
    "engine_incompatible": "WhatsApp Web has changed, and wabox does not know this version yet. "
    "Messages wait; update wabox.",
    "browser_missing": "There is no Chromium on this machine. Install it with ./install.sh setup.",
    "browser_failed": "Chromium does not start or keeps ending. Run wabox doctor.",
    "page_failed": "WhatsApp Web does not load. Check the internet connection of the box.",
    "run_as_root": "wabox runs as root, where Chromium has no sandbox. Run it as its own user: "
    "sudo ./install.sh service.",
    "storage_full": "The disk of the box is full. Free some space: the link is kept, and messages wait.",
}

_GOES_ON = "WhatsApp Web shows a box that wants an answer: look at it in the doctor. Messages go on meanwhile."

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
