"""A plan as the sender feels it: caps over all phones, a pause at its end, going on after the renewal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import Person, stage
from tests.engine.conftest import Engine, _writer
from wabox.billing import ledger, plans, subscriptions
from wabox.billing.plans import Plan, Terms
from wabox.db import Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.engine.turns import Turns
from wabox.messages import claiming, explaining, stored
from wabox.messages.explaining import Waiting
from wabox.whatsapp.fake import FakeDriver

BASIC = Terms("Basic", 50_000, "BDT", 30, 1_000, daily_cap=3, max_wa_accounts=2)


@pytest.fixture
def sold(tmp_path: Path) -> Iterator[Engine]:
    """bilal has a linked phone on a box with billing, and no plan."""
    made = stage(tmp_path, billing={"enabled": True})
    driver = FakeDriver(_writer(made), now=made.hands.now)
    engine = Engine(made, driver, Turns(made.box, driver, "boot-1"))
    engine.link(made.bilal.device_id)
    yield engine
    made.close()


def give(engine: Engine, person: Person, terms: Terms) -> Plan:
    def verb(tx: Tx) -> Plan:
        now = engine.stage.hands.now()
        plan = plans.create(tx, terms, now=now)
        subscriptions.begin(tx, person.id, plan, now=now)
        if terms.credits:
            ledger.grant(tx, person.id, terms.credits, note=terms.name, by="asha", now=now)
        return plan

    return engine.stage.box.db.write_now(verb)


def why(engine: Engine, job_id: int) -> Waiting:
    box = engine.stage.box
    message = box.db.read_here(stored.by_id, job_id)
    found = box.db.read_here(explaining.explain, [message], config=box.config, now=engine.stage.hands.now())
    return found[job_id]


def test_sending_pauses_at_the_end_of_the_plan_and_resumes_where_it_stopped(sold: Engine) -> None:
    made = sold.stage
    plan = give(sold, made.bilal, BASIC)
    first = sold.send(device_id=made.bilal.device_id)
    sold.turn(made.bilal.device_id)
    assert sold.status(first) == "sent"
    made.hands.forward(days=30)
    waiting = [sold.send(f"880171100000{n}", device_id=made.bilal.device_id) for n in range(3)]
    sold.turn(made.bilal.device_id)
    assert [sold.status(one) for one in waiting] == ["queued"] * 3
    assert why(sold, waiting[0]).reason == "plan_expired"
    assert why(sold, waiting[0]).until is None
    made.hands.forward(days=3)
    made.box.db.write_now(subscriptions.begin, made.bilal.id, plan, now=made.hands.now())
    sold.turn(made.bilal.device_id)
    assert [sold.status(one) for one in waiting] == ["sent"] * 3


def test_without_a_plan_nothing_goes(sold: Engine) -> None:
    made = sold.stage
    made.box.db.write_now(ledger.grant, made.bilal.id, 5, note="gift", by="asha", now=made.hands.now())
    job_id = sold.send(device_id=made.bilal.device_id)
    sold.turn(made.bilal.device_id)
    assert sold.status(job_id) == "queued"
    assert why(sold, job_id).reason == "plan_expired"


def test_the_plans_cap_holds_over_all_phones_together(sold: Engine) -> None:
    made = sold.stage
    give(sold, made.bilal, BASIC)

    def second(tx: Tx) -> int:
        return orders.create(tx, made.bilal.id, "sales", most=2, now=made.hands.now()).id

    other = made.box.db.write_now(second)
    sold.link(other, "8801700000008")
    jobs = []
    for number in range(3):
        for device_id in (made.bilal.device_id, other):
            jobs.append(sold.send(f"88017110000{number}{device_id}", device_id=device_id))
    for _ in range(3):
        for device_id in (made.bilal.device_id, other):
            sold.turns.step(device_id)
    assert sorted(sold.status(one) for one in jobs) == ["queued"] * 3 + ["sent"] * 3
    held = next(one for one in jobs if sold.status(one) == "queued")
    assert why(sold, held).reason == "daily_cap"
    made.hands.forward(days=1)
    sold.turn(made.bilal.device_id)
    sold.turn(other)
    assert [sold.status(one) for one in jobs] == ["sent"] * 6


def test_a_message_claimed_on_another_phone_counts_before_it_is_handed_over(sold: Engine) -> None:
    made = sold.stage
    give(sold, made.bilal, Terms("One", 1, "BDT", 30, 10, daily_cap=1, max_wa_accounts=2))

    def second(tx: Tx) -> int:
        return orders.create(tx, made.bilal.id, "sales", most=2, now=made.hands.now()).id

    other = made.box.db.write_now(second)
    sold.link(other, "8801700000008")
    for device_id in (made.bilal.device_id, other):
        sold.send(f"88017110000{device_id}", device_id=device_id)
    box = made.box
    claim = [
        box.db.write_now(claiming.claim_next, device_id, config=box.config, now=made.hands.now())
        for device_id in (made.bilal.device_id, other)
    ]
    assert [type(one).__name__ for one in claim] == ["Message", "Wait"]


def test_the_owner_sends_without_any_plan(sold: Engine) -> None:
    sold.link()
    job_id = sold.send()
    sold.turn()
    assert sold.status(job_id) == "sent"


def two_phones(engine: Engine) -> int:
    made = engine.stage

    def second(tx: Tx) -> int:
        return orders.create(tx, made.bilal.id, "sales", most=2, now=made.hands.now()).id

    other = made.box.db.write_now(second)
    made.hands.forward(minutes=1)
    engine.link(other, "8801700000008")
    return other


def test_a_phone_beyond_a_lowered_plan_waits_with_its_reason_until_there_is_room(sold: Engine) -> None:
    made, primary = sold.stage, sold.stage.bilal.device_id
    give(sold, made.bilal, BASIC)
    other = two_phones(sold)
    give(sold, made.bilal, Terms("Small", 20_000, "BDT", 30, 100))
    jobs = [sold.send(f"88017110000{one}", device_id=one) for one in (primary, other)]
    sold.turn(primary)
    sold.turn(other)
    assert [sold.status(one) for one in jobs] == ["sent", "queued"]
    assert (why(sold, jobs[1]).reason, why(sold, jobs[1]).until) == ("over_plan", None)
    made.box.db.write_now(lambda tx: orders.logout(tx, devices.by_id(tx, primary)))
    sold.turn(other)
    assert sold.status(jobs[1]) == "sent"


def test_a_larger_plan_lets_the_second_phone_go_on(sold: Engine) -> None:
    give(sold, sold.stage.bilal, Terms("Small", 20_000, "BDT", 30, 100))
    other = two_phones(sold)
    job_id = sold.send(device_id=other)
    sold.turn(other)
    assert why(sold, job_id).reason == "over_plan"
    give(sold, sold.stage.bilal, BASIC)
    sold.turn(other)
    assert sold.status(job_id) == "sent"
