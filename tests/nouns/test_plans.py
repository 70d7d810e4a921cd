from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from wabox.accounts.users import User
from wabox.billing import ledger, plans, subscriptions
from wabox.billing.plans import Terms
from wabox.db import Tx
from wabox.errors import Invalid, NotFound

BASIC = Terms("Basic", 50_000, "BDT", 30, 1_000, daily_cap=200, max_wa_accounts=2)
UNLIMITED = Terms("Everything", 500_000, "BDT", 30, None, max_wa_accounts=5)
PACK = Terms("500 credits", 20_000, "BDT", None, 500)
TRIAL = Terms("Try it", 0, "BDT", 7, 50, trial=True)


def credits(tx: Tx, user: User) -> int | None:
    return ledger.credits_left(tx, user.id)


def on(tx: Tx, now: datetime) -> None:
    subscriptions.switch(tx, enabled=True, now=now)


def test_a_plan_is_made_and_sold_until_it_is_archived(tx: Tx, now: datetime) -> None:
    basic, pack = plans.create(tx, BASIC, now=now), plans.create(tx, PACK, now=now)
    plans.create(tx, TRIAL, now=now)
    assert [one.id for one in plans.for_sale(tx)] == [basic.id, pack.id]
    assert pack.is_pack and not basic.is_pack
    assert plans.archive(tx, basic.id)
    assert not plans.archive(tx, basic.id)
    assert [one.id for one in plans.for_sale(tx)] == [pack.id]
    assert plans.restore(tx, basic.id)
    assert not plans.restore(tx, basic.id)
    with pytest.raises(NotFound):
        plans.archive(tx, 99)


def test_a_changed_plan_is_a_new_one_of_its_family(tx: Tx, now: datetime) -> None:
    first = plans.create(tx, BASIC, now=now)
    assert plans.change(tx, first.id, BASIC, now=now) == first
    second = plans.change(tx, first.id, replace(BASIC, price_minor=60_000), now=now)
    assert second.family == first.family == first.id
    assert plans.by_id(tx, first.id).terms.price_minor == 50_000
    assert [one.id for one in plans.for_sale(tx)] == [second.id]
    plans.restore(tx, first.id)
    assert [one.id for one in plans.for_sale(tx)] == [first.id]


def test_the_file_itself_keeps_what_was_promised(tx: Tx, asha: User, now: datetime) -> None:
    plan = plans.create(tx, BASIC, now=now)
    with pytest.raises(sqlite3.IntegrityError, match="never change"):
        tx.run("update plans set price_minor = 1 where id = :id", id=plan.id)
    subscriptions.begin(tx, asha.id, plan, now=now)
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        tx.run("delete from plans where id = :id", id=plan.id)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (replace(BASIC, name="  "), "name"),
        (replace(BASIC, name="x" * 61), "name"),
        (replace(BASIC, name="a\nb"), "name"),
        (replace(BASIC, price_minor=-1), "price"),
        (replace(BASIC, days=0), "days"),
        (replace(BASIC, days=4_000), "days"),
        (replace(BASIC, credits=0), "credits"),
        (replace(PACK, credits=None), "credits"),
        (replace(BASIC, daily_cap=-1), "daily_cap"),
        (replace(BASIC, max_wa_accounts=0), "max_wa_accounts"),
        (replace(TRIAL, price_minor=1), "trial"),
        (replace(PACK, price_minor=0, trial=True), "trial"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused_by_field(tx: Tx, now: datetime, terms: Terms, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        plans.create(tx, terms, now=now)
    assert set(refusal.value.details) == {field}


def test_there_is_one_free_trial_at_a_time(tx: Tx, now: datetime) -> None:
    assert plans.trial(tx) is None
    first = plans.create(tx, TRIAL, now=now)
    second = plans.create(tx, replace(TRIAL, days=3), now=now)
    assert plans.trial(tx) == second
    plans.restore(tx, first.id)
    assert [one.id for one in plans.everything(tx) if one.active] == [first.id]


def test_without_billing_everybody_is_on_plan_owner(tx: Tx, bilal: User, now: datetime) -> None:
    standing = subscriptions.standing(tx, bilal.id, enabled=False, now=now)
    assert standing == subscriptions.OWNER
    assert not standing.paused(now)
    assert credits(tx, bilal) is None


def test_with_billing_only_the_owner_is(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    on(tx, now)
    assert subscriptions.standing(tx, asha.id, enabled=True, now=now) == subscriptions.OWNER
    none = subscriptions.standing(tx, bilal.id, enabled=True, now=now)
    assert none.none and none.paused(now) and none.most_devices == 1
    assert credits(tx, asha) is None
    assert credits(tx, bilal) == 0


def test_whoever_comes_after_billing_was_switched_on_has_no_credits(tx: Tx, asha: User, now: datetime) -> None:
    on(tx, now)
    tx.run("insert into users (email, password_hash, role, created_at) values ('d@x.example', 'x', 'user', 'now')")
    assert tx.value("select unlimited from users where email = 'd@x.example'") == 0


def test_switching_billing_off_frees_everybody_and_on_again_remembers(
    tx: Tx, asha: User, bilal: User, now: datetime
) -> None:
    on(tx, now)
    ledger.grant(tx, bilal.id, 5, note="gift", by="asha", now=now)
    on(tx, now)
    assert credits(tx, bilal) == 5
    subscriptions.switch(tx, enabled=False, now=now)
    assert credits(tx, bilal) is None
    on(tx, now)
    assert credits(tx, bilal) == 5


def test_renewal_continues_where_the_period_ends(tx: Tx, bilal: User, now: datetime) -> None:
    plan = plans.create(tx, BASIC, now=now)
    first = subscriptions.begin(tx, bilal.id, plan, now=now)
    cheaper = plans.change(tx, plan.id, replace(BASIC, price_minor=1), now=now)
    second = subscriptions.begin(tx, bilal.id, cheaper, now=now + timedelta(days=20))
    assert second.starts_at == first.expires_at == now + timedelta(days=30)
    standing = subscriptions.standing(tx, bilal.id, enabled=True, now=now + timedelta(days=20))
    assert standing.expires_at == now + timedelta(days=60)
    assert standing.plan_id == plan.id


def test_renewal_after_the_end_begins_at_once(tx: Tx, bilal: User, now: datetime) -> None:
    plan = plans.create(tx, BASIC, now=now)
    subscriptions.begin(tx, bilal.id, plan, now=now)
    late = now + timedelta(days=40)
    assert subscriptions.standing(tx, bilal.id, enabled=True, now=late).paused(late)
    assert subscriptions.begin(tx, bilal.id, plan, now=late).starts_at == late
    assert not subscriptions.standing(tx, bilal.id, enabled=True, now=late).paused(late)


def test_another_plan_takes_the_place_of_the_present_one(tx: Tx, bilal: User, now: datetime) -> None:
    basic, every = plans.create(tx, BASIC, now=now), plans.create(tx, UNLIMITED, now=now)
    subscriptions.begin(tx, bilal.id, basic, now=now)
    subscriptions.begin(tx, bilal.id, basic, now=now)
    day = now + timedelta(days=1)
    subscriptions.begin(tx, bilal.id, every, now=day)
    standing = subscriptions.standing(tx, bilal.id, enabled=True, now=day)
    assert (standing.name, standing.expires_at) == ("Everything", day + timedelta(days=30))
    ended = [one.ended_because for one in subscriptions.history(tx, bilal.id)]
    assert ended == [None, "another_plan", "another_plan"]


def test_unlimited_credits_last_as_long_as_their_period(tx: Tx, bilal: User, now: datetime) -> None:
    on(tx, now)
    every = plans.create(tx, UNLIMITED, now=now)
    subscriptions.begin(tx, bilal.id, every, now=now)
    assert credits(tx, bilal) is None
    after = now + timedelta(days=30)
    assert not subscriptions.unsettled(tx, now=after - timedelta(seconds=1))
    assert subscriptions.unsettled(tx, now=after)
    assert subscriptions.settle(tx, now=after) == 1
    assert credits(tx, bilal) == 0
