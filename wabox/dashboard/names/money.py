"""Knows how plans, payments, invoices and credits are called, and how money is written."""

from __future__ import annotations

import re
from datetime import date as a_day
from datetime import datetime

from babel.dates import format_date, format_datetime

from wabox.billing import money
from wabox.billing.invoices import Invoice
from wabox.billing.payments import Status
from wabox.dashboard.names.shown import Shown
from wabox.dashboard.voice import Voice
from wabox.languages import later

PAYMENT: dict[Status, Shown] = {
    "pending": Shown("busy", "clock", later("Being checked")),
    "approved": Shown("good", "tick", later("Approved")),
    "rejected": Shown("bad", "cross", later("Not accepted")),
}

PROVIDER: dict[str, str] = {"bkash": "bKash", "nagad": "Nagad", "bank": later("Bank")}

PAID = Shown("good", "tick", later("Paid"))

OPEN = Shown("warn", "clock", later("To pay"))

VOID = Shown("calm", "stop", later("No longer due"))

ACTIVE = Shown("good", "tick", later("In force"))

EXPIRED = Shown("bad", "calendar", later("Expired"))

NO_PLAN = Shown("warn", "calendar", later("No plan yet"))

FOR_SALE = Shown("good", "tick", later("For sale"))

ARCHIVED = Shown("calm", "box", later("Archived"))

TRIAL = Shown("busy", "tag", later("Free trial"))

OTHER_AMOUNT = Shown("warn", "alert", later("Not the price"))

FALSE = Shown("bad", "alert", later("False claim"))

ENDED: dict[str, str] = {
    "another_plan": later("Another plan took its place."),
    "trial_number_used": later(
        "The WhatsApp number you linked had a free trial before, so this one has ended. Choose a plan to go on."
    ),
}

LEDGER: dict[str, str] = {
    "grant": later("Credits added"),
    "adjust": later("Corrected"),
    "take": later("Message queued"),
    "return": later("Given back"),
    "reserve": later("Reserved for a campaign"),
    "release": later("Taken out of the reserve"),
}


def invoice(found: Invoice) -> Shown:
    """Whether an invoice is paid."""
    if found.paid_at is not None:
        return PAID
    return OPEN if found.open else VOID


def date(voice: Voice, moment: datetime) -> str:
    """The day with its year, as an invoice needs it."""
    return voice.digits(format_datetime(moment, "d MMMM y", tzinfo=voice.zone, locale=voice.locale))


def numbers(text: str) -> list[str]:
    """The account and phone numbers in a text that says how to pay, each once, as they are typed elsewhere."""
    found = (re.sub(r"[ -]", "", one) for one in re.findall(r"\d(?:[ -]?\d){7,19}", money.digits(text)))
    return list(dict.fromkeys(found))


def month(voice: Voice, day: a_day) -> str:
    """The month that the day is in, with its year."""
    return voice.digits(format_date(day, "LLLL y", locale=voice.locale))


def cash(voice: Voice, amount_minor: int, currency: str) -> str:
    """The amount in the reader's digits and, if the language has one, with the reader's sign: `৳১,২৫০.৫০`."""
    sign = "৳" if (voice.language, currency) == ("bn", "BDT") else ""
    said = money.shown(amount_minor, currency)
    return voice.digits(f"{sign}{said.removeprefix(currency).strip()}" if sign else said)
