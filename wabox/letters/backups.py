"""The letter to the owner when the nightly backup begins to fail."""

from __future__ import annotations

from wabox.accounts.users import User
from wabox.box import Box
from wabox.db import Tx
from wabox.languages import later
from wabox.letters import writing

SUBJECT = later("The backup of your wabox failed")
FAILED = later(
    """Last night's backup of your box was not made, or could not be taken further:
%(why)s

It is tried again every hour. You get no further mail until one has gone well. More:
%(link)s"""
)


def failed(tx: Tx, box: Box, owner: User, why: str) -> None:
    """The owner is told that nothing was backed up."""
    post = writing.to(box, owner)
    writing.owe(tx, post, SUBJECT, FAILED, why=post.say(why), link=f"{box.base_url}/admin/backups")
