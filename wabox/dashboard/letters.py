"""Writes the mails people get about their account, in their own language."""

from __future__ import annotations

from dataclasses import dataclass

from wabox.accounts import mail
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


def _owe(tx: Tx, post: Post, subject: str, text: str, **values: str) -> None:
    box = post.box
    voice = Voice(post.language or box.config.locale.language, box.config.zone, box.now())
    mail.owe(
        tx,
        to=post.email,
        subject=voice.say(subject),
        body=voice.say(text, **values) + "\n",
        user_id=post.user_id,
        seal=box.seal,
        now=box.now(),
    )
