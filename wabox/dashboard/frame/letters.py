"""Writes the mails people get about their account, in their own language."""

from __future__ import annotations

from dataclasses import dataclass

from wabox.accounts import locked, mail, users
from wabox.accounts.states import Move
from wabox.accounts.users import User
from wabox.billing import payments
from wabox.billing.payments import Payment
from wabox.box import Box
from wabox.dashboard.language import Voice, later
from wabox.db import Tx

RESET_SUBJECT = later("A new password for wabox")
RESET = later(
    """Somebody, we hope you, asked for a new password for your wabox account.

Open this within an hour and choose one:
%(link)s

If it was not you, do nothing: your password stays as it is."""
)


VERIFY_SUBJECT = later("Confirm your address for wabox")
VERIFY = later(
    """Somebody, we hope you, registered with this address.

Open this within two days to confirm that it is yours:
%(link)s

If it was not you, do nothing."""
)
KNOWN_SUBJECT = later("You have a wabox account already")
KNOWN = later(
    """Somebody, perhaps you, tried to register with this address. You have an account already; log in here:
%(link)s

If it was not you, do nothing."""
)
INVITED_SUBJECT = later("You have a wabox account")
INVITED = later(
    """Whoever runs this wabox box made an account for you.

Open this within three days and choose a password:
%(link)s

If you do not expect this, do nothing."""
)
APPROVED_SUBJECT = later("Your wabox account is active")
APPROVED = later(
    """Whoever runs this wabox box approved your account: you can send from now on. Log in here:
%(link)s"""
)
HALF_APPROVED_SUBJECT = later("Your wabox account is approved")
HALF_APPROVED = later(
    """Whoever runs this wabox box approved your account. Only your address is still to be confirmed: follow the
link in the mail you got when you registered, or log in and have it sent again:
%(link)s"""
)
SUSPENDED_SUBJECT = later("Your wabox account is suspended")
SUSPENDED = later(
    """Whoever runs this wabox box suspended your account. The reason given: %(reason)s

Nothing is sent for you until it is active again; what waits is kept. You can log in, look at everything and
export your contacts:
%(link)s

If you think this is a mistake, write to %(owner)s."""
)
RESUMED_SUBJECT = later("Your wabox account is active again")
RESUMED = later(
    """Your wabox account is active again. What waited goes on where it stopped. Log in here:
%(link)s"""
)
TO_CHECK_SUBJECT = later("A payment waits to be checked")
TO_CHECK = later(
    """A customer says that they paid. Look in your account whether the money came, then decide here:
%(link)s

You get this mail for the first that waits, not for each."""
)
PAID_SUBJECT = later("Your payment is approved")
PAID = later(
    """Your payment %(txid)s is approved: what you bought is there, with an invoice.
%(link)s"""
)
NOT_PAID_SUBJECT = later("Your payment was not accepted")
NOT_PAID = later(
    """Your payment %(txid)s was not accepted:
%(reason)s

If you think this is a mistake, write to %(owner)s. Your payments are listed here:
%(link)s"""
)

MOVED: dict[Move, tuple[str, str]] = {
    "approve": (APPROVED_SUBJECT, APPROVED),
    "suspend": (SUSPENDED_SUBJECT, SUSPENDED),
    "resume": (RESUMED_SUBJECT, RESUMED),
    "unlock": (RESUMED_SUBJECT, RESUMED),
}


@dataclass(frozen=True, slots=True)
class Post:
    """To whom a letter goes."""

    box: Box
    email: str
    user_id: int
    language: str | None


def reset(tx: Tx, post: Post, token: str) -> None:
    """The link to a new password is owed."""
    _owe(tx, post, RESET_SUBJECT, RESET, link=f"{post.box.base_url}/reset/{token}")


def verify(tx: Tx, post: Post, token: str) -> None:
    """The link that confirms an address is owed."""
    _owe(tx, post, VERIFY_SUBJECT, VERIFY, link=f"{post.box.base_url}/verify/{token}")


def invited(tx: Tx, post: Post, token: str) -> None:
    """The link to a first password is owed."""
    _owe(tx, post, INVITED_SUBJECT, INVITED, link=f"{post.box.base_url}/reset/{token}")


def known(tx: Tx, post: Post) -> None:
    """Who has an account is told that somebody tried to make another."""
    _owe(tx, post, KNOWN_SUBJECT, KNOWN, link=f"{post.box.base_url}/login")


def moved(tx: Tx, box: Box, user: User, what: Move, reason: str = "") -> None:
    """Whoever's account was moved is told so, and why. user: as the move left it."""
    if what == "lock":
        locked.tell(tx, user, language=box.config.locale.language, seal=box.seal, now=box.now())
        return
    subject, text = MOVED[what]
    if what == "approve" and user.state == "pending":
        subject, text = HALF_APPROVED_SUBJECT, HALF_APPROVED
    link, post = f"{box.base_url}/login", Post(box, user.email, user.id, user.language)
    _owe(tx, post, subject, text, link=link, reason=" ".join(reason.split()) or "–", owner=users.whom_to_write(tx))


def if_locked(tx: Tx, box: Box, user_id: int, was: User | None) -> None:
    """The same, where wabox itself has locked the account since `was`."""
    locked.tell_if(tx, user_id, was, language=box.config.locale.language, seal=box.seal, now=box.now())


def to_check(tx: Tx, box: Box) -> None:
    """The owner is told that a payment waits; for the first that waits."""
    owner = users.owner(tx)
    if owner is not None and payments.waiting(tx) == 1:
        post = Post(box, owner.email, owner.id, owner.language)
        _owe(tx, post, TO_CHECK_SUBJECT, TO_CHECK, link=f"{box.base_url}/admin/payments")


def decided(tx: Tx, box: Box, payment: Payment) -> None:
    """The customer is told what became of the payment."""
    user = users.by_id(tx, payment.user_id)
    if user is None or user.closed_at is not None:
        return
    subject, text = (PAID_SUBJECT, PAID) if payment.status == "approved" else (NOT_PAID_SUBJECT, NOT_PAID)
    post = Post(box, user.email, user.id, user.language)
    reason = _voice(post).say(payment.reason or "–")
    values = {"txid": payment.txid, "reason": reason, "owner": users.whom_to_write(tx)}
    _owe(tx, post, subject, text, link=f"{box.base_url}/billing", **values)


def _voice(post: Post) -> Voice:
    return Voice(post.language or post.box.config.locale.language, post.box.config.zone, post.box.now())


def _owe(tx: Tx, post: Post, subject: str, text: str, **values: str) -> None:
    box, voice = post.box, _voice(post)
    mail.owe(
        tx,
        to=post.email,
        subject=voice.say(subject),
        body=voice.say(text, **values) + "\n",
        user_id=post.user_id,
        seal=box.seal,
        now=box.now(),
    )
