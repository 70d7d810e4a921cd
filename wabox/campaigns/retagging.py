"""A tag is renamed or goes only while no campaign that has still to begin counts on it.

Saved audiences and repeating campaigns follow a new name.
"""

from __future__ import annotations

from datetime import datetime

from wabox.campaigns import repeats
from wabox.campaigns import stored as campaigns
from wabox.contacts import audiences, fields, segments, tagging
from wabox.db import Rows, Tx
from wabox.errors import Invalid


def rename(tx: Tx, user_id: int, tag: str, to: str, *, now: datetime) -> int:
    """As `tagging.rename`; saved audiences ask for the new one. Raises Invalid `in_use`, naming the campaign, for
    another tag than by its spelling.
    """
    was, named = fields.tag(tag), fields.tag(to)
    if fields.key(was) != fields.key(named):
        _free(tx, user_id, tag)
    audiences.rewrite(tx, user_id, lambda one: audiences.retagged(one, was, named))
    repeats.rewrite(tx, user_id, audience=lambda one: audiences.retagged(one, was, named))
    return tagging.rename(tx, user_id, tag, to, now=now)


def drop(tx: Tx, user_id: int, tag: str, *, now: datetime) -> int:
    """As `tagging.drop`. Raises Invalid `in_use`, naming the campaign or the saved audience that asks for it."""
    _free(tx, user_id, tag)
    key = fields.key(fields.tag(tag))
    asking = audiences.asking(tx, user_id, key)
    if asking is not None:
        raise _in_use(f"The audience “{asking.name}” asks for {tag}; change it or delete it first.")
    repeat = repeats.counting_on(tx, user_id, lambda one: key in segments.keys(segments.read(one.audience)))
    if repeat is not None:
        raise _in_use(f"The repeating campaign “{repeat.name}” asks for {tag}; change it or delete it first.")
    return tagging.drop(tx, user_id, tag, now=now)


def _free(rows: Rows, user_id: int, tag: str) -> None:
    key = fields.key(fields.tag(tag))
    for campaign in campaigns.unmade(rows, user_id):
        if campaign.launched_at is None and key in segments.keys(segments.read(campaign.audience)):
            sentence = (
                f"The planned campaign “{campaign.name}” asks for {tag}; stop it, or wait until it has begun."
            )
            raise _in_use(sentence)


def _in_use(sentence: str) -> Invalid:
    return Invalid("in_use", sentence, details={"name": sentence})
