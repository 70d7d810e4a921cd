"""Audiences under a name, and what may happen to what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cast import settings
from wabox import config
from wabox.accounts.users import User
from wabox.campaigns import following, launching, retagging
from wabox.campaigns import stored as campaigns
from wabox.config import Config
from wabox.contacts import audiences, own, phones, segments, writing
from wabox.contacts.audiences import Audience
from wabox.contacts.conditions import Condition
from wabox.contacts.segments import Segment
from wabox.db import Tx
from wabox.errors import Invalid, NotFound
from wabox.texts import renaming

VIP = Segment(tags_any=("VIP",))


@pytest.fixture
def regulars(tx: Tx, asha: User, now: datetime) -> Audience:
    """asha's, of two people."""
    for last in (1, 2):
        phone = phones.Phone(f"880171100000{last}", flagged=False)
        writing.write(tx, asha.id, [writing.Draft(phone, tags=("VIP",))], now=now)
    return audiences.add(tx, asha.id, "Regulars", VIP, now=now)


@pytest.fixture
def rules(tmp_path: Any) -> Config:
    return config.parse(settings(), base=tmp_path)


def plan(tx: Tx, asha: User, one: Audience, rules: Config, now: datetime, **more: Any) -> campaigns.Campaign:
    given: dict[str, Any] = {
        "name": "Friday",
        "message": "Hi",
        "audience": one.kept,
        "audience_id": one.id,
        "contact_ids": segments.meant(tx, asha.id, one.segment, config=rules, at=now),
        "device_ids": None,
        "scheduled_for": now + timedelta(hours=1),
        "now": now,
    }
    return launching.create(tx, asha.id, **given | more)


def test_a_planned_campaign_follows_its_audience_until_it_begins(
    tx: Tx, asha: User, regulars: Audience, rules: Config, now: datetime
) -> None:
    campaign = plan(tx, asha, regulars, rules, now)
    stamp, people = launching.meant_now(tx, campaign.id, rules, now)
    assert len(people) == 2
    nobody = Segment(tags_none=("VIP",))
    following.change(tx, asha.id, regulars.id, segment=nobody, config=rules, now=now)
    after = campaigns.by_id(tx, campaign.id)
    assert (segments.read(after.audience), after.total) == (nobody, 0)
    launching.launch_scheduled(tx, campaign.id, people, now=now + timedelta(hours=1), stamp=stamp)
    assert campaigns.by_id(tx, campaign.id).launched_at is None  # looked up before the change
    with pytest.raises(Invalid, match="changed meanwhile"):
        plan(tx, asha, regulars, rules, now)
    following.change(tx, asha.id, regulars.id, segment=VIP, config=rules, now=now)
    tx.run("update campaigns set total = 9 where id = :id", id=campaign.id)
    following.change(tx, asha.id, regulars.id, name="VIPs", segment=VIP, config=rules, now=now)
    assert campaigns.by_id(tx, campaign.id).total == 9  # a mere new name counts nobody
    launching.launch(tx, campaign.id, people, now=now)
    following.change(tx, asha.id, regulars.id, segment=nobody, config=rules, now=now)
    assert segments.read(campaigns.by_id(tx, campaign.id).audience) == VIP


def test_it_goes_only_while_nothing_is_planned_for_it(
    tx: Tx, asha: User, regulars: Audience, rules: Config, now: datetime
) -> None:
    campaign = plan(tx, asha, regulars, rules, now)
    with pytest.raises(Invalid, match="Friday"):
        following.remove(tx, asha.id, regulars.id)
    launching.launch(tx, campaign.id, segments.ids(tx, asha.id, VIP), now=now)
    following.remove(tx, asha.id, regulars.id)
    assert audiences.every(tx, asha.id) == []
    assert segments.read(campaigns.by_id(tx, campaign.id).audience) == VIP


def test_a_tag_is_followed_joined_and_not_deleted(tx: Tx, asha: User, regulars: Audience, now: datetime) -> None:
    both = Segment(tags_any=("vip", "gold"), tags_none=("late",))
    other = audiences.add(tx, asha.id, "Both", both, now=now)
    with pytest.raises(Invalid, match="asks for"):
        retagging.drop(tx, asha.id, "VIP", now=now)
    assert segments.count(tx, asha.id, VIP) == 2
    retagging.rename(tx, asha.id, "vip", "Gold", now=now)
    assert audiences.of_user(tx, asha.id, regulars.id).segment.tags_any == ("Gold",)
    joined = audiences.of_user(tx, asha.id, other.id).segment
    assert len(joined.tags_any) == 1 and joined.tags_any[0].casefold() == "gold" and joined.tags_none == ("late",)
    assert segments.count(tx, asha.id, audiences.of_user(tx, asha.id, regulars.id).segment) == 2


def test_a_field_is_followed_and_not_removed_nor_of_a_kind_that_cannot_be_asked(
    tx: Tx, asha: User, now: datetime
) -> None:
    field = own.create(tx, asha.id, name="due", kind="number", currency="BDT", now=now)
    asks = Segment(fields=(Condition("due", "more", 10),))
    made = audiences.add(tx, asha.id, "Owes", asks, now=now)
    renaming.change(tx, asha.id, field.id, name="owes", currency="BDT", now=now)
    assert audiences.of_user(tx, asha.id, made.id).segment.fields[0].field == "owes"
    changes: tuple[Callable[[], Any], ...] = (
        lambda: renaming.remove(tx, asha.id, field.id, now=now),
        lambda: renaming.change(tx, asha.id, field.id, kind="text", currency="BDT", now=now),
    )
    for change in changes:
        with pytest.raises(Invalid, match="The audience “Owes”"):
            change()


def test_names_are_ones_own_and_unique(tx: Tx, asha: User, bilal: User, regulars: Audience, now: datetime) -> None:
    audiences.add(tx, bilal.id, "Regulars", VIP, now=now)
    for name in ("regulars", " REGULARS ", "", "\n", "x" * 101):
        with pytest.raises(Invalid):
            audiences.add(tx, asha.id, name, VIP, now=now)
    with pytest.raises(NotFound):
        audiences.of_user(tx, bilal.id, regulars.id)
    with pytest.raises(Invalid, match="no such field|no field|field"):
        audiences.add(tx, asha.id, "Other", Segment(fields=(Condition("nothing", "is", "1"),)), now=now)
    with pytest.raises(Invalid, match="50"):
        for number in range(audiences.MOST):
            audiences.add(tx, asha.id, f"Audience {number}", VIP, now=now)


def test_so_many_days_are_counted_back_from_whenever_it_is_asked(
    tx: Tx, asha: User, regulars: Audience, rules: Config, now: datetime
) -> None:
    tx.run(
        "update contacts set last_out_at = :at where phone = '8801711000001'",
        at=now.isoformat(timespec="microseconds"),
    )
    quiet = Segment(not_contacted_days=30)
    assert len(segments.meant(tx, asha.id, quiet, config=rules, at=now)) == 1
    later = now + timedelta(days=30, seconds=1)
    assert len(segments.meant(tx, asha.id, quiet, config=rules, at=later)) == 2
    assert segments.read(segments.write(quiet)) == quiet
