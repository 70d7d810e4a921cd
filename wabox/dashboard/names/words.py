"""Knows how states are shown: a tone, an icon and a word each, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from wabox.dashboard.language import later
from wabox.devices import doctor, sentences
from wabox.devices import limits as told
from wabox.devices.stored import Device
from wabox.messages import reasons
from wabox.messages.reasons import Reason
from wabox.messages.stored import Status
from wabox.webhooks import log as webhook_log
from wabox.webhooks.endpoints import Endpoint
from wabox.whatsapp.driver import Limits

Tone = Literal["good", "busy", "warn", "bad", "calm"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A state as a chip."""

    tone: Tone
    icon: str
    word: str


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the menu. main: also in the bar at the bottom of a phone's screen."""

    key: str
    path: str
    icon: str
    word: str
    main: bool = True


NAV = (
    Place("home", "/", "home", later("Home")),
    Place("campaigns", "/campaigns", "megaphone", later("Campaigns")),
    Place("contacts", "/contacts", "people", later("Contacts")),
    Place("inbox", "/inbox", "inbox", later("Inbox")),
    Place("messages", "/messages", "messages", later("Messages"), main=False),
    Place("queue", "/queue", "line", later("Queue"), main=False),
    Place("reports", "/reports", "chart", later("Reports"), main=False),
    Place("whatsapp", "/whatsapp", "phone", later("WhatsApp"), main=False),
    Place("webhooks", "/webhooks", "webhook", later("Webhooks"), main=False),
    Place("settings", "/settings", "settings", later("Settings"), main=False),
    Place("docs", "/docs", "code", later("API reference"), main=False),
    Place("help", "/help", "question", later("Help"), main=False),
)

# What stands before Settings where others use the box: for its owner, and with billing for customers and owner.
CUSTOMERS = (Place("billing", "/billing", "coins", later("Plan and credits"), main=False),)
HOSTS = (Place("accounts", "/admin/users", "people", later("Accounts"), main=False),)
SELLERS = (
    Place("payments", "/admin/payments", "coins", later("Payments"), main=False),
    Place("plans", "/admin/plans", "tag", later("Plans"), main=False),
)

MESSAGE: dict[Status, Shown] = {
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

DELIVERY: dict[webhook_log.Status, Shown] = {
    "owed": Shown("busy", "clock", later("On its way")),
    "delivered": Shown("good", "tick", later("Delivered")),
    "parked": Shown("bad", "pause", later("Parked")),
    "dropped": Shown("calm", "stop", later("Dropped")),
}

REASON: dict[Reason, tuple[Tone, str, str]] = {
    "database_damaged": ("bad", "alert", later("The database is damaged")),
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
    "in_line": ("calm", "line", later("In line")),
    "in_doubt": ("warn", "search", later("Looking up whether it went")),
}

# While a phone is held by one of these, what it sent an hour ago foretells nothing.
STANDS: tuple[Reason, ...] = (
    "device_not_ready",
    "number_changed",
    "over_plan",
    "restricted",
    "new_chats_capped",
    "new_chats_refused",
)

NOT_STARTED = Shown("calm", "power", later("Not linked"))
STARTING = Shown("busy", "clock", later("Starting"))
SCAN = Shown("warn", "qr", later("Waiting for you to scan"))
LINKED = Shown("good", "tick", later("Linked and ready"))
RECONNECTING = Shown("busy", "clock", later("Reconnecting"))
AGAIN = Shown("warn", "refresh", later("Trying again"))
UNLINKED = Shown("bad", "unlink", later("Not linked any more"))
RESTRICTED = Shown("warn", "alert", later("Limited by WhatsApp"))
UNHEARD = Shown("warn", "alert", later("Sends, but nothing arrives"))
CHANGED = Shown("warn", "phone", later("Another number is linked"))
NEEDS_PHONE = Shown("warn", "phone", later("Needs you at the phone"))
NEEDS_YOU = Shown("warn", "eye", later("Wants an answer from you"))
ELSEWHERE = Shown("warn", "alert", later("Open somewhere else"))
TROUBLE = Shown("bad", "alert", later("Not working"))

_DETAIL: dict[str, Shown] = {
    "reconnecting": RECONNECTING,
    "logged_out": UNLINKED,
    "trying_again": AGAIN,
    "conflict": ELSEWHERE,
    "passkey_required": NEEDS_PHONE,
    "checkpoint": NEEDS_PHONE,
    "action_required": NEEDS_YOU,
    "number_changed": CHANGED,
}
_STATE: dict[str, Shown] = {
    "not_started": NOT_STARTED,
    "starting": STARTING,
    "qr": SCAN,
    "ready": LINKED,
    "disconnected": TROUBLE,
}


QUOTA: dict[str, str] = {
    "first_warning": later("WhatsApp warns: half of them are begun."),
    "second_warning": later("WhatsApp warns again: few are left."),
    "capped": later("WhatsApp lets you begin no more for now."),
}
DOCTORED = ("passkey_required", "checkpoint", "action_required")  # what the doctor's page is the cure for


def limits(shown: Device, now: datetime) -> Limits | None:
    """What WhatsApp allows the device's account at this moment; None if it does not say."""
    return told.in_force(shown.limits, now) if shown.linked else None


def device(shown: Device, now: datetime | None = None, *, none_arrive: bool = False) -> Shown:
    """The device's state; where a detail says more, that. now: to know whether a limit is in force.

    none_arrive: whether its last messages reached nobody.
    """
    if shown.remark is None and now is not None and told.holds_new(shown.limits, shown.cold_rests_until, now):
        return RESTRICTED if shown.ready else _STATE[shown.state]
    if shown.remark is None and shown.ready and none_arrive:
        return UNHEARD
    if shown.remark is not None and shown.state != "qr":
        return _DETAIL.get(shown.remark, TROUBLE)
    return _STATE[shown.state]


UNSCANNED = doctor.STEPS[doctor.UNSCANNED_CODE]
CHANGED_SAID = sentences.said_of("number_changed")
OVER_PLAN = Shown("warn", "phone", later("Beyond the plan"))


def next_step(shown: Device) -> str:
    """What a person should do for the device to send; "" if nothing."""
    if shown.state == "not_started":
        return later("Link your phone to start sending. It takes a minute.")
    if shown.state == "qr":
        return later("Scan the code with the phone, or use a pairing code.")
    if shown.state == "starting" and shown.detail is None:
        return later("WhatsApp Web is opening; a code appears here in a moment.")
    return ""


SAID: dict[str, tuple[Tone, str]] = {
    "queued": ("good", later("The message is accepted. It goes as soon as it may.")),
    "not_going": ("calm", later("It is on record, but does not go. The reason stands with it.")),
    "checked": ("good", later("The database is checked. What was found stands below.")),
    "cancelled": ("good", later("The message is cancelled. It will not be sent.")),
    "cancel_noted": (
        "calm",
        later("The message is on its way and may have gone. If it has not, it is cancelled and not tried again."),
    ),
    "settled": ("good", later("Noted. The message is settled.")),
    "accepted": ("good", later("Thank you. Now link your phone.")),
    "terms_accepted": ("good", later("Thank you. The terms are accepted.")),
    "device_added": ("good", later("The device is there. Start it to link its phone.")),
    "device_started": ("good", later("The device is starting.")),
    "device_pressed": ("good", later("The button is pressed.")),
    "device_not_pressed": ("calm", later("There was no such button any more. Nothing was pressed.")),
    "device_restarted": ("good", later("The device is restarting.")),
    "device_went_on": ("good", later("The device goes on from this number.")),
    "none_linked": ("warn", later("Meanwhile the phone was unlinked. Link one first.")),
    "other_number": (
        "warn",
        later("Meanwhile yet another number was linked. Look again before you let it go on."),
    ),
    "device_logged_out": ("good", later("The device is logged out.")),
    "device_deleted": ("good", later("The device is deleted.")),
    "code_asked": ("good", later("WhatsApp is asked for a code; it appears below.")),
    "webhook_saved": ("good", later("The webhook is saved.")),
    "webhook_off": ("calm", later("The webhook is off. Nothing is sent to it any more.")),
    "webhook_tested": ("good", later("A test is on its way. Its answer appears in the list below.")),
    "replayed": ("good", later("It is sent again now.")),
    "password_changed": ("good", later("The password is changed. All other log-ins have ended.")),
    "saved": ("good", later("Saved.")),
    "trial_started": ("good", later("Your free trial has begun. Link your phone and send.")),
    "payment_claimed": ("good", later("Thank you. The payment is being checked; you see the result here.")),
    "payment_approved": ("good", later("Approved. The plan or the credits are there.")),
    "payment_rejected": ("calm", later("Not accepted. The customer sees your reason.")),
    "plan_saved": ("good", later("The plan is for sale.")),
    "plan_archived": ("calm", later("The plan is not for sale any more. Who has it keeps it.")),
    "key_revoked": ("good", later("The key is revoked. Nothing can use it any more.")),
    "sessions_ended": ("good", later("The other log-ins have ended.")),
    "verified": ("good", later("Your address is confirmed. Log in.")),
    "link_sent": ("good", later("The link is on its way to your mailbox.")),
    "account_moved": ("good", later("Done. It is on record.")),
    "password_reset": ("good", later("The password is changed. Log in with it.")),
    "totp_off": ("calm", later("Two-step log-in is off. Your password alone lets you in.")),
    "account_closed": ("calm", later("The account is deleted. What it held is being forgotten.")),
    "code_late": ("calm", later("That took too long. Type your password once more.")),
    "logged_out": ("calm", later("You are logged out.")),
    "clock": ("good", later("Confirmed. Sending goes on.")),
    "campaign_made": ("good", later("The campaign stands. This page follows it.")),
    "campaign_paused": ("good", later("The campaign is paused. Nothing more of it goes.")),
    "campaign_resumed": ("good", later("The campaign goes on.")),
    "campaign_stopped": ("good", later("The campaign is stopped. What had not gone is cancelled.")),
    "campaign_redispatched": ("good", later("What waits is tried again now.")),
    "contact_added": ("good", later("The contact is saved.")),
    "contact_known": ("good", later("This number was known already; the contact is brought up to date.")),
    "contact_deleted": ("good", later("The contact is deleted.")),
    "contact_erased": (
        "good",
        later("The person is erased. wabox keeps only that nobody may write to them again."),
    ),
    "opted_out": ("good", later("Nothing more goes to this person.")),
    "opted_out_late": (
        "calm",
        later("Nothing more goes to this person. One message was on its way already and may have gone."),
    ),
    "opted_in": ("good", later("This person may be written to again.")),
    "consent_noted": ("good", later("The consent is on record.")),
    "consent_removed": ("good", later("The consent is removed.")),
    "rule_saved": ("good", later("Saved. It holds from now on, for what waits too.")),
    "rule_deleted": ("good", later("The rule is deleted.")),
    "review_passed": ("good", later("It goes on its way.")),
    "review_refused": ("calm", later("It will not go. The sender sees your reason.")),
    "complaint_noted": ("good", later("It is on record, and nothing more goes to that number from there.")),
    "replied": ("good", later("Your reply is accepted. It goes as soon as it may.")),
    "left_alone": ("calm", later("Left as it is. You can still write to this person.")),
    "import_started": ("good", later("The import runs. You may leave this page.")),
    "import_cancelled": ("calm", later("The import is cancelled. What was read so far stays.")),
}


def error_title(status: int, code: str = "") -> str:
    """The head of an error page; a hurt box is called by its name, not busy."""
    return _HURT.get(code) or _TITLES.get(status, later("That did not work"))


_HURT = {
    "database_damaged": later("The database is damaged"),
    "storage_failing": later("The disk fails"),
    "storage_full": later("The disk is full"),
}
FAILING = {
    "storage_failing": later("The disk cannot be read or written, so nothing is sent or changed until it can."),
    "storage_full": later("The disk is full, so nothing is sent or changed. Free some space."),
}
FAILING_OTHERWISE = later("Nothing can be written now, so nothing is sent or changed.")


_TITLES = {
    401: later("Please log in"),
    403: later("Not allowed"),
    404: later("Nothing here"),
    405: later("That does not work this way"),
    413: later("That is too large"),
    429: later("Too many tries"),
    500: later("Something broke in wabox"),
    503: later("wabox is busy"),
}


GOING = later("Going now")
WEBHOOK_FAILING = Shown("bad", "webhook", later("Webhook"))
WEBHOOK_ON = Shown("good", "tick", later("On"))
WEBHOOK_OFF = Shown("calm", "power", later("Off"))
WEBHOOK_TROUBLE = Shown("bad", "alert", later("No answer"))

EVENT: dict[str, str] = {
    "delivery.sent": later("A message was sent"),
    "delivery.failed": later("A message failed"),
    "delivery.skipped": later("A message was skipped"),
    "delivery.delivered": later("It reached the phone"),
    "delivery.read": later("It was read"),
    "delivery.unknown": later("Nobody knows whether it went"),
    "delivery.cancelled": later("A message was cancelled"),
    "message.received": later("Somebody wrote to you"),
    "device.state": later("A phone's state changed"),
    "contact.opted_out": later("Somebody asked not to be written to"),
}

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def webhook(endpoint: Endpoint) -> Shown:
    """Whether the webhook is on, and whether it answers."""
    if not endpoint.enabled:
        return WEBHOOK_OFF
    return WEBHOOK_TROUBLE if endpoint.failing_since else WEBHOOK_ON


def step_ahead(shown: Device) -> str:
    """What the button at home calls the way to the device; "" if there is nothing to go for."""
    if shown.state in ("not_started", "qr") or shown.detail == "logged_out":
        return later("Link phone")
    if shown.number_changed or shown.detail in DOCTORED:
        return later("Have a look")
    return "" if shown.ready or shown.detail == "reconnecting" else later("Have a look")


# What a page itself says, where that is more than its detail; in the driver's words.
OF_PAGE = (
    later("WhatsApp Web says that a proxy or firewall blocks it. Check the box's network."),
    later("WhatsApp asks to accept new terms. Open WhatsApp on the phone and accept them."),
    later("WhatsApp Business asks to accept new terms. Accept them on the phone."),
    later("WhatsApp Web says that this version is too old. Restart the device."),
)
_TECHNICAL = ("engine_incompatible", "page_failed", "browser_failed")


def device_sentence(shown: Device) -> str:
    """The device's trouble with its cure, or the next step; "" if there is nothing to say."""
    if shown.detail_text in OF_PAGE:
        return shown.detail_text or ""
    return sentences.sentence(replace(shown, detail_text=None)) or next_step(shown)


def fine_print(shown: Device) -> str:
    """What an engineer wants to know beside the sentence, in English; "" if nothing."""
    tells = shown.detail in _TECHNICAL and shown.detail_text not in OF_PAGE
    return (shown.detail_text or "") if tells else ""


def why(reason: Reason, detail: str | None, zone: ZoneInfo) -> str:
    """Why a message waits, as the API says it too, without the moment it ends."""
    return reasons.sentence(reason, None, zone, detail=detail)


def pairing(code: str) -> str:
    """A pairing code as WhatsApp shows it, in two halves."""
    plain = code.replace("-", "")
    return f"{plain[:4]}-{plain[4:]}" if len(plain) == 8 else code


def agent(text: str | None) -> str:
    """A browser's name for people: `Firefox · Linux`; "" if it says nothing known."""
    said = text or ""
    browser = next((name for mark, name in _BROWSERS if mark in said), "")
    system = next((name for mark, name in _SYSTEMS if mark in said), "")
    return " · ".join(one for one in (browser, system) if one)


def paragraphs(text: str) -> list[str | list[str]]:
    """A plain text's paragraphs; one whose lines begin with `- ` as a list of its points."""
    found: list[str | list[str]] = []
    for block in text.split("\n\n"):
        if block.startswith("- "):
            found.append([" ".join(point.split()) for point in block[2:].split("\n- ")])
        else:
            found.append(" ".join(block.split()))
    return found
