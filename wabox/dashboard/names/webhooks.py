"""Knows how webhooks are called: their events, whether one answers, and what became of each post."""

from __future__ import annotations

import re

from wabox.dashboard.names.shown import Shown
from wabox.dashboard.voice import Voice
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
    "box.alert": later("Something needs you, or is well again"),
}

# As engine/outgoing.py and engine/handshakes.py say them, with what each names.
_NAMING = (
    later("The receiver redirects to %(place)s, and a webhook is not redirected; set that address itself."),
    later("The receiver's certificate is for another name than %(host)s; correct it, or the address."),
    later("The receiver did not answer within %(seconds)s seconds."),
    later("The name %(host)s was not found; check its spelling and this machine's DNS."),
)
_SEVERAL = re.compile(r"(?<=\.) (?=The receiver's certificate )")

FAILING = Shown("bad", "webhook", later("Webhook"))

ON = Shown("good", "tick", later("On"))

OFF = Shown("calm", "power", later("Off"))

TROUBLE = Shown("bad", "alert", later("No answer"))


def state(endpoint: Endpoint) -> Shown:
    """Whether the state is on, and whether it answers."""
    if not endpoint.enabled:
        return OFF
    return TROUBLE if endpoint.failing_since else ON


def fault(voice: Voice, said: str) -> str:
    """Why a post failed: each of its sentences in the reader's language."""
    return " ".join(_sentence(voice, one) for one in _SEVERAL.split(said))


def _sentence(voice: Voice, said: str) -> str:
    for known in _NAMING:
        before, name, after = re.split(r"%\((\w+)\)s", known)
        if said.startswith(before) and said.endswith(after):
            return voice.say(known, **{name: said[len(before) : len(said) - len(after)]})
    return voice.say(said)
