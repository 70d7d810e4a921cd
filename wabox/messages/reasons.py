"""The reasons a message waits for: their codes, whom they hold, and what they and its end say to people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from wabox.devices import sentences

Reason = Literal[
    "database_damaged",
    "quarantined",
    "moved_away",
    "clock_wrong",
    "account_pending",
    "account_suspended",
    "account_locked",
    "plan_expired",
    "over_plan",
    "device_not_ready",
    "number_changed",
    "restricted",
    "new_chats_capped",
    "new_chats_refused",
    "campaign_paused",
    "content_review",
    "scheduled",
    "day_off",
    "quiet_hours",
    "daily_cap",
    "warmup",
    "new_chat_cap",
    "hourly_cap",
    "recipient_cap",
    "gap",
    "number_check",
    "too_many_checks",
    "number_gone",
    "chat_closed",  # set by the hand-over: WhatsApp lets this phone not write there just now
    "refusal_unclear",  # set by the hand-over: refused without a word why; whether for its own sake shows soon
    "refused_before",  # set by the claim: refused with two others who are new, and tried again later
    "upload_stuck",  # set by the hand-over or the look-up: the upload came to no end; it did not go
    "upload_error",  # set by the hand-over: WhatsApp did not take the file's bytes
    "in_line",  # set by the caller: another message of this device goes first
    "in_doubt",  # set by the caller: a message of this device must be looked up before anything else
]

# These hold one message or one campaign only: what stands behind it on the same device may pass.
OTHERS_PASS: frozenset[Reason] = frozenset(
    {
        "restricted",
        "new_chats_capped",
        "new_chats_refused",
        "campaign_paused",
        "content_review",
        "scheduled",
        "new_chat_cap",
        "recipient_cap",
        "number_check",
        "too_many_checks",
        "number_gone",
        "chat_closed",
        "refusal_unclear",
        "refused_before",
        "upload_stuck",
        "upload_error",
    }
)

# While one of these holds the whole phone, it is the reason of whatever else holds a message; but what its
# owner wished stays the reason of what they wished it for.
UNTIL_SOMEBODY_ACTS: frozenset[Reason] = frozenset(
    {
        "database_damaged",
        "quarantined",
        "moved_away",
        "clock_wrong",
        "account_pending",
        "account_suspended",
        "account_locked",
        "plan_expired",
        "over_plan",
        "device_not_ready",
    }
)

AS_WISHED: frozenset[Reason] = frozenset({"campaign_paused", "content_review", "scheduled"})

# What is put aside for these is judged anew as soon as the device's gate is open, whatever the time.
FOR_NEW: tuple[Reason, ...] = ("restricted", "new_chats_capped", "new_chats_refused")
OF_DEVICE: tuple[Reason, ...] = (*FOR_NEW, "too_many_checks")


def of(reason: Reason) -> str:
    """The sentence alone, without a moment."""
    return _SENTENCES[reason]


def of_end(error: str) -> str | None:
    """An error code in words that say what to do."""
    return _ENDS.get(error)


def ends() -> Mapping[str, str]:
    """Every `error` of a message that did not go, or of which nobody knows, with its sentence."""
    return _ENDS


def sentence(reason: Reason, until: datetime | None, zone: ZoneInfo, *, detail: str | None = None) -> str:
    """Why it waits, in one or two short English sentences, with the moment it ends on the user's clock.

    until: aware. detail: the device's, for device_not_ready.
    """
    said = _SENTENCES[reason]
    if reason == "device_not_ready" and detail is not None:
        said = sentences.said_of(detail) or said
    if until is None:
        return said
    return f"{said} Until {until.astimezone(zone):%H:%M on %d %b %Y}."


_ENDS: dict[str, str] = {
    "not_on_whatsapp": "This number is not on WhatsApp.",
    "expired": "It was not sent before its expires_at.",
    "opted_out": "This person asked not to be written to.",
    "same_person": "This person got this campaign under another number.",
    "blocked_by_you": "You have blocked this person in WhatsApp. Unblock them on the phone to write to them.",
    "device_removed": "The device was deleted before the message went.",
    "refused": "WhatsApp refused the message; the person did not get it. If this happens often, write to fewer "
    "new people.",
    "refused_later": "WhatsApp took the message and refused it a little later; the person did not get it. "
    "If this happens often, the number is limited: write to fewer new people.",
    "not_entered": "WhatsApp Web did not take the message, three times. It did not go.",
    "upload_stuck": "The file did not get up to WhatsApp, three times. It did not go. Check the box's connection, "
    "or send a smaller file.",
    "upload_error": "WhatsApp did not take the file, three times. It did not go. Try another file.",
    "file_too_large": "The file is larger than WhatsApp takes. Send a smaller one, or send it as a document.",
    "file_gone": "The file is not on this box any more. Upload it again.",
    "campaign_stopped": "The campaign was stopped before the message went.",
    "link_lost": "The phone was unlinked while the message was on its way; it may have gone. "
    "Look on the phone, then settle it.",
    "history_lost": "WhatsApp's history on this box is incomplete, so nobody can tell whether it went. "
    "Look on the phone, then settle it.",
    "no_answer": "WhatsApp did not confirm the message; it may have gone. Look on the phone, then settle it.",
    "withheld": "It was with WhatsApp Web, without an answer, when it should no longer go, so wabox did not try "
    "again; it may have gone. Look on the phone, then settle it.",
    "settled_not_sent": "You settled it as not sent.",
    "message_too_long": "With this contact's data the text is over 4,096 characters.",
    "caption_too_long": "With this contact's data the text under the file is over 1,024 characters.",
    "message_empty": "With this contact's data the text is empty.",
    "no_consent": "There is no consent on record for this contact.",
    "content_refused": "Its text is not allowed on this box.",
}

_SENTENCES: dict[Reason, str] = {
    "database_damaged": "The database of this box is damaged; nothing is sent until it is put back from a backup.",
    "quarantined": "This box was restored or copied; its owner says first what goes, on the page Held.",
    "moved_away": "This box was moved to another machine; send from there.",
    "clock_wrong": "This machine's clock looks wrong; set it right, or confirm it in Settings.",
    "account_pending": "The account is not active yet.",
    "account_suspended": "The account is suspended; ask whoever runs this box.",
    "account_locked": "The account is locked until it has been reviewed.",
    "plan_expired": "The plan has expired; renew it and sending goes on.",
    "over_plan": "The plan allows fewer phones; log another phone out, or choose a larger plan.",
    "device_not_ready": "The phone is not linked; open WhatsApp and link it.",
    "number_changed": "Another number was linked here; say on the page WhatsApp whether it goes on.",
    "restricted": "WhatsApp lets this number write only to people who wrote to it first, for now.",
    "new_chats_capped": "WhatsApp's limit of new chats is reached: only people who wrote to you get messages.",
    "new_chats_refused": "WhatsApp refuses new people: they wait an hour, people who wrote to you do not.",
    "campaign_paused": "The campaign is paused; resume it to go on.",
    "content_review": "Whoever runs this box reads it first; then it goes on.",
    "scheduled": "It is planned for later.",
    "day_off": "A day off: nothing is sent today.",
    "quiet_hours": "Quiet hours: nothing is sent now.",
    "daily_cap": "Today's limit is reached.",
    "warmup": "A new number starts slowly: today's share is used up.",
    "new_chat_cap": "Enough new people were written to today.",
    "hourly_cap": "This hour's limit is reached.",
    "recipient_cap": "This person got enough campaign messages today.",
    "gap": "A short pause between two messages.",
    "number_check": "WhatsApp did not say whether this number exists; wabox asks again.",
    "too_many_checks": "WhatsApp wants fewer questions about numbers; wabox asks more slowly.",
    "number_gone": "WhatsApp says this known number is gone; wabox asks once more.",
    "chat_closed": "WhatsApp does not let this phone write to this chat just now.",
    "refusal_unclear": "WhatsApp refused it without a word why; the next new people show what it meant.",
    "refused_before": "WhatsApp refused it, as two others to new people; it is tried again.",
    "upload_stuck": "The file did not get up to WhatsApp in time; wabox tries again.",
    "upload_error": "WhatsApp did not take the file; wabox tries again.",
    "in_line": "Other messages of this phone go first.",
    "in_doubt": "wabox looks up whether it went, before anything is tried again.",
}
