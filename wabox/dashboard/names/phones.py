"""Knows how phones are called: their states, what to do next, and what WhatsApp allows them."""

from __future__ import annotations

from datetime import datetime

from wabox.dashboard.names.shown import Shown, Tone
from wabox.devices import doctor, sentences
from wabox.devices import limits as told
from wabox.devices.doctor import Status
from wabox.devices.stored import Device
from wabox.languages import later
from wabox.whatsapp.driver import Limits

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

OVER_PLAN = Shown("warn", "phone", later("Beyond the plan"))

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

UNSCANNED = doctor.STEPS[doctor.UNSCANNED_CODE]

CHANGED_SAID = sentences.said_of("number_changed")

FOUND: dict[Status, tuple[Tone, str, str]] = {
    "good": ("good", "tick", later("Well")),
    "note": ("calm", "info", later("To know")),
    "bad": ("bad", "alert", later("Wrong")),
}


def limits(shown: Device, now: datetime) -> Limits | None:
    """What WhatsApp allows the device's account at this moment; None if it does not say."""
    return told.in_force(shown.limits, now) if shown.linked else None


def state(shown: Device, now: datetime | None = None, *, none_arrive: bool = False) -> Shown:
    """The state's state; where a detail says more, that. now: to know whether a limit is in force.

    none_arrive: whether its last messages reached nobody.
    """
    if shown.remark is None and now is not None and told.holds_new(shown.limits, shown.cold_rests_until, now):
        return RESTRICTED if shown.ready else _STATE[shown.state]
    if shown.remark is None and shown.ready and none_arrive:
        return UNHEARD
    if shown.remark is not None and shown.state != "qr":
        return _DETAIL.get(shown.remark, TROUBLE)
    return _STATE[shown.state]


def sentence(shown: Device) -> str:
    """The device's trouble with its cure, or the next step; "" if there is nothing to say."""
    return sentences.advice(shown)


def step_ahead(shown: Device) -> str:
    """What the button at home calls the way to the device; "" if there is nothing to go for."""
    if shown.state in ("not_started", "qr") or shown.detail == "logged_out":
        return later("Link phone")
    if shown.number_changed or shown.detail in DOCTORED:
        return later("Have a look")
    return "" if shown.ready or shown.detail == "reconnecting" else later("Have a look")


def cure(shown: Device) -> str:
    """The address of the page where its trouble ends."""
    if shown.detail in DOCTORED:
        return f"/whatsapp/devices/{shown.label}/doctor"
    return f"/whatsapp#device-{shown.label}"


def fine_print(shown: Device) -> str:
    """What an engineer wants to know beside the sentence, in English; "" if nothing."""
    return sentences.fine_print(shown)


def pairing(code: str) -> str:
    """A pairing code as WhatsApp shows it, in two halves."""
    plain = code.replace("-", "")
    return f"{plain[:4]}-{plain[4:]}" if len(plain) == 8 else code
