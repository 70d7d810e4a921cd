"""Knows how campaigns are called: their states, why one stands still, and the parts of its bar."""

from __future__ import annotations

from wabox.campaigns import repeats
from wabox.campaigns import stored as campaigns
from wabox.campaigns.occasions import Occasion
from wabox.campaigns.repeats import Repeat
from wabox.campaigns.stored import Campaign
from wabox.dashboard.names.shown import Shown
from wabox.dashboard.voice import Voice
from wabox.languages import later
from wabox.messages.template import Misfit

SHORTEST = 28  # days of a month

STATUS: dict[campaigns.Status, Shown] = {
    "scheduled": Shown("busy", "calendar", later("Planned")),
    "sending": Shown("busy", "send", later("Sending")),
    "paused": Shown("warn", "pause", later("Paused")),
    "completed": Shown("good", "tick", later("Done")),
    "stopped": Shown("calm", "stop", later("Stopped")),
    "failed": Shown("bad", "cross", later("Could not run")),
}

REASON = campaigns.REASONS

WHY = repeats.REASONS
REPEAT: dict[repeats.Status, Shown] = {
    "active": Shown("good", "calendar", later("Repeats")),
    "paused": Shown("warn", "pause", later("Paused")),
    "ended": Shown("calm", "stop", later("Over")),
}

MISFIT: dict[Misfit, str] = {
    "caption_too_long": later("too long"),
    "message_too_long": later("too long"),
    "message_empty": later("empty"),
}


def occasion(voice: Voice, one: Occasion, field: str) -> str:
    """When a repeating campaign goes, in words. field: what the one with its date is called."""
    clock = voice.hour(one.at)
    if one.every == "week":
        days = ", ".join(voice.weekday(at) for at in one.days)
        return voice.say(later("each %(days)s, %(time)s"), days=days, time=clock)
    if one.every == "month":
        said = later("each month on day %(day)s, %(time)s")
        if one.days[0] > SHORTEST:
            said = later("each month on day %(day)s, or its last one, %(time)s")
        return voice.say(said, day=voice.num(one.days[0]), time=clock)
    if not one.days_before:
        return voice.say(later("on each person's %(field)s, %(time)s"), field=field, time=clock)
    if one.days_before == 1:
        return voice.say(later("the day before each person's %(field)s, %(time)s"), field=field, time=clock)
    said = later("%(n)s days before each person's %(field)s, %(time)s")
    return voice.say(said, n=voice.num(one.days_before), field=field, time=clock)


def came(voice: Voice, one: Repeat) -> str:
    """What came of the last date, in words; "" before the first."""
    if one.last_result is None:
        return ""
    return voice.say(repeats.RESULTS.get(one.last_result) or repeats.REASONS.get(one.last_result, ""))


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
