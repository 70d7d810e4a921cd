"""Knows how what people write is called: the kinds of messages, and what became of a file that came with one."""

from __future__ import annotations

from wabox.contacts.inbox import Received
from wabox.contacts.inbox_files import Sent
from wabox.dashboard.names import enclosed
from wabox.dashboard.names.shown import Shown
from wabox.dashboard.voice import Voice
from wabox.languages import later
from wabox.whatsapp.driver import Quoted, SentPoll

_WITH_BUTTONS = Shown("calm", "messages", later("Message with buttons, or an answer to one"))

# By WhatsApp's own name for a kind, as its page tells it.
KIND: dict[str, Shown] = {
    "chat": Shown("calm", "messages", later("Empty message")),
    "image": Shown("calm", "eye", later("Picture")),
    "video": Shown("calm", "play", later("Video")),
    "ptv": Shown("calm", "play", later("Video note")),
    "audio": Shown("calm", "play", later("Sound")),
    "ptt": Shown("calm", "messages", later("Voice note")),
    "document": Shown("calm", "copy", later("Document")),
    "sticker": Shown("calm", "eye", later("Sticker")),
    "gif": Shown("calm", "play", later("GIF")),
    "location": Shown("calm", "globe", later("Location")),
    "live_location": Shown("calm", "globe", later("Live location: follow it on the phone")),
    "vcard": Shown("calm", "people", later("Contact card")),
    "multi_vcard": Shown("calm", "people", later("Contact cards")),
    "poll_creation": Shown("calm", "chart", later("Poll")),
    "view_once": Shown("calm", "eye", later("To be seen once: look at it on the phone")),
    "order": Shown("calm", "box", later("Order")),
    "product": Shown("calm", "box", later("Product")),
    "oversized": Shown("calm", "messages", later("Long message")),
    **dict.fromkeys(("sticker_pack", "sticker-pack"), Shown("calm", "eye", later("Stickers"))),
    "event_creation": Shown("calm", "calendar", later("Event")),
    "groups_v4_invite": Shown("calm", "people", later("Invitation to a group")),
    "payment": Shown("calm", "box", later("Payment")),
    **dict.fromkeys(("list", "list_response", "buttons_response", "template_button_reply", "hsm"), _WITH_BUTTONS),
    **dict.fromkeys(("interactive", "interactive_response", "native_flow"), _WITH_BUTTONS),
}
_UNKNOWN = later("Something that this box cannot show yet: look at it on the phone.")
_MESSAGE = later("Message")
_WITHDRAWN = later("Deleted by its writer")
_POLL = later("Poll: %(question)s")
_STATE = {
    "expired": later("WhatsApp does not have it any more. Ask the person to send it again, or try once more."),
    "too_large": later("Larger than this box keeps; look at it on the phone."),
    "refused": later("Not kept: it could harm a computer, or is damaged. Look at it on the phone."),
    "here": later("No longer here; WhatsApp may still have it."),
}
_FAILED = {
    "storage_full": later("The disk of the box is full, so it was not fetched."),
    "media_full": later("The files of this box fill all of their room, so it was not fetched."),
    "missing": later("WhatsApp's page does not find this message any more."),
}
_NO_ANSWER = later("It did not come: WhatsApp did not answer.")
_COMING = later("It is being fetched; that may take a minute, or until its phone is connected.")


def icon(received: Received) -> str:
    """The picture before a message without words."""
    return KIND[received.kind].icon if received.kind in KIND else "question"


def kind(voice: Voice, received: Received) -> str:
    """What a message is, in a word or two: `Voice note`, `Location`."""
    known = KIND.get(received.kind)
    return voice.say(known.word) if known else voice.say(_UNKNOWN)


def line(voice: Voice, received: Received) -> str:
    """What it says, else what it is."""
    if received.revoked_at is not None:
        return voice.say(_WITHDRAWN)
    if isinstance(received.instead, SentPoll):
        return voice.say(_POLL, question=received.text or ", ".join(received.instead.options))
    if received.instead is not None and not received.text:
        return enclosed.sent_line(voice, received.instead)
    return received.text or kind(voice, received)


def quote(voice: Voice, quoted: Quoted) -> str:
    """What a reply quotes, in a line: `Is it still there?`, `Picture: our new prices`."""
    known = KIND.get(quoted.kind)
    if quoted.kind == "chat":
        return quoted.text or voice.say(_MESSAGE)
    word = voice.say(known.word) if known else voice.say(_MESSAGE)
    return f"{word}: {quoted.text}" if quoted.text else word


def length(voice: Voice, seconds: float) -> str:
    """How long something plays: `0:12`."""
    minutes, left = divmod(max(1, round(seconds)), 60)
    return voice.digits(f"{minutes}:{left:02}")


def state(sent: Sent) -> str | None:
    """What became of the file, in a sentence; None: nobody asked for it yet, or it is here."""
    if sent.there:
        return None
    if sent.asked_at is not None:
        return _COMING
    if sent.state == "failed":
        return _FAILED.get(sent.reason or "", _NO_ANSWER)
    return _STATE.get(sent.state)
