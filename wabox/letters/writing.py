"""To whom a letter goes, in which language, and that it is owed."""

from __future__ import annotations

from dataclasses import dataclass

from wabox.accounts import mail
from wabox.accounts.users import User
from wabox.box import Box
from wabox.db import Tx
from wabox.languages import ALL, catalogues


@dataclass(frozen=True, slots=True)
class Post:
    """To whom a letter goes. language: None = the box's."""

    box: Box
    email: str
    user_id: int
    language: str | None

    @property
    def spoken(self) -> str:
        """The language it is written in."""
        return self.language or self.box.config.locale.language

    def number(self, number: int) -> str:
        """The number in that language's digits."""
        return ALL[self.spoken].written(str(number))

    def say(self, text: str, **values: str) -> str:
        """The text in that language. values: for its %(name)s."""
        return catalogues.say(self.spoken, text, **values)


def to(box: Box, user: User) -> Post:
    """The post to this user."""
    return Post(box, user.email, user.id, user.language)


def owe(tx: Tx, post: Post, subject: str, text: str, **values: str) -> None:
    """The letter is owed. values: for the %(name)s of text and subject."""
    owe_written(tx, post, post.say(subject, **values), post.say(text, **values) + "\n")


def owe_written(tx: Tx, post: Post, subject: str, body: str) -> int:
    """The letter is owed, as it is written already; returns its id."""
    box = post.box
    return mail.owe(
        tx, to=post.email, subject=subject, body=body, user_id=post.user_id, seal=box.seal, now=box.now()
    )
