"""People who hide their number, edit what they wrote, or let a machine answer, as the faults say."""

from __future__ import annotations

from typing import Any

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
    person = world.account(message.sender)
    for companion in world.companions_of(message.to):
        event = {
            "kind": "edit",
            "id": message.id,
            "phone": person.phone,
            "lid": person.lid,
            "hidden": world.faults.hides(person.phone),
            "text": text,
        }
        world.enqueue(companion, event)


def reveal(world: World, before: Faults) -> None:
    """Linked pages learn the numbers that are hidden no longer."""
    hidden = {*before.lid_unknown, *before.hidden_number, *before.username_only}
    for phone in sorted(one for one in hidden if not world.faults.hides(one)):
        person = world.account(phone)
        for companion in world.kept.companions.values():
            world.enqueue(companion, {"kind": "mapping", "phone": phone, "lid": person.lid})
