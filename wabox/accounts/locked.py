"""Tells whoever's account was locked, in their language: by a person, or by wabox itself at whatever it hears."""

from __future__ import annotations

from datetime import datetime

from wabox.accounts import mail, states, users
from wabox.accounts.sealing import Seal
from wabox.accounts.users import User
from wabox.db import Tx

_TEXTS = {
    "en": (
        "Your wabox account is locked",
        """Your wabox account is locked until it has been reviewed. The reason given: {reason}

You cannot log in, your API keys do not work and nothing is sent for you. Nothing of yours is deleted, and your
credits are kept.

To have it reviewed, write to {owner}.
""",
    ),
    "bn": (
        "আপনার wabox অ্যাকাউন্ট আটকানো হয়েছে",
        """যাচাই না হওয়া পর্যন্ত আপনার wabox অ্যাকাউন্ট আটকানো আছে। কারণ: {reason}

আপনি লগ ইন করতে পারবেন না, আপনার API কী কাজ করবে না, আর আপনার কিছু পাঠানো হবে না। আপনার কিছুই মোছা হয়নি,
ক্রেডিটও থাকছে।

যাচাই করাতে {owner} ঠিকানায় লিখুন।
""",
    ),
}


def tell(tx: Tx, user: User, *, language: str, seal: Seal, now: datetime) -> None:
    """The mail about the lock is owed. language: the box's, for who chose none."""
    subject, text = _TEXTS[user.language or language]
    reason = states.standing(tx, user.id).reason or "–"
    body = text.format(reason=reason, owner=users.whom_to_write(tx))
    mail.owe(tx, to=user.email, subject=subject, body=body, user_id=user.id, seal=seal, now=now)


def tell_if(tx: Tx, user_id: int, was: User | None, *, language: str, seal: Seal, now: datetime) -> None:
    """The same, if the account was locked since `was`."""
    user = users.by_id(tx, user_id)
    if user is None or user.state != "locked" or was is None or was.state == "locked":
        return
    tell(tx, user, language=language, seal=seal, now=now)
