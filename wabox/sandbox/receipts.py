"""What becomes of a message, told to the pages that sent it; in the order and shape that the faults say."""

from __future__ import annotations

from typing import Any

from wabox.sandbox.world import Message, World

GATHER_SECONDS = 0.25


def give(world: World, message: Message, ack: int, now: float) -> None:
    """The message has come so far, and its sender's devices hear of it."""
    message.ack = ack
    world.keep_message(message)
    if ack == 2 and world.faults.ack_skip:
        return
    person, shape = world.account(message.to), world.faults.receipts
    event = {
        "kind": "receipt",
        "id": message.id,
        "ids": [message.id],
        "ack": ack,
        "phone": person.phone,
        "lid": person.lid,
        "hidden": world.faults.hides(person.phone),
        "by": shape.by,
        "t": int(now),
    }
    if not (shape.shuffle or shape.batch):
        _tell(world, message.sender, event)
        return
    world.gathered.setdefault(message.sender, []).append(event)
    if len(world.gathered[message.sender]) == 1:
        world.later(now + GATHER_SECONDS, lambda _: _tell_gathered(world, message.sender))


def refuse(world: World, message: Message) -> None:
    """The server had taken the message, and does not deliver it."""
    if message.ack > 1:
        return
    message.ack = -1
    world.keep_message(message)
    for companion in world.companions_of(message.sender):
        world.enqueue(companion, {"kind": "nack", "id": message.id})


def _tell_gathered(world: World, sender: str) -> None:
    events, shape = world.gathered.pop(sender, []), world.faults.receipts
    if shape.shuffle:
        events.reverse()
    if shape.batch:
        events = _together(events)
    for event in events:
        _tell(world, sender, event)


def _together(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Receipts of the same kind from the same person, as one with many ids."""
    merged: dict[tuple[int, str], dict[str, Any]] = {}
    for event in events:
        one = merged.setdefault((event["ack"], event["phone"]), {**event, "ids": []})
        one["ids"].extend(event["ids"])
    return list(merged.values())


def _tell(world: World, sender: str, event: dict[str, Any]) -> None:
    late = world.faults.late_receipts and event["ack"] > 1
    for companion in world.companions_of(sender):
        for _ in range(1 + world.faults.receipts.repeat):
            world.enqueue(companion, event, now=not late)
