"""Emoji that phones put to messages: each phone has one on a message, the last, or none."""

from __future__ import annotations

import secrets
from typing import Any

from wabox.errors import Invalid, Refusal
from wabox.sandbox.world import Message, Page, World

LONGEST = 32


def by_page(world: World, page: Page, message_id: str, emoji: str, *, own: bool, now: float) -> None:
    """A linked page put it there, or with an empty one took it back. Raises Refusal."""
    companion = world.kept.companions.get(page.companion or "")
    me = "" if companion is None else companion.phone
    message = next((one for one in world.kept.messages if one.id == message_id and _is_in(one, me, own=own)), None)
    if world.strikes("react_lost") or message is None or len(emoji) > LONGEST:
        raise Refusal("not_reacted", "The server did not take it.")
    _put(world, message, me, emoji, now, but=companion.id if companion else "")


def by_person(world: World, person: str, to: str, message_id: str | None, emoji: str, now: float) -> Message:
    """A person put it to a message of their talk with a linked phone, the last one it sent if none is named.

    Raises Invalid.
    """
    if len(emoji) > LONGEST:
        raise Invalid("invalid_emoji", "Give one emoji, or an empty text to take it back.")
    talk = [one for one in world.kept.messages if {one.sender, one.to} == {person, to} and not one.revoked]
    named = (
        [one for one in talk if one.id == message_id] if message_id else [one for one in talk if one.sender == to]
    )
    if not named:
        raise Invalid("no_such_message", "These two have no such message; GET /sandbox/messages lists them.")
    _put(world, named[-1], person, emoji, now)
    return named[-1]


def _is_in(message: Message, me: str, *, own: bool) -> bool:
    return (message.sender if own else message.to) == me and not message.revoked


def _put(world: World, message: Message, phone: str, emoji: str, now: float, *, but: str = "") -> None:
    """but: the linked device that did it and need not be told."""
    if emoji:
        message.reactions[phone] = emoji
    else:
        message.reactions.pop(phone, None)
    world.keep_message(message)
    for me, other in ((message.sender, message.to), (message.to, message.sender)):
        for companion in world.companions_of(me):
            if companion.id != but:
                world.enqueue(companion, _told(world, message, me, other, phone, emoji, now))


def _told(
    world: World, message: Message, me: str, other: str, phone: str, emoji: str, now: float
) -> dict[str, Any]:
    """As a device of this account hears of it."""
    person = world.account(other)
    return {
        "kind": "reaction",
        "id": "3A" + secrets.token_hex(9).upper(),
        "parent": message.id,
        "own": message.sender == me,
        "by_me": phone == me,
        "emoji": emoji,
        "phone": person.phone,
        "lid": person.lid,
        "hidden": world.faults.hides(person.phone),
        "t": int(now) + world.faults.skew_s,
    }
