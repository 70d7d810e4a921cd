"""Letters about an account: links to come in by, and what became of the account and why."""

from __future__ import annotations

from wabox.accounts import states, users
from wabox.accounts.states import Move
from wabox.accounts.users import User
from wabox.box import Box
from wabox.db import Tx
from wabox.languages import later
from wabox.letters import writing
from wabox.letters.writing import Post

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
LOCKED_SUBJECT = later("Your wabox account is locked")
LOCKED = later(
    """Your wabox account is locked until it has been reviewed. The reason given: %(reason)s

You cannot log in, your API keys do not work and nothing is sent for you. Nothing of yours is deleted, and your
credits are kept.

To have it reviewed, write to %(owner)s."""
)

MOVED: dict[Move, tuple[str, str]] = {
    "approve": (APPROVED_SUBJECT, APPROVED),
    "suspend": (SUSPENDED_SUBJECT, SUSPENDED),
    "resume": (RESUMED_SUBJECT, RESUMED),
    "unlock": (RESUMED_SUBJECT, RESUMED),
}


def reset(tx: Tx, post: Post, token: str) -> None:
    """The link to a new password is owed."""
    writing.owe(tx, post, RESET_SUBJECT, RESET, link=f"{post.box.base_url}/reset/{token}")


def verify(tx: Tx, post: Post, token: str) -> None:
    """The link that confirms an address is owed."""
    writing.owe(tx, post, VERIFY_SUBJECT, VERIFY, link=f"{post.box.base_url}/verify/{token}")


def invited(tx: Tx, post: Post, token: str) -> None:
    """The link to a first password is owed."""
    writing.owe(tx, post, INVITED_SUBJECT, INVITED, link=f"{post.box.base_url}/reset/{token}")


def known(tx: Tx, post: Post) -> None:
    """Who has an account is told that somebody tried to make another."""
    writing.owe(tx, post, KNOWN_SUBJECT, KNOWN, link=f"{post.box.base_url}/login")


def moved(tx: Tx, box: Box, user: User, what: Move, reason: str = "") -> None:
    """Whoever's account was moved is told so, and why. user: as the move left it."""
    if what == "lock":
        locked(tx, box, user)
        return
    subject, text = MOVED[what]
    if what == "approve" and user.state == "pending":
        subject, text = HALF_APPROVED_SUBJECT, HALF_APPROVED
    values = {"reason": " ".join(reason.split()) or "–", "owner": users.whom_to_write(tx)}
    writing.owe(tx, writing.to(box, user), subject, text, link=f"{box.base_url}/login", **values)


def locked(tx: Tx, box: Box, user: User) -> None:
    """Whoever's account was locked is told so: by a person, or by wabox itself at whatever it hears."""
    reason = states.standing(tx, user.id).reason or "–"
    writing.owe(tx, writing.to(box, user), LOCKED_SUBJECT, LOCKED, reason=reason, owner=users.whom_to_write(tx))


def if_locked(tx: Tx, box: Box, user_id: int, was: User | None) -> None:
    """The same, where wabox itself has locked the account since `was`."""
    user = users.by_id(tx, user_id)
    if user is not None and user.state == "locked" and was is not None and was.state != "locked":
        locked(tx, box, user)
