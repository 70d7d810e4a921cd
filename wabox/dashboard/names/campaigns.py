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

REASON: dict[str, str] = {
    "insufficient_credits": later("There were not enough credits at its time; buy credits, then resume it."),
    "tripwire_not_on_whatsapp": later(
        "Over 20 % of the numbers were not on WhatsApp; check the list, then resume it."
    ),
    "tripwire_opt_outs": later(
        "Over 5 % of the people asked not to be written to; think it over, then resume it."
    ),
    "tripwire_failures": later("Ten messages in a row failed; check the phone, then resume it."),
    "no_recipients": later("At its time nobody was in its audience."),
    "no_devices": later("The phones it was to go from are deleted; stop it, and make it anew with others."),
    "content_review": later("Whoever runs this box reads it first; then it goes on by itself."),
    "content_refused": later("Whoever runs this box did not let it go."),
}

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
