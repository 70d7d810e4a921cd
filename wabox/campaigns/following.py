"""A saved audience changes or goes, with what counts on it: planned campaigns follow, and keep it from going."""

from __future__ import annotations

from datetime import datetime

from wabox.campaigns import repeats
from wabox.campaigns import stored as campaigns
from wabox.campaigns.stored import Campaign
from wabox.config import Config
from wabox.contacts import audiences, segments
from wabox.contacts.audiences import Audience
from wabox.contacts.segments import Segment
from wabox.db import Rows, Tx
from wabox.errors import Invalid


def planned(rows: Rows, user_id: int, audience_id: int) -> list[Campaign]:
    """The user's campaigns for it that have still to begin."""
    return [
        one
        for one in campaigns.unmade(rows, user_id)
        if one.audience_id == audience_id and one.launched_at is None
    ]


def count(rows: Rows, audience: Audience, *, config: Config, at: datetime) -> int:
    """How many people it means at that moment. at: aware."""
    segment = segments.as_of(audience.segment, at)
    today = segments.day(rows, audience.user_id, config, at)
    return segments.count(rows, audience.user_id, segment, today=today)


def change(
    tx: Tx,
    user_id: int,
    audience_id: int,
    *,
    name: str | None = None,
    segment: Segment | None = None,
    config: Config,
    now: datetime,
) -> Audience:
    """As `audiences.change`; campaigns that are planned for it, or repeat, are for these people from now on."""
    before = audiences.of_user(tx, user_id, audience_id)
    after = audiences.change(tx, user_id, audience_id, name=name, segment=segment, now=now)
    if after.kept == before.kept:
        return after
    for campaign in planned(tx, user_id, audience_id):
        at = max(campaign.scheduled_for or now, now)
        tx.run(
            "update campaigns set audience = :kept, total = :total where id = :id and launched_at is null",
            id=campaign.id,
            kept=after.kept,
            total=count(tx, after, config=config, at=at),
        )
    tx.run(
        """update repeats set audience = :kept, version = version + 1
           where user_id = :user_id and audience_id = :id""",
        kept=after.kept,
        user_id=user_id,
        id=audience_id,
    )
    return after


def remove(tx: Tx, user_id: int, audience_id: int) -> Audience:
    """It is gone; who it was. Raises NotFound; Invalid `in_use`, naming a campaign that has still to go to it."""
    before = audiences.of_user(tx, user_id, audience_id)
    for campaign in planned(tx, user_id, audience_id):
        sentence = (
            f"The planned campaign “{campaign.name}” is for this audience; stop it, or wait until it has begun."
        )
        raise Invalid("in_use", sentence, details={"name": sentence})
    repeat = repeats.counting_on(tx, user_id, lambda one: one.audience_id == audience_id)
    if repeat is not None:
        sentence = f"The repeating campaign “{repeat.name}” is for this audience; change it or delete it first."
        raise Invalid("in_use", sentence, details={"name": sentence})
    audiences.remove(tx, user_id, audience_id)
    return before
