"""Knows how campaigns, imports, consent and credits are called on pages: a tone, an icon and words each."""

from __future__ import annotations

from wabox.campaigns import stored as campaigns
from wabox.campaigns.stored import Campaign
from wabox.dashboard.language import Voice, later
from wabox.dashboard.names.words import Shown

CAMPAIGN: dict[campaigns.Status, Shown] = {
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

ENDS: dict[str, str] = {
    "not_on_whatsapp": later("Not on WhatsApp"),
    "opted_out": later("Asked not to be written to"),
    "no_consent": later("No consent on record"),
    "expired": later("Not sent in time"),
    "blocked_by_you": later("Blocked by you"),
    "same_person": later("Got it under another number"),
    "refused": later("Refused by WhatsApp"),
    "refused_later": later("Taken by WhatsApp, then refused"),
    "not_entered": later("WhatsApp Web did not take it"),
    "device_removed": later("The phone was deleted"),
    "campaign_stopped": later("The campaign was stopped"),
    "link_lost": later("The phone was unlinked on the way"),
    "history_lost": later("Nobody can tell whether it went"),
    "no_answer": later("WhatsApp did not confirm it"),
    "withheld": later("Should no longer go, but may have gone"),
    "settled_not_sent": later("You settled it as not sent"),
    "message_too_long": later("Too long with this person's data"),
    "message_empty": later("Empty with this person's data"),
    "content_refused": later("Text not allowed here"),
    "contact_deleted": later("The contact was deleted before"),
}

CONSENT: dict[str, str] = {
    "in_person": later("Said so in person"),
    "web_form": later("Filled in a form"),
    "order": later("Placed an order"),
    "wrote_first": later("Wrote to us first"),
    "import_attested": later("Confirmed at an import"),
    "other": later("Otherwise"),
}

OPTED_OUT = Shown("bad", "stop", later("Opted out"))
CONSENTED = Shown("good", "shield", later("Consent"))
FLAGGED = Shown("warn", "question", later("Unusual number"))
UNSEEN = Shown("busy", "messages", later("New"))

LEDGER: dict[str, str] = {
    "grant": later("Credits added"),
    "adjust": later("Corrected"),
    "take": later("Message queued"),
    "return": later("Given back"),
    "reserve": later("Reserved for a campaign"),
    "release": later("Taken out of the reserve"),
}

IMPORT: dict[str, Shown] = {
    "uploaded": Shown("calm", "clock", later("Not started")),
    "running": Shown("busy", "refresh", later("Running")),
    "done": Shown("good", "tick", later("Done")),
    "failed": Shown("bad", "alert", later("Failed")),
    "cancelled": Shown("calm", "stop", later("Cancelled")),
}


def end(error: str | None) -> str:
    """Why a message did not go, in a few words."""
    return ENDS.get(error or "", later("Another reason"))


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


def choices(sources: tuple[str, ...], voice: Voice) -> list[tuple[str, str]]:
    """Ways to consent, for a list to choose from."""
    return [(source, voice.say(CONSENT[source])) for source in sources]
