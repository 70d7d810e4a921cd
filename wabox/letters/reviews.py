"""The letter to the owner when something begins to wait for their eye."""

from __future__ import annotations

from wabox.accounts.users import User
from wabox.box import Box
from wabox.db import Tx
from wabox.languages import later
from wabox.letters import writing

WAITS_SUBJECT = later("Something waits for you on wabox")
WAITS = later(
    """A message was held by the rules of your box. It goes when you have read it, or never if you say no:
%(link)s

You get no further mail until you have been through the list."""
)


def waits(tx: Tx, box: Box, owner: User) -> None:
    """The owner is told that a message is held."""
    writing.owe(tx, writing.to(box, owner), WAITS_SUBJECT, WAITS, link=f"{box.base_url}/admin/filter/reviews")
