from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from wabox.accounts import audit, users
from wabox.accounts.users import User
from wabox.billing import ledger, plans, subscriptions, trials
from wabox.billing.plans import Terms
from wabox.billing.subscriptions import Subscription
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.whatsapp.driver import Link

TRIAL = Terms("Try it", 0, "BDT", 7, 50, trial=True)
PHONE = "8801711000001"


@dataclass(slots=True)
class Story:
    """Somebody registers, tries, links; asha's box has billing and a trial."""

    tx: Tx
    now: datetime

    def person(self, email: str) -> User:
        made = users.create(self.tx, email=email, password_hash="x", now=self.now)
        orders.create_primary(self.tx, made.id, now=self.now)
        return made

    def registered_from(self, user: User, ip: str) -> None:
        self.tx.run(
            "insert into terms_acceptances (user_id, version, ip, at) values (:id, '1', :ip, 'now')",
            id=user.id,
            ip=ip,
        )

    def start(self, user: User, ip: str | None = None, ip_days: int = 365) -> Subscription:
        return trials.start(self.tx, user.id, ip=ip, ip_days=ip_days, now=self.now)

    def refused(self, user: User, ip: str | None = None, ip_days: int = 365) -> str:
        with pytest.raises(Invalid) as refusal:
            self.start(user, ip, ip_days)
        return refusal.value.code

    def link(self, user: User, phone: str = PHONE) -> None:
        device = devices.by_label(self.tx, user.id, "primary")
        number = orders.start(self.tx, device).session
        linking.saw(self.tx, Link(device.id, number, "ready", phone=phone, synced=True), now=self.now)

    def credits(self, user: User) -> int | None:
        return ledger.credits_left(self.tx, user.id)

    def paused(self, user: User) -> bool:
        return subscriptions.standing(self.tx, user.id, enabled=True, now=self.now).paused(self.now)


@pytest.fixture
def story(tx: Tx, asha: User, now: datetime) -> Story:
    subscriptions.switch(tx, enabled=True, now=now)
    plans.create(tx, TRIAL, now=now)
    return Story(tx, now)


def test_a_trial_brings_its_days_and_credits_without_a_payment(story: Story) -> None:
    bilal = story.person("bilal@example.com")
    begun = story.start(bilal)
    assert begun.expires_at == story.now + timedelta(days=7)
    assert story.credits(bilal) == ledger.balance(story.tx, bilal.id) == 50
    story.link(bilal)
    assert not story.paused(bilal)
    assert story.tx.value("select count(*) from invoices") == 0
    assert [one.action for one in audit.page(story.tx)] == ["trial.started"]


def test_a_user_has_one_trial(story: Story) -> None:
    bilal = story.person("bilal@example.com")
    story.start(bilal)
    assert story.refused(bilal) == "trial_used"
    story.now += timedelta(days=400)
    assert story.refused(bilal) == "trial_used"


def test_a_customer_needs_no_trial_any_more(story: Story, tx: Tx) -> None:
    bilal = story.person("bilal@example.com")
    plan = plans.create(tx, Terms("Basic", 500, "BDT", 30, 5), now=story.now)
    subscriptions.begin(tx, bilal.id, plan, now=story.now)
    assert story.refused(bilal) == "trial_used"


def test_the_same_number_under_a_new_name_is_refused_before(story: Story) -> None:
    bilal, again = story.person("bilal@example.com"), story.person("again@example.com")
    story.start(bilal)
    story.link(bilal)
    story.link(again)
    assert story.refused(again) == "trial_number_used"


def test_the_same_number_linked_later_ends_the_trial_and_takes_its_credits(story: Story) -> None:
    bilal, again = story.person("bilal@example.com"), story.person("again@example.com")
    story.start(bilal)
    story.link(bilal)
    story.start(again)
    ledger.take(story.tx, again.id, 1, now=story.now)
    story.link(again)
    assert story.paused(again)
    assert story.credits(again) == ledger.balance(story.tx, again.id) == 0
    assert subscriptions.history(story.tx, again.id)[0].ended_because == "trial_number_used"
    assert audit.page(story.tx)[0].action == "trial.refused"
    assert not story.paused(bilal) and story.credits(bilal) == 50


def test_who_was_deleted_and_comes_back_is_known_again(story: Story, tx: Tx) -> None:
    bilal = story.person("bilal@example.com")
    story.start(bilal)
    story.link(bilal)
    tx.run("update users set email = 'gone@example.com' where id = :id", id=bilal.id)
    tx.run("delete from linked_phones where user_id = :id", id=bilal.id)
    back = story.person("bilal@example.com")
    assert story.refused(back) == "trial_used"
    other = story.person("other@example.com")
    story.link(other)
    assert story.refused(other) == "trial_number_used"


def test_the_same_number_again_in_ones_own_trial_is_fine(story: Story) -> None:
    bilal = story.person("bilal@example.com")
    story.start(bilal)
    for phone in (PHONE, "8801711000002", PHONE):
        story.link(bilal, phone)
    assert not story.paused(bilal)


def test_an_address_has_one_trial_for_a_while(story: Story) -> None:
    bilal, again = story.person("bilal@example.com"), story.person("again@example.com")
    story.registered_from(bilal, "203.0.113.9")
    story.start(bilal, "198.51.100.1")
    story.registered_from(again, "203.0.113.9")
    assert story.refused(again, "198.51.100.77") == "trial_ip_used"
    story.now += timedelta(days=366)
    story.start(again, "198.51.100.77")


def test_addresses_are_not_looked_at_where_the_box_says_so(story: Story) -> None:
    for name in ("bilal", "again"):
        story.start(story.person(f"{name}@example.com"), "203.0.113.9", ip_days=0)


def test_neither_number_nor_address_is_kept_in_clear(story: Story, tx: Tx) -> None:
    bilal = story.person("bilal@example.com")
    story.start(bilal, "203.0.113.9")
    story.link(bilal)
    kept = " ".join(row["hash"] for row in tx.all("select hash from trials"))
    assert tx.value("select count(*) from trials") == 4
    assert not any(clear in kept for clear in (PHONE, "203.0.113.9", "bilal"))


def test_without_a_trial_plan_and_for_the_owner_there_is_none(story: Story, tx: Tx, asha: User) -> None:
    assert story.refused(asha) == "no_trial"
    bilal = story.person("bilal@example.com")
    plans.archive(tx, plans.everything(tx)[0].id)
    assert story.refused(bilal) == "no_trial"


def test_a_paid_plan_takes_the_place_of_a_trial_whatever_the_number(story: Story, tx: Tx) -> None:
    bilal, again = story.person("bilal@example.com"), story.person("again@example.com")
    story.start(bilal)
    story.link(bilal)
    story.start(again)
    plan = plans.create(tx, Terms("Basic", 500, "BDT", 30, 5), now=story.now)
    subscriptions.begin(tx, again.id, plan, now=story.now)
    story.link(again)
    assert not story.paused(again)
