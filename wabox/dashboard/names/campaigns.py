"""Knows how campaigns are called: their states, why one stands still, and the parts of its bar."""

from __future__ import annotations

from wabox.campaigns import stored as campaigns
from wabox.campaigns.stored import Campaign
from wabox.dashboard.names.shown import Shown
from wabox.languages import later
from wabox.messages.template import Misfit

STATUS: dict[campaigns.Status, Shown] = {
    "scheduled": Shown("busy", "calendar", later("Planned")),
    "sending": Shown("busy", "send", later("Sending")),
    "paused": Shown("warn", "pause", later("Paused")),
    "completed": Shown("good", "tick", later("Done")),
    "stopped": Shown("calm", "stop", later("Stopped")),
    "failed": Shown("bad", "cross", later("Could not run")),
}

REASON = campaigns.REASONS

MISFIT: dict[Misfit, str] = {
    "caption_too_long": later("too long"),
    "message_too_long": later("too long"),
    "message_empty": later("empty"),
}


def meter(campaign: Campaign) -> list[tuple[str, int, str]]:
    """The parts of a campaign's bar: (kind, how many, word), the best first; nothing that is zero."""
    parts = (
        ("read", campaign.read, later("read")),
        ("delivered", campaign.delivered - campaign.read, later("delivered")),
        ("sent", campaign.sent - campaign.delivered, later("sent")),
        ("unknown", campaign.unknown, later("unsure")),
        ("failed", campaign.failed, later("failed")),
        ("skipped", campaign.skipped, later("skipped")),
        ("cancelled", campaign.cancelled, later("cancelled")),
        ("queued", campaign.queued, later("waiting")),
    )
    return [part for part in parts if part[1] > 0]
