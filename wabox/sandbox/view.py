"""What the sandbox shows of itself: its state, and the messages that recipients got."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from wabox.errors import Invalid
from wabox.sandbox.faults import clean_phone
from wabox.sandbox.world import Message, Page, World


def wire_time(at: float) -> str:
    """A moment as UTC text in whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).isoformat()


def state(world: World, now: float) -> dict[str, Any]:
    """Linked phones with their devices, every phone known, open pages, totals, faults."""
    accounts = [_phone(world, each) for each in sorted(world.kept.accounts)]
    return {
        "sandbox": True,
        "phones": [each for each in accounts if each["linked"]],
        "accounts": accounts,
        "pages": [_page(world, each, now) for each in world.pages.values() if each.greeted],
        "totals": _totals(world),
        "faults": world.faults.shown(),
    }


def _phone(world: World, phone: str) -> dict[str, Any]:
    account = world.kept.accounts[phone]
    devices = world.companions_of(phone)
    return {
        "phone": phone,
        "name": account.name,
        "lid": account.lid,
        "on": account.on,
        "linked": bool(devices),
        "unread": list(account.unread),
        "devices": [
            {
                "device": each.device,
                "linked_at": wire_time(each.linked_at),
                "connected": world.page_of(each.id) is not None,
                "waiting_events": len(world.kept.queued.get(each.id, [])),
            }
            for each in devices
        ],
    }


def _page(world: World, page: Page, now: float) -> dict[str, Any]:
    companion = world.kept.companions.get(page.companion or "")
    with_code = page.code is not None and page.companion is None and now < page.code_until
    return {
        "id": page.id,
        "state": _page_state(page),
        "phone": companion.phone if companion else None,
        "qr": page.ref,
        "code": page.code if with_code else None,
        "code_phone": page.code_phone if with_code else None,
        "opened_at": wire_time(page.opened_at),
    }


def _page_state(page: Page) -> str:
    if page.waiting is not None:
        return "passkey"
    if page.conflicted:
        return "conflict"
    if page.companion is not None:
        return "linked"
    return "idle" if page.idle else "qr"


def _totals(world: World) -> dict[str, int]:
    sent = [each for each in world.kept.messages if each.kind == "sent"]
    return {
        "sent": len(sent),
        "delivered": sum(each.ack >= 2 for each in sent),
        "read": sum(each.ack >= 3 for each in sent),
        "repeated": sum(each.copies > 1 for each in sent),
        "inbound": len(world.kept.messages) - len(sent),
        "pages": len(world.pages),
        "linked_devices": len(world.kept.companions),
    }


def messages(world: World, *, to: str | None, sender: str | None, after: str | None) -> list[dict[str, Any]]:
    """What recipients got, oldest first; what linked phones got only when `to` names one.

    after: a message id, or a moment (ISO 8601 with offset, or epoch seconds). Raises Invalid.
    """
    found = world.kept.messages
    if after:
        found = _after(found, after)
    if sender:
        phone = clean_phone(sender)
        found = [each for each in found if each.sender == phone]
    if to:
        phone = clean_phone(to)
        inbound = bool(world.companions_of(phone))
        found = [each for each in found if each.to == phone and (inbound or each.kind == "sent")]
    else:
        found = [each for each in found if each.kind == "sent"]
    return [shown(each) for each in found]


def shown(message: Message) -> dict[str, Any]:
    """A message as the control API shows it."""
    result: dict[str, Any] = {
        "id": message.id,
        "from": message.sender,
        "to": message.to,
        "text": message.text,
        "at": wire_time(message.at),
        "copies": message.copies,
        "ack": message.ack,
    }
    if message.revoked:
        result["revoked"] = True
    if message.edited:
        result["edited"] = True
    if message.reactions:
        result["reactions"] = [{"from": phone, "emoji": emoji} for phone, emoji in message.reactions.items()]
    if message.votes:
        result["votes"] = [{"from": phone, "options": chosen} for phone, chosen in message.votes.items()]
    if message.quote:
        result["quote"] = message.quote["id"]
    if message.media:
        result["media"] = message.media
    return result | (message.enclosed or {})


def _after(found: list[Message], after: str) -> list[Message]:
    for place, message in enumerate(found):
        if message.id == after:
            return found[place + 1 :]
    moment = _moment(after)
    if moment is None:
        raise Invalid("invalid_after", "Give `after` as a message id, or a time like 2030-01-31T12:00:00Z.")
    return [each for each in found if each.at > moment]


def _moment(text: str) -> float | None:
    # A plus sign in a query arrives as a space.
    text = text.strip().replace(" ", "+") if "T" in text else text.strip()
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
