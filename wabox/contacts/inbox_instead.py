"""What a person's message is beside a text, as rows and webhooks have it: a place, cards, answers of a poll."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TypeAlias

from wabox.whatsapp.driver import Inbound, Place, SentCard, SentPoll

Instead: TypeAlias = Place | tuple[SentCard, ...] | SentPoll


def kept(event: Inbound) -> str | None:
    """As the message's row holds it."""
    if event.place is not None:
        return json.dumps({"place": asdict(event.place)}, ensure_ascii=False)
    if event.cards:
        return json.dumps({"cards": [asdict(one) for one in event.cards]}, ensure_ascii=False)
    if event.poll is not None:
        return json.dumps({"poll": asdict(event.poll)}, ensure_ascii=False)
    return None


def read(text: str | None) -> Instead | None:
    """What `kept` wrote."""
    if text is None:
        return None
    found: dict[str, Any] = json.loads(text)
    if "place" in found:
        return Place(**found["place"])
    if "poll" in found:
        return SentPoll(tuple(found["poll"]["options"]))
    return tuple(SentCard(one["name"], tuple(one["phones"])) for one in found["cards"])


def told(event: Inbound) -> dict[str, object]:
    """As a webhook tells it, null for what it is not. contact: the first card's name and first number."""
    first = event.cards[0] if event.cards else None
    return {
        "location": None if event.place is None else asdict(event.place),
        "contact": None if first is None else {"name": first.name, "phone": next(iter(first.phones), None)},
        "contacts": [{"name": one.name, "phones": list(one.phones)} for one in event.cards],
        "poll": None if event.poll is None else {"question": event.text, "options": list(event.poll.options)},
    }
