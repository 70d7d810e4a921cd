"""Knows how webhooks are called: their events, whether one answers, and what became of each post."""

from __future__ import annotations

from wabox.dashboard.names.shown import Shown
from wabox.languages import later
from wabox.webhooks import log
from wabox.webhooks.endpoints import Endpoint

DELIVERY: dict[log.Status, Shown] = {
    "owed": Shown("busy", "clock", later("On its way")),
    "delivered": Shown("good", "tick", later("Delivered")),
    "parked": Shown("bad", "pause", later("Parked")),
    "dropped": Shown("calm", "stop", later("Dropped")),
}

EVENT: dict[str, str] = {
    "delivery.sent": later("A message was sent"),
    "delivery.failed": later("A message failed"),
    "delivery.skipped": later("A message was skipped"),
    "delivery.delivered": later("It reached the phone"),
    "delivery.read": later("It was read"),
    "delivery.unknown": later("Nobody knows whether it went"),
    "delivery.cancelled": later("A message was cancelled"),
    "message.received": later("Somebody wrote to you"),
    "message.edited": later("A text was changed, or could not be"),
    "message.reaction": later("Somebody put an emoji to a message, or took it back"),
    "message.revoked": later("A message was deleted for everyone, or could not be"),
    "device.state": later("A phone's state changed"),
    "contact.opted_out": later("Somebody asked not to be written to"),
    "media.ready": later("A file that somebody sent is here"),
}

FAILING = Shown("bad", "webhook", later("Webhook"))

ON = Shown("good", "tick", later("On"))

OFF = Shown("calm", "power", later("Off"))

TROUBLE = Shown("bad", "alert", later("No answer"))


def state(endpoint: Endpoint) -> Shown:
    """Whether the state is on, and whether it answers."""
    if not endpoint.enabled:
        return OFF
    return TROUBLE if endpoint.failing_since else ON
