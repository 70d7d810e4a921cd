"""Campaigns from launch to the last message: counters, control, credits, several phones, opt-outs."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine, make
from wabox.billing import ledger
from wabox.campaigns import control, launching, preflight, running
from wabox.campaigns import stored as campaigns
from wabox.contacts import phones, segments, suppression, writing
from wabox.contacts import stored as contacts
from wabox.db import Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.engine.expansion import Expansion, _settle
from wabox.errors import InsufficientCredits, Invalid, NotFound
from wabox.messages import explaining, outbox, template
from wabox.whatsapp.driver import NewChats, Timelock

BROKEN = frozenset({"a campaign counts what became of its messages"})


def people(engine: Engine, count: int, tag: str = "leads") -> list[str]:
    numbers = [f"88017{n:08d}" for n in range(count)]

    def add(tx: Tx) -> None:
        for at in range(0, count, 500):
            drafts = [
                writing.Draft(phones.parse(digits, country="BD"), name=f"Name {at + n}", tags=(tag,))
                for n, digits in enumerate(numbers[at : at + 500])
            ]
            writing.bulk(tx, engine.stage.asha.id, drafts, now=engine.stage.hands.now())

    engine.stage.box.db.write_now(add)
    return numbers


def launch(engine: Engine, message: str = "Hello {name}", **more: Any) -> int:
    box = engine.stage.box
    segment = segments.of_tag(more.pop("tag", "leads"))
    ids = box.db.read_here(segments.ids, engine.stage.asha.id, segment)
    made = box.db.write_now(
        launching.create,
        engine.stage.asha.id,
        name="April",
        message=message,
        audience=segments.write(segment),
        contact_ids=ids,
        device_ids=more.pop("device_ids", None),
        scheduled_for=more.pop("scheduled_for", None),
        now=engine.stage.hands.now(),
    )
    return made.id


def expand(engine: Engine, campaign_id: int) -> None:
    Expansion(engine.stage.box).turn(campaign_id)


def run(engine: Engine, campaign_id: int, *, turns: int = 200) -> campaigns.Campaign:
    """Turn the crank until nothing moves."""
    expand(engine, campaign_id)
    still = 0
    for _ in range(turns):
        before = show(engine, campaign_id)
        for device in engine.stage.box.db.read_here(devices.list_of, engine.stage.asha.id):
            if device.linked:
                engine.turn(device.id)
        engine.stage.box.db.write_now(_settle, engine.stage.hands.now(), tripwires=True)
        check(engine, campaign_id)
        still = still + 1 if show(engine, campaign_id) == before else 0
        if still == 5:
            break
    return show(engine, campaign_id)


def show(engine: Engine, campaign_id: int) -> campaigns.Campaign:
    return engine.stage.box.db.read_here(campaigns.by_id, campaign_id)


def check(engine: Engine, campaign_id: int) -> None:
    """What must be true at every moment: counters are the rows, credits are the ledger."""
    campaign = show(engine, campaign_id)
    rows = Counter(
        {
            row["status"]: row["n"]
            for row in engine.stage.box.db.read_here(
                lambda rows: rows.all(
                    "select status, count(*) as n from messages where campaign_id = :id group by status",
                    id=campaign_id,
                )
            )
        }
    )
    reached = rows["sent"] + rows["delivered"] + rows["read"]
    assert campaign.sent == reached
    assert campaign.failed == rows["failed"]
    assert campaign.unknown == rows["unknown"]
    made = rows["queued"] + rows["sending"]
    assert (campaign.queued == made) if campaign.expanded else (campaign.queued >= made)
    ends = campaign.sent + campaign.failed + campaign.skipped + campaign.cancelled + campaign.unknown
    assert campaign.total == campaign.queued + ends
    user = engine.stage.asha.id
    left = engine.stage.box.db.read_here(ledger.credits_left, user)
    assert left in (None, engine.stage.box.db.read_here(ledger.balance, user))


def act(engine: Engine, verb: Any, campaign_id: int, **more: Any) -> Any:
    return engine.stage.box.db.write_now(
        verb, engine.stage.asha.id, campaign_id, now=engine.stage.hands.now(), **more
    )


def received(engine: Engine) -> Counter[str]:
    return Counter(taken.chat_id.split("@")[0] for taken in engine.driver.taken.values())


def test_everybody_gets_one_message_with_their_own_name(engine: Engine) -> None:
    numbers = people(engine, 40)
    campaign = run(engine, launch(engine))
    assert campaign.status == "completed"
    assert received(engine) == Counter(numbers)
    assert {one.text for one in engine.driver.taken.values()} == {f"Hello Name {n}" for n in range(40)}


def test_an_audience_of_nobody_is_refused(engine: Engine) -> None:
    with pytest.raises(Invalid) as refused:
        launch(engine)
    assert refused.value.code == "no_recipients"


def test_opted_out_people_are_skipped_and_numbers_not_there_fail(engine: Engine) -> None:
    numbers = people(engine, 10)
    engine.stage.box.db.write_now(
        suppression.opt_out, engine.stage.asha.id, numbers[0], source="owner", now=engine.stage.hands.now()
    )
    engine.driver.not_on_whatsapp.update(numbers[1:3])
    campaign = run(engine, launch(engine))
    assert (campaign.sent, campaign.skipped, campaign.failed) == (7, 1, 2)
    assert received(engine) == Counter(numbers[3:])


def test_a_deleted_contact_is_skipped_and_a_new_one_is_not_added(engine: Engine) -> None:
    numbers = people(engine, 5)
    campaign_id = launch(engine)
    engine.stage.box.db.write_now(_delete, engine.stage.asha.id, numbers[0])
    people(engine, 8)
    campaign = run(engine, campaign_id)
    assert (campaign.total, campaign.sent, campaign.skipped) == (5, 4, 1)
    assert received(engine) == Counter(numbers[1:])


def _delete(tx: Tx, user_id: int, phone: str) -> None:
    found = contacts.by_phone(tx, user_id, phone)
    assert found is not None
    writing.remove(tx, user_id, found.id)


def test_pause_holds_every_message_and_resume_lets_them_go(engine: Engine) -> None:
    people(engine, 30)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.turns.step(engine.stage.asha.device_id)
    act(engine, control.pause, campaign_id)
    engine.turn()
    assert len(engine.driver.taken) == 1
    assert act(engine, control.pause, campaign_id).status == "paused"
    waiting = engine.message(int(engine.stage.value("select max(id) from messages")))
    why = engine.stage.box.db.read_here(
        explaining.explain, [waiting], config=engine.stage.box.config, now=engine.stage.hands.now()
    )
    assert why[waiting.id].reason == "campaign_paused"
    act(engine, control.resume, campaign_id)
    assert run(engine, campaign_id).sent == 30


def test_stop_cancels_what_was_never_claimed(engine: Engine) -> None:
    """Row 43."""
    people(engine, 30)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.turns.step(engine.stage.asha.device_id)
    stopped = act(engine, control.stop, campaign_id)
    assert (stopped.campaign.sent, stopped.campaign.cancelled, stopped.credits_refunded) == (1, 29, 0)
    engine.turn()
    assert len(engine.driver.taken) == 1
    assert act(engine, control.stop, campaign_id).credits_refunded == 0


def test_stop_before_expansion_cancels_everybody(engine: Engine) -> None:
    people(engine, 30)
    campaign_id = launch(engine)
    act(engine, control.stop, campaign_id)
    campaign = run(engine, campaign_id)
    assert (campaign.status, campaign.cancelled, campaign.queued) == ("stopped", 30, 0)
    assert not engine.driver.taken


def test_a_wrong_transition_is_named(engine: Engine) -> None:
    people(engine, 3)
    campaign_id = launch(engine)
    run(engine, campaign_id)
    for verb in (control.pause, control.resume, control.redispatch):
        with pytest.raises(Invalid) as refused:
            act(engine, verb, campaign_id)
        assert refused.value.code == "wrong_state"


def test_somebody_elses_campaign_is_not_found(engine: Engine) -> None:
    people(engine, 3)
    campaign_id = launch(engine)
    for verb in (control.pause, control.resume, control.stop, control.redispatch):
        with pytest.raises(NotFound):
            engine.stage.box.db.write_now(verb, engine.stage.bilal.id, campaign_id, now=engine.stage.hands.now())


def test_a_scheduled_campaign_goes_at_its_time_to_who_is_there_then(engine: Engine) -> None:
    people(engine, 3)
    at = engine.stage.hands.now() + timedelta(hours=1)
    campaign_id = launch(engine, scheduled_for=at)
    assert not engine.stage.box.db.read_here(launching.due, now=engine.stage.hands.now())
    people(engine, 5)
    engine.stage.hands.at = at
    assert engine.stage.box.db.read_here(launching.due, now=at) == [campaign_id]
    ids = engine.stage.box.db.read_here(segments.ids, engine.stage.asha.id, segments.of_tag("leads"))
    engine.stage.box.db.write_now(launching.launch_scheduled, campaign_id, ids, now=at)
    assert run(engine, campaign_id).sent == 5


def test_single_messages_go_before_a_campaign(engine: Engine) -> None:
    people(engine, 5)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    job = engine.send("8801999999999")
    engine.turns.step(engine.stage.asha.device_id)
    assert engine.status(job) == "sent"
    assert show(engine, campaign_id).sent == 0


def test_credits_are_reserved_taken_and_given_back(engine: Engine) -> None:
    """Row 43: the ledger's sum."""
    numbers = people(engine, 10)
    user, now = engine.stage.asha.id, engine.stage.hands.now()
    engine.stage.box.db.write_now(ledger.grant, user, 10, note="test", by="asha", now=now)
    engine.stage.box.db.write_now(suppression.opt_out, user, numbers[0], source="owner", now=now)
    engine.driver.not_on_whatsapp.add(numbers[1])
    campaign_id = launch(engine)
    assert engine.stage.box.db.read_here(ledger.credits_left, user) == 0
    with pytest.raises(InsufficientCredits):
        engine.send("8801999999999")
    campaign = run(engine, campaign_id)
    assert campaign.sent == 8
    assert engine.stage.box.db.read_here(ledger.credits_left, user) == 2


def test_too_few_credits_store_nothing(engine: Engine) -> None:
    people(engine, 10)
    user, now = engine.stage.asha.id, engine.stage.hands.now()
    engine.stage.box.db.write_now(ledger.grant, user, 9, note="test", by="asha", now=now)
    with pytest.raises(InsufficientCredits):
        launch(engine)
    assert engine.stage.value("select count(*) from campaigns") == 0
    assert engine.stage.box.db.read_here(ledger.credits_left, user) == 9


def test_a_scheduled_campaign_short_of_credits_pauses_and_says_so(engine: Engine) -> None:
    people(engine, 10)
    user, now = engine.stage.asha.id, engine.stage.hands.now()
    engine.stage.box.db.write_now(ledger.grant, user, 9, note="test", by="asha", now=now)
    campaign_id = launch(engine, scheduled_for=now + timedelta(hours=1))
    engine.stage.hands.forward(hours=1)
    ids = engine.stage.box.db.read_here(segments.ids, user, segments.of_tag("leads"))
    engine.stage.box.db.write_now(launching.launch_scheduled, campaign_id, ids, now=engine.stage.hands.now())
    assert (show(engine, campaign_id).status, show(engine, campaign_id).status_reason) == (
        "paused",
        "insufficient_credits",
    )
    engine.stage.box.db.write_now(ledger.grant, user, 1, note="more", by="asha", now=now)
    act(engine, control.resume, campaign_id, contact_ids=ids)
    assert run(engine, campaign_id).sent == 10


def test_the_ledger_takes_and_returns_once_by_the_database(engine: Engine) -> None:
    user, now = engine.stage.asha.id, engine.stage.hands.now()
    engine.stage.box.db.write_now(ledger.grant, user, 5, note="test", by="asha", now=now)
    job = engine.send()
    with pytest.raises(Exception, match="UNIQUE"):
        engine.stage.box.db.write_now(ledger.take, user, job, now=now)
    engine.stage.box.db.write_now(outbox.cancel_for, user, job, now=now)
    assert engine.stage.box.db.write_now(ledger.give_back, user, job, now=now) == 0
    with pytest.raises(Exception, match="append-only"):
        engine.stage.box.db.write_now(lambda tx: tx.run("delete from ledger"))
    assert engine.stage.box.db.read_here(ledger.credits_left, user) == 5


def test_a_recipient_keeps_the_phone_that_knows_them(engine: Engine) -> None:
    second = engine.stage.box.db.write_now(
        orders.create, engine.stage.asha.id, "sales", most=5, now=engine.stage.hands.now()
    )
    engine.link(second.id, "8801700000010")
    numbers = people(engine, 20)
    engine.driver.write(second.id, numbers[0], "hi")
    engine.driver.write(engine.stage.asha.device_id, numbers[1], "hi")
    run(engine, launch(engine))
    by_device = {one.chat_id.split("@")[0]: one.device_id for one in engine.driver.taken.values()}
    assert by_device[numbers[0]] == second.id
    assert by_device[numbers[1]] == engine.stage.asha.device_id
    assert len(set(by_device.values())) == 2
    assert received(engine) == Counter(numbers)


def test_a_campaign_may_name_its_phones(engine: Engine) -> None:
    second = engine.stage.box.db.write_now(
        orders.create, engine.stage.asha.id, "sales", most=5, now=engine.stage.hands.now()
    )
    engine.link(second.id, "8801700000010")
    people(engine, 6)
    run(engine, launch(engine, device_ids=[second.id]))
    assert {one.device_id for one in engine.driver.taken.values()} == {second.id}


def test_redispatch_gives_the_messages_of_a_dead_phone_to_a_live_one(engine: Engine) -> None:
    second = engine.stage.box.db.write_now(
        orders.create, engine.stage.asha.id, "sales", most=5, now=engine.stage.hands.now()
    )
    engine.link(second.id, "8801700000010")
    numbers = people(engine, 20)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.driver.unlink(second.id)
    assert run(engine, campaign_id).sent < 20
    act(engine, control.redispatch, campaign_id)
    act(engine, control.redispatch, campaign_id)
    assert run(engine, campaign_id).sent == 20
    assert received(engine) == Counter(numbers)


def test_the_recipient_cap_lets_others_pass_and_opens_tomorrow(tmp_path: Path) -> None:
    engine = make(tmp_path, guards={"campaign_messages_per_day": 1})
    people(engine, 3)
    run(engine, launch(engine))
    again = launch(engine, "Second {name}")
    people(engine, 4)
    campaign = run(engine, again)
    assert (campaign.sent, campaign.queued) == (0, 3)
    engine.stage.hands.forward(days=1)
    assert run(engine, again).sent == 3
    engine.stage.close()


def test_tripwires_pause_a_campaign_that_hits_wrong_numbers(engine: Engine) -> None:
    """Row 23: they count for the tripwire."""
    numbers = people(engine, 150)
    engine.driver.not_on_whatsapp.update(numbers[:60])
    campaign = run(engine, launch(engine))
    assert (campaign.status, campaign.status_reason) == ("paused", "tripwire_not_on_whatsapp")
    assert campaign.sent + campaign.failed < 150
    act(engine, control.resume, campaign.id)
    assert run(engine, campaign.id).status == "completed"


def test_consent_is_required_only_where_it_is_switched_on(tmp_path: Path) -> None:
    engine = make(tmp_path, guards={"require_consent": True})
    people(engine, 3)
    campaign = run(engine, launch(engine))
    assert (campaign.sent, campaign.skipped) == (0, 3)
    engine.stage.close()


def test_stop_in_the_middle_of_a_campaign_is_heard(engine: Engine) -> None:
    numbers = people(engine, 30)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.turns.step(engine.stage.asha.device_id)
    engine.driver.write(engine.stage.asha.device_id, numbers[20], " বন্ধ করুন। ")
    campaign = run(engine, campaign_id)
    assert (campaign.sent, campaign.skipped) == (29, 1)
    to_them = [one.text for one in engine.driver.taken.values() if numbers[20] in one.chat_id]
    assert len(to_them) == 1
    assert "START" in to_them[0]
    engine.stage.box.db.write_now(_delete, engine.stage.asha.id, numbers[20])
    people(engine, 30)
    assert engine.status(engine.send(numbers[20])) == "skipped"
    engine.driver.write(engine.stage.asha.device_id, numbers[20], "start")
    assert engine.status(engine.send(numbers[20])) == "queued"


def test_preflight_counts_what_a_launch_would_do(engine: Engine) -> None:
    numbers = people(engine, 10)
    engine.stage.box.db.write_now(
        suppression.opt_out, engine.stage.asha.id, numbers[0], source="owner", now=engine.stage.hands.now()
    )
    engine.driver.write(engine.stage.asha.device_id, numbers[1], "hi")
    engine.driver.not_on_whatsapp.add(numbers[2])
    engine.send(numbers[2])
    engine.turn()
    found = look_ahead(engine)
    assert (found.total, found.will_send, found.first_contacts) == (10, 8, 7)
    assert found.skipped == {"opted_out": 1, "not_on_whatsapp": 1}
    assert found.samples[0] == "Hi Name 0"
    assert found.done_at is not None
    assert (found.new_chats, found.beyond_new_chats, found.locked, found.phones) == (None, 0, False, 1)


def test_what_is_no_message_yet_counts_before_and_after_the_launch(engine: Engine) -> None:
    people(engine, 40)
    box, ends = engine.stage.box, engine.stage.hands.now() + timedelta(days=3)
    engine.driver.limit(engine.stage.asha.device_id, timelock=Timelock("DEFAULT", ends))
    before = look_ahead(engine).done_at
    campaign_id = launch(engine)

    def eta() -> datetime | None:
        campaign = show(engine, campaign_id)
        return box.db.read_here(preflight.eta, campaign, config=box.config, now=engine.stage.hands.now())

    at_once = eta()
    after_it = look_ahead(engine).done_at
    expand(engine, campaign_id)
    assert before is not None and at_once is not None and after_it is not None
    assert before >= ends and at_once == before and (eta() or at_once) >= ends
    engine.driver.limit(engine.stage.asha.device_id, new_chats=NewChats("capped", 100, 100, ends))
    assert (eta() or ends) >= ends and after_it >= at_once


def look_ahead(engine: Engine) -> preflight.Preflight:
    return engine.stage.box.db.read_here(
        preflight.look,
        engine.stage.asha.id,
        template.parse("Hi {name}"),
        segments.of_tag("leads"),
        device_ids=None,
        config=engine.stage.box.config,
        now=engine.stage.hands.now(),
    )


def test_preflight_and_eta_count_new_people_against_what_whatsapp_leaves(engine: Engine) -> None:
    people(engine, 40)
    now, number = engine.stage.hands.now(), engine.stage.asha.device_id
    ends = now + timedelta(days=3)
    engine.driver.limit(number, new_chats=NewChats("first_warning", 70, 100, ends))
    found = look_ahead(engine)
    assert found.new_chats is not None and found.new_chats.left == 30
    assert (found.first_contacts, found.beyond_new_chats) == (40, 10)
    assert found.done_at is not None and found.done_at > ends + timedelta(days=2)
    campaign_id = launch(engine)
    expand(engine, campaign_id)

    def eta() -> datetime | None:
        campaign, now = show(engine, campaign_id), engine.stage.hands.now()
        box = engine.stage.box
        return box.db.read_here(preflight.eta, campaign, config=box.config, now=now)

    said = eta()
    assert said is not None and said > ends + timedelta(days=2)
    engine.driver.limit(number, timelock=Timelock("DEFAULT", ends))
    assert look_ahead(engine).locked and (look_ahead(engine).done_at or now) >= ends
    assert (eta() or now) >= ends
    engine.driver.limit(number, timelock=Timelock("DEFAULT", None))
    assert eta() is None
    assert (look_ahead(engine).locked, look_ahead(engine).locked_until, look_ahead(engine).done_at) == (
        True,
        None,
        None,
    )


def test_the_boxs_own_cap_of_new_people_is_in_the_look_ahead(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 10})
    people(engine, 35)
    done_at = look_ahead(engine).done_at
    assert done_at is not None and timedelta(days=2) < done_at - engine.stage.hands.now() < timedelta(days=4)
    engine.stage.close()


@pytest.mark.parametrize("seed", range(6))
def test_random_control_and_crashes_lose_nobody_and_no_credit(tmp_path: Path, seed: int) -> None:
    """Row 42: pause, resume and redispatch while sending, with crashes in between."""
    dice = random.Random(seed)
    engine = make(tmp_path)
    user, now = engine.stage.asha.id, engine.stage.hands.now()
    engine.stage.box.db.write_now(ledger.grant, user, 200, note="test", by="asha", now=now)
    numbers = people(engine, 60)
    engine.driver.not_on_whatsapp.update(numbers[:5])
    campaign_id = launch(engine)
    for _ in range(120):
        _move(engine, campaign_id, dice)
        engine.stage.box.db.write_now(_settle, now, tripwires=False)
        check(engine, campaign_id)
    campaign = _end(engine, campaign_id, stop=bool(seed % 2))
    assert campaign.queued == 0
    assert all(taken.copies == 1 for taken in engine.driver.taken.values())
    assert max(received(engine).values(), default=0) <= 1
    assert engine.stage.box.db.read_here(ledger.credits_left, user) == 200 - campaign.sent - campaign.unknown
    engine.stage.close()


def _move(engine: Engine, campaign_id: int, dice: random.Random) -> None:
    move = dice.choice(["step", "step", "step", "pause", "resume", "redispatch", "expand", "crash", "lost"])
    if move == "step":
        engine.turns.step(engine.stage.asha.device_id)
    elif move == "expand":
        Expansion(engine.stage.box).step(campaign_id)
    elif move == "crash":
        engine.restarted()
    elif move == "lost":
        engine.driver.plan(dice.choice(["lost_answer", "vanished"]))
    elif show(engine, campaign_id).status not in campaigns.OVER:
        act(engine, getattr(control, move), campaign_id)


def _end(engine: Engine, campaign_id: int, *, stop: bool) -> campaigns.Campaign:
    status = show(engine, campaign_id).status
    if stop and status not in campaigns.OVER:
        act(engine, control.stop, campaign_id)
    elif status == "paused":
        act(engine, control.resume, campaign_id)
    return run(engine, campaign_id)


def test_a_running_campaign_is_written_to_only_when_it_ends_or_trips(engine: Engine) -> None:
    people(engine, 3)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    assert not engine.stage.box.db.read_here(running.something_to_do)
    engine.turn()
    assert engine.stage.box.db.read_here(running.something_to_do)
    assert run(engine, campaign_id).status == "completed"
    assert not engine.stage.box.db.read_here(running.something_to_do)


@pytest.mark.parametrize("reason", [reason for reason, _ in running.TRIPWIRES])
def test_a_tripwire_is_seen_until_its_owner_has_acknowledged_it(engine: Engine, reason: str) -> None:
    people(engine, 3)
    campaign_id = launch(engine)
    harm = {"tripwire_not_on_whatsapp": (80, 30, 0, 0), "tripwire_opt_outs": (100, 0, 6, 0)}
    sent, not_there, out, in_row = harm.get(reason, (90, 0, 0, 10))
    engine.stage.box.db.write_now(
        lambda tx: tx.run(
            """update campaigns set sent = :sent, failed = 120 - :sent, total = 200, not_on_whatsapp = :not_there,
               opted_out_after = :out, failures_in_row = :in_row where id = :id""",
            id=campaign_id,
            sent=sent,
            not_there=not_there,
            out=out,
            in_row=in_row,
        )
    )
    assert engine.stage.box.db.read_here(running.something_to_do)
    engine.stage.box.db.write_now(_settle, engine.stage.hands.now(), tripwires=True)
    assert show(engine, campaign_id).status_reason == reason
    act(engine, control.resume, campaign_id)
    assert not engine.stage.box.db.read_here(running.something_to_do)
