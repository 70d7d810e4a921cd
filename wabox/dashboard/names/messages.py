"""Knows how messages are called: their states, why one waits, and why one did not go."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from wabox.dashboard.names.shown import Shown, Tone
from wabox.languages import later
from wabox.messages import reasons
from wabox.messages.reasons import Reason
from wabox.messages.stored import Status

STATUS: dict[Status, Shown] = {
    "queued": Shown("calm", "clock", later("Waiting")),
    "sending": Shown("busy", "send", later("Sending")),
    "sent": Shown("good", "tick", later("Sent")),
    "delivered": Shown("good", "ticks", later("Delivered")),
    "read": Shown("good", "eye", later("Read")),
    "failed": Shown("bad", "cross", later("Failed")),
    "skipped": Shown("calm", "skip", later("Skipped")),
    "cancelled": Shown("calm", "stop", later("Cancelled")),
    "unknown": Shown("warn", "question", later("Unsure")),
}

NOT_GOING: frozenset[Status] = frozenset({"failed", "skipped", "cancelled"})

REASON: dict[Reason, tuple[Tone, str, str]] = {
    "database_damaged": ("bad", "alert", later("The database is damaged")),
    "quarantined": ("bad", "lock", later("Held until the owner says what goes")),
    "moved_away": ("bad", "lock", later("This box was moved away")),
    "clock_wrong": ("bad", "alert", later("The clock looks wrong")),
    "account_pending": ("warn", "lock", later("Account not active yet")),
    "account_suspended": ("warn", "lock", later("Account suspended")),
    "account_locked": ("bad", "lock", later("Account locked")),
    "plan_expired": ("warn", "calendar", later("Plan expired")),
    "number_changed": ("warn", "phone", later("Another number is linked")),
    "over_plan": ("warn", "phone", later("More phones than the plan allows")),
    "device_not_ready": ("bad", "unlink", later("Phone not ready")),
    "restricted": ("warn", "alert", later("WhatsApp lets you write to nobody new for now")),
    "new_chats_capped": ("warn", "gauge", later("WhatsApp's limit of new chats reached")),
    "new_chats_refused": ("warn", "alert", later("WhatsApp refused new people")),
    "campaign_paused": ("calm", "pause", later("Campaign paused")),
    "content_review": ("warn", "eye", later("Being read by whoever runs this box")),
    "scheduled": ("calm", "calendar", later("Planned for later")),
    "day_off": ("calm", "calendar", later("A day off")),
    "quiet_hours": ("calm", "moon", later("Quiet hours")),
    "daily_cap": ("calm", "gauge", later("Today's limit reached")),
    "warmup": ("calm", "gauge", later("Warm-up limit reached")),
    "new_chat_cap": ("calm", "gauge", later("Enough new people today")),
    "hourly_cap": ("calm", "gauge", later("This hour's limit reached")),
    "recipient_cap": ("calm", "gauge", later("This person got enough today")),
    "gap": ("busy", "clock", later("Short pause between messages")),
    "number_check": ("warn", "question", later("Checking the number")),
    "too_many_checks": ("warn", "gauge", later("Asking WhatsApp about numbers more slowly")),
    "number_gone": ("warn", "question", later("Number said to be gone; asked once more")),
    "chat_closed": ("warn", "lock", later("WhatsApp does not let you write to this chat now")),
    "refusal_unclear": ("warn", "question", later("Refused by WhatsApp; why shows with the next new people")),
    "refused_before": ("warn", "refresh", later("Refused by WhatsApp with others; tried again")),
    "upload_stuck": ("warn", "refresh", later("The upload came to no end; tried again")),
    "upload_error": ("warn", "refresh", later("The file was not taken; tried again")),
    "in_line": ("calm", "line", later("In line")),
    "in_doubt": ("warn", "search", later("Looking up whether it went")),
}

GOING = later("Going now")

# While a phone is held by one of these, what it sent an hour ago foretells nothing.
STANDS: tuple[Reason, ...] = (
    "device_not_ready",
    "number_changed",
    "over_plan",
    "restricted",
    "new_chats_capped",
    "new_chats_refused",
)

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
    "upload_stuck": later("The upload came to no end"),
    "upload_error": later("WhatsApp did not take the file"),
    "file_too_large": later("File too large for WhatsApp"),
    "file_gone": later("The file is gone"),
    "device_removed": later("The phone was deleted"),
    "campaign_stopped": later("The campaign was stopped"),
    "link_lost": later("The phone was unlinked on the way"),
    "history_lost": later("Nobody can tell whether it went"),
    "no_answer": later("WhatsApp did not confirm it"),
    "withheld": later("Should no longer go, but may have gone"),
    "settled_not_sent": later("You settled it as not sent"),
    "message_too_long": later("Too long with this person's data"),
    "caption_too_long": later("Too long with this person's data"),
    "message_empty": later("Empty with this person's data"),
    "content_refused": later("Text not allowed here"),
    "contact_deleted": later("The contact was deleted before"),
}


def why(reason: Reason, detail: str | None, zone: ZoneInfo) -> str:
    """Why a message waits, as the API says it too, without the moment it ends."""
    return reasons.sentence(reason, None, zone, detail=detail)


def end(error: str | None) -> str:
    """Why a message did not go, in a few words."""
    return ENDS.get(error or "", later("Another reason"))
