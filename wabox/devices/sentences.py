"""The one advice for a device in each state, its cure in it: whoever asks, wherever, is told the same."""

from __future__ import annotations

from wabox.devices import stored as devices
from wabox.errors import Unavailable
from wabox.whatsapp import logouts
from wabox.whatsapp.logouts import Kind


def advice(device: devices.Device) -> str:
    """What stands in the way and what to do about it; "" if it is well."""
    if device.remark is None:
        return OF_STATE.get(device.state, "")
    if device.detail in ("logged_out", "trying_again") or device.reason is not None:
        return of_ending(device.reason, over=device.detail == "logged_out")
    if device.detail == "action_required" and device.ready:
        return _GOES_ON
    if device.detail_text in OF_PAGE:
        return device.detail_text or ""
    return _SENTENCES[device.remark]


def fine_print(device: devices.Device) -> str:
    """What an engineer wants to know beside the advice, in English; "" if nothing."""
    tells = device.detail in _TECHNICAL and device.detail_text not in OF_PAGE
    return (device.detail_text or "") if tells else ""


def sentence(device: devices.Device) -> str | None:
    """The detail in words: the advice and the fine print; None if the state says all."""
    if device.remark is None:
        return None
    return f"{advice(device)} {fine_print(device)}".rstrip()


def said_of(remark: str) -> str:
    """What is said where no more than the detail is known; it leads to the advice where that has more to go by."""
    return _AT_FIRST.get(remark) or _SENTENCES.get(remark, "")


def of_ending(reason: str | None, *, over: bool) -> str:
    """What this name means, with its cure. over: the link is gone; else it is being tried again."""
    kind = logouts.kind(reason)
    return OVER[kind] if over else AGAIN.get(kind, AGAIN["unknown"])


def cannot_send(device: devices.Device) -> Unavailable:
    """What a sender is told while the device is not linked, so that nothing would ever go."""
    queued = 'send with "queue_if_offline": true.'
    said = (
        f"The device {device.label} is not linked to WhatsApp: link it on the page /whatsapp, then send again, "
        f"or {queued}"
    )
    if device.remark is not None:
        said = (
            f"The device {device.label} cannot send now. {advice(device)} To let the message wait for it, {queued}"
        )
    return Unavailable("device_not_ready", said, retry_after=60)


_SENTENCES: dict[str, str] = {
    "reconnecting": "The connection to WhatsApp is on its way back. Messages wait and go by themselves.",
    "conflict": "WhatsApp Web is open somewhere else for this link. Close it there, then restart the device here.",
    "passkey_required": "WhatsApp wants this account's passkey before it links, and wabox has none. Leave "
    "its page alone and follow what the phone shows; the doctor says more.",
    "checkpoint": "WhatsApp wants to be sure that this account is yours, and nothing is sent until then. "
    "Open WhatsApp on the phone and follow what it asks.",
    "action_required": "WhatsApp Web shows a box that wants an answer, and nothing is sent until then: look at it "
    "in the doctor.",
    "number_changed": "Another number was linked in place of the one before. Nothing goes from it until you say "
    "that it may, or log it out.",
    "engine_incompatible": "WhatsApp Web has changed, and wabox does not know this version yet. "
    "Bring a newer engine (Settings, WhatsApp engine); nothing is sent until then, and nothing is lost.",
    "browser_missing": "There is no Chromium on this machine. Install it with ./install.sh setup.",
    "browser_failed": "Chromium does not start or keeps ending. Run wabox doctor.",
    "page_failed": "WhatsApp Web does not load. Check the internet connection of the box, and that nothing blocks "
    "web.whatsapp.com.",
    "run_as_root": "wabox runs as root, where Chromium has no sandbox. Run it as its own user: "
    "sudo ./install.sh service.",
    "storage_full": "The disk of the box is full. Free some space; nothing is sent until then, and "
    "nothing is lost.",
}

OF_STATE: dict[str, str] = {
    "not_started": "Link this phone on the page WhatsApp. It takes a minute.",
    "qr": "Scan the code with the phone, or use a code by phone number.",
    "starting": "WhatsApp Web is opening; its QR code comes in a moment.",
}

# What a page itself says, where that is more than its detail; in the driver's words.
OF_PAGE = (
    "WhatsApp Web says that a proxy or firewall blocks it. Check the box's network.",
    "WhatsApp asks to accept new terms. Open WhatsApp on the phone and accept them.",
    "WhatsApp Business asks to accept new terms. Accept them on the phone.",
    "WhatsApp Web says that this version is too old. Restart the device.",
)

_TECHNICAL = ("engine_incompatible", "page_failed", "browser_failed")

_AT_FIRST: dict[str, str] = {
    "logged_out": "The phone is not linked any more; the page WhatsApp says why, and what to do.",
    "trying_again": "WhatsApp ended the session; the link is kept and tried again.",
    "page_failed": "WhatsApp Web does not load; the page WhatsApp says what to do.",
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
