"""People who hide their number, edit what they wrote, or let a machine answer, as the faults say."""

from __future__ import annotations

import secrets
from typing import Any

from wabox.errors import Invalid
from wabox.sandbox import enclosed
from wabox.sandbox.faults import Faults
from wabox.sandbox.world import Account, Message, World


def told(world: World, person: Account, at: float, *, from_me: bool) -> dict[str, Any]:
    """What a page hears of this person beside phone and LID. It forgets the phone of a hidden one."""
    faults = world.faults
    return {
        "hidden": faults.hides(person.phone),
        "username": f"person.{person.lid[-6:]}" if person.phone in faults.username_only else None,
        "business": faults.auto_reply_ms is not None,
        "sealed_ms": None if from_me else faults.ciphertext_ms,
    }


def plan_edit(world: World, message: Message, now: float) -> None:
    """What was written will be changed, if that fault is on."""
    edit = world.faults.edit
    if edit is not None:
        world.later(now + edit.after_ms / 1000, lambda _at: change(world, message, edit.text))


def change(world: World, message: Message, text: str) -> None:
    """The person has changed what they wrote."""
    message.text = text
    world.keep_message(message)
    _tell(world, message, {"kind": "edit", "text": text})


def last_of(world: World, sender: str, to: str, message_id: str | None = None) -> Message:
    """What this person wrote to this linked phone: the message of this id, or the last. Raises Invalid."""
    for message in reversed(world.kept.messages):
        ours = message.kind == "inbound" and (message.sender, message.to) == (sender, to)
        if ours and message_id in (None, message.id):
            return message
    raise Invalid("nothing_written", "This person has written nothing to that phone.")


def take_back(world: World, message: Message, now: float) -> None:
    """The person has deleted what they wrote, for everybody: that is a message of its own."""
    message.text, message.media, message.enclosed, message.quote = "", {"kind": "revoked"}, None, None
    world.keep_message(message)
    tell_revoked(world, message, now)


def tell_revoked(world: World, message: Message, now: float) -> None:
    """Linked devices of whoever got it hear that it is deleted."""
    revoke = "3A" + secrets.token_hex(9).upper()
    _tell(world, message, {"kind": "revoke", "revoke": revoke, "t": int(now) + world.faults.skew_s})


def quoted(world: World, sender: str, to: str, message_id: str) -> dict[str, Any]:
    """A message of the talk of these two, as a reply of the sender quotes it. Raises Invalid."""
    for own, found in ((False, world.by_id.get((sender, message_id))), (True, world.by_id.get((to, message_id)))):
        if found is not None and {found.sender, found.to} == {sender, to}:
            told = enclosed.told(found.enclosed) or {}
            kind = told.get("type") or (found.media or {}).get("kind", "chat")
            return {"id": message_id, "own": own, "kind": kind, "text": found.text}
    raise Invalid("nothing_quoted", "There is no message with the id in `quote` between these two.")


def let_vanish(world: World, person: str, to: str, seconds: int) -> None:
    """In the chat of these two what is written from now on vanishes after so long; 0 = never. Raises Invalid."""
    companions = world.companions_of(to)
    if not companions:
        raise Invalid("not_linked", "No device is linked to the phone in `to`. Link it first.")
    account = world.account(person)
    wait = world.faults.vanish_ms
    event = {
        "kind": "vanishing",
        "phone": account.phone,
        "lid": account.lid,
        "hidden": world.faults.hides(account.phone),
        "seconds": seconds,
        "gone_ms": seconds * 1000 if wait is None else wait,
    }
    for companion in companions:
        world.enqueue(companion, event)


def reveal(world: World, before: Faults) -> None:
    """Linked pages learn the numbers that are hidden no longer."""
    hidden = {*before.lid_unknown, *before.hidden_number, *before.username_only}
    for phone in sorted(one for one in hidden if not world.faults.hides(one)):
        person = world.account(phone)
        for companion in world.kept.companions.values():
            world.enqueue(companion, {"kind": "mapping", "phone": phone, "lid": person.lid})


def _tell(world: World, message: Message, event: dict[str, Any]) -> None:
    person = world.account(message.sender)
    told = {
        **event,
        "id": message.id,
        "phone": person.phone,
        "lid": person.lid,
        "hidden": world.faults.hides(person.phone),
    }
    for companion in world.companions_of(message.to):
        world.enqueue(companion, told)
