"""Knows the terms of a box that others register on: their wording, its version, and who accepted it when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.db import Rows, Tx

VERSION = "2026-11"
TERMS = (
    "Acceptable use. Sending to many people by WhatsApp may get the number behind it banned. You alone "
    "answer for whom you write to, and for keeping WhatsApp's terms and your country's laws against spam.",
    "Locking. We may lock your account at any time for complaints about spam, false claims of payment (a "
    "transaction ID used twice, a false sender), abusive content, or content our filter refuses. A locked"
    " account cannot log in until it has been reviewed.",
    "Free trial. Each user may have a free trial once. Registering anew with another e-mail address but "
    "the same WhatsApp number or IP address does not give another.",
    "Payments. Payments by bKash, Nagad or bank are checked by a person before a plan starts or credits "
    "are added. False or repeated transaction IDs are rejected. Approved payments are not refunded.",
    "End of a plan. A plan ends after the days it lists. We tell you by e-mail and WhatsApp before, and "
    "make an invoice for the renewal. Nothing is sent while a plan is over.",
    "Data. We keep your contacts, the texts of your messages and IP addresses, to look into abuse and "
    "fraud. We do not sell your data.",
    "Liability. The service is given as it is. We are not liable for bans by WhatsApp, messages that do "
    "not arrive, or business you lose by using automation.",
)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Which wording a user accepted, when and from where. ip None: forgotten, or not known."""

    version: str
    at: datetime
    ip: str | None


def accept(tx: Tx, user_id: int, *, ip: str | None, now: datetime) -> None:
    """The user has accepted the present wording; time and address are kept."""
    tx.run(
        "insert into terms_acceptances (user_id, version, ip, at) values (:user_id, :version, :ip, :now)",
        user_id=user_id,
        version=VERSION,
        ip=ip,
        now=times.stored(now),
    )


def accepted(rows: Rows, user_id: int) -> Acceptance | None:
    """What the user accepted last; None for an account somebody else made, until its first visit."""
    row = rows.one(
        "select version, at, ip from terms_acceptances where user_id = :user_id order by id desc limit 1",
        user_id=user_id,
    )
    return None if row is None else Acceptance(row["version"], times.read(row["at"]), row["ip"])
