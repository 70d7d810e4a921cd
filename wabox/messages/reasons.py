"""Says to people why a message waits and until when."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from wabox.messages.facts import Reason

_SENTENCES: dict[Reason, str] = {
    "database_damaged": "The database of this box is damaged; nothing is sent until it is put back from a backup.",
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
    "in_line": "Other messages of this phone go first.",
    "in_doubt": "wabox first looks up whether the message before it went.",
}

_DEVICE: dict[str, str] = {
    "reconnecting": "The phone's link is reconnecting; nothing to do.",
    "logged_out": "The phone is not linked any more; open WhatsApp and link it again.",
    "trying_again": "WhatsApp ended the session; the link is kept and tried again.",
    "conflict": "WhatsApp Web is open elsewhere with this phone; close it there.",
    "passkey_required": "WhatsApp wants the account's passkey before it links; "
    "the phone's doctor says what to do.",
    "checkpoint": "WhatsApp wants to be sure that the account is yours; open it on the phone and follow it there.",
    "action_required": "WhatsApp Web shows a box that wants an answer; look at it in the phone's doctor.",
    "engine_incompatible": "WhatsApp has changed and wabox cannot send safely; update wabox.",
    "browser_missing": "There is no Chromium on this machine; install it.",
    "browser_failed": "The browser does not start; run wabox doctor.",
    "page_failed": "WhatsApp Web does not load; check this machine's internet.",
    "run_as_root": "wabox runs as root, where the browser is not safe; run it as a service.",
    "storage_full": "The disk is full; free some space.",
}


def of(reason: Reason) -> str:
    """The sentence alone, without a moment."""
    return _SENTENCES[reason]


def sentence(reason: Reason, until: datetime | None, zone: ZoneInfo, *, detail: str | None = None) -> str:
    """Why it waits, in one or two short English sentences, with the moment it ends on the user's clock.

    until: aware. detail: the device's, for device_not_ready.
    """
    said = _SENTENCES[reason]
    if reason == "device_not_ready" and detail is not None:
        said = _DEVICE.get(detail, said)
    if until is None:
        return said
    return f"{said} Until {until.astimezone(zone):%H:%M on %d %b %Y}."
