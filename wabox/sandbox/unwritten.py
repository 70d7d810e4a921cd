"""What linked devices are told and nobody wrote to them: votes, notices, WhatsApp's own account, channels."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from wabox.errors import Invalid
from wabox.sandbox.world import Message, World

Chat = Literal["person", "whatsapp", "status", "group", "newsletter"]

_CHATS = {
    "whatsapp": "0@c.us",
    "status": "status@broadcast",
    "group": "120363000000000001@g.us",
    "newsletter": "120363000000000002@newsletter",
}
_BY_PEOPLE = frozenset(
    ["chat", "image", "video", "ptv", "audio", "ptt", "document", "sticker", "location", "vcard", "multi_vcard"]
    + ["poll_creation", "order", "product"]
)
_OF_THE_SYSTEM = frozenset(
    ["notification", "notification_template", "group_notification", "gp2", "broadcast_notification"]
    + ["e2e_notification", "newsletter_notification", "call_log", "protocol", "ciphertext", "revoked", "debug"]
    + ["status", "album", "reaction", "reaction_enc", "poll_update", "pinned_message", "keep_in_chat", "comment"]
    + ["event_response"]
)
_KIND = re.compile(r"[a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True)
class Notice:
    """kind, subtype: WhatsApp's types of it. sender: the person it is about, or who wrote to many."""

    kind: str
    chat: Chat = "person"
    sender: str | None = None
    subtype: str = ""
    text: str = ""


def is_of_tomorrow(kind: str) -> bool:
    """Whether a person's message of this type is of one that no page knows yet. Raises Invalid for nobody's."""
    if not _KIND.fullmatch(kind) or kind in _OF_THE_SYSTEM:
        raise Invalid(
            "invalid_kind", "Give `kind` as a type that people write; POST /sandbox/notice makes the others."
        )
    return kind not in _BY_PEOPLE


def notice(world: World, to: str, one: Notice, now: float) -> dict[str, Any]:
    """The linked devices of this phone show it from now on. Returns its id, chat and kind. Raises Invalid."""
    companions = world.companions_of(to)
    if not companions:
        raise Invalid("not_linked", "No device is linked to the phone in `to`. Link it first.")
    if not _KIND.fullmatch(one.kind):
        raise Invalid("invalid_kind", "Give `kind` as WhatsApp's type, such as pinned_message or call_log.")
    if one.chat == "person" and one.kind in _BY_PEOPLE:
        raise Invalid("written_by_people", "People write that; POST /sandbox/inbound makes it.")
    if one.chat != "whatsapp" and one.chat != "newsletter" and one.sender is None:
        raise Invalid("invalid_body", "Say in `from` which person it is about.")
    event = {
        "kind": "notice",
        "id": "3A" + secrets.token_hex(9).upper(),
        "type": one.kind,
        "subtype": one.subtype,
        "chat": _CHATS.get(one.chat),
        "text": one.text,
        "t": int(now) + world.faults.skew_s,
        **(_who(world, one.sender) if one.sender is not None else {}),
    }
    for companion in companions:
        world.enqueue(companion, event)
    return {"id": event["id"], "chat": one.chat, "kind": one.kind, "to": to}


def vote(world: World, person: str, to: str, message_id: str | None, options: list[str], now: float) -> Message:
    """The person has chosen these of a poll that they got, the last if none is named. Raises Invalid."""
    polls = [
        one
        for one in world.kept.messages
        if (one.sender, one.to) == (to, person) and "poll" in (one.enclosed or {}) and message_id in (None, one.id)
    ]
    if not polls:
        raise Invalid("no_such_poll", "This person got no such poll from that phone.")
    message = polls[-1]
    poll = (message.enclosed or {})["poll"]
    chosen = [one for one in poll["options"] if one in options]
    if len(chosen) != len(options) or (len(chosen) > 1 and not poll["many"]):
        raise Invalid("invalid_options", "Choose of the poll's own options, and one only unless it takes many.")
    message.votes = {**message.votes, person: chosen}
    world.keep_message(message)
    event = {
        "kind": "vote",
        "id": "3A" + secrets.token_hex(9).upper(),
        "parent": message.id,
        "options": [poll["options"].index(one) for one in chosen],
        "t": int(now) + world.faults.skew_s,
        **_who(world, person),
    }
    for companion in world.companions_of(to):
        world.enqueue(companion, event)
    return message


def _who(world: World, phone: str) -> dict[str, Any]:
    person = world.account(phone)
    return {"phone": person.phone, "lid": person.lid, "hidden": world.faults.hides(person.phone)}
