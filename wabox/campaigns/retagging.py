"""A tag is renamed or goes only while no campaign that has still to begin counts on it."""

from __future__ import annotations

from datetime import datetime

from wabox.campaigns import stored as campaigns
from wabox.contacts import fields, segments, tagging
from wabox.db import Rows, Tx
from wabox.errors import Invalid


def rename(tx: Tx, user_id: int, tag: str, to: str, *, now: datetime) -> int:
    """As `tagging.rename`. Raises Invalid `in_use`, naming the campaign, for another tag than by its spelling."""
    if fields.key(fields.tag(tag)) != fields.key(fields.tag(to)):
        _free(tx, user_id, tag)
    return tagging.rename(tx, user_id, tag, to, now=now)


def drop(tx: Tx, user_id: int, tag: str, *, now: datetime) -> int:
    """As `tagging.drop`. Raises Invalid `in_use`, naming the campaign."""
    _free(tx, user_id, tag)
    return tagging.drop(tx, user_id, tag, now=now)


def _free(rows: Rows, user_id: int, tag: str) -> None:
    key = fields.key(fields.tag(tag))
    for campaign in campaigns.unmade(rows, user_id):
        if campaign.launched_at is None and key in _tags(campaign):
            sentence = (
                f"The planned campaign “{campaign.name}” asks for {tag}; stop it, or wait until it has begun."
            )
            raise Invalid("in_use", sentence, details={"name": sentence})


def _tags(campaign: campaigns.Campaign) -> set[str]:
    asked = segments.read(campaign.audience)
    return {fields.key(one) for one in (*asked.tags_any, *asked.tags_all, *asked.tags_none)}
