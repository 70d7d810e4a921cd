"""What WhatsApp allows: cold messages wait and burn nothing, warm ones go, and what waited goes by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import PHONE, Engine, make
from tests.engine.test_campaigns import act, expand, launch, people, show
from tests.engine.test_pairs import why
from wabox.campaigns import control
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.messages import chats, claiming, explaining, leaving
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Handed, Limits, NewChats, Timelock

WARM, COLD, OTHER = "8801711000301", "8801711000302", "8801711000303"


def lock(engine: Engine, hours: float | None = 3) -> None:
    until = None if hours is None else engine.stage.hands.now() + timedelta(hours=hours)
    engine.driver.limit(engine.stage.asha.device_id, timelock=Timelock("DEFAULT", until))


def free(engine: Engine) -> None:
    engine.driver.limit(engine.stage.asha.device_id)


def writes(engine: Engine, phone: str = WARM) -> None:
    engine.driver.write(engine.stage.asha.device_id, phone, "hello")


def until(engine: Engine, job: int) -> Any:
    box, now = engine.stage.box, engine.stage.hands.now()
    return box.db.read_here(explaining.explain, [engine.message(job)], config=box.config, now=now)[job].until


def settle(engine: Engine) -> None:
    for _ in range(400):
        if not engine.turns.step(engine.stage.asha.device_id):
            return
    raise AssertionError("the line never rests")


def device(engine: Engine) -> devices.Device:
    return engine.stage.device(engine.stage.asha.device_id)


def test_under_a_lock_the_warm_go_and_the_cold_wait_with_its_end(engine: Engine) -> None:
    writes(engine)
    lock(engine)
    cold, warm, second = engine.send(COLD), engine.send(WARM), engine.send(OTHER)
    settle(engine)
    assert [engine.status(job) for job in (cold, warm, second)] == ["queued", "sent", "queued"]
    ends = engine.stage.hands.now() + timedelta(hours=3)
    assert [(why(engine, job), until(engine, job)) for job in (cold, second)] == [("restricted", ends)] * 2
    assert [one[1] for one in engine.driver.handed] == [f"{WARM}@c.us"] and engine.driver.held == []


def test_a_lock_that_ends_lets_the_cold_go_by_themselves(engine: Engine) -> None:
    lock(engine)
    cold = engine.send(COLD)
    settle(engine)
    engine.stage.hands.forward(hours=3)
    settle(engine)
    assert engine.status(cold) == "sent"


@pytest.mark.parametrize("hours", [3, None])
def test_a_lock_that_is_lifted_lets_the_cold_go_at_once(engine: Engine, hours: float | None) -> None:
    lock(engine, hours)
    jobs = [engine.send(COLD), engine.send(OTHER)]
    settle(engine)
    assert [(why(engine, job), until(engine, job) is None) for job in jobs] == [("restricted", hours is None)] * 2
    free(engine)
    assert why(engine, jobs[0]) is None
    settle(engine)
    assert [engine.status(job) for job in jobs] == ["sent"] * 2


def test_a_lock_that_is_lengthened_holds_on(engine: Engine) -> None:
    lock(engine, 1)
    cold = engine.send(COLD)
    settle(engine)
    lock(engine, 4)
    engine.stage.hands.forward(hours=2)
    settle(engine)
    assert (why(engine, cold), until(engine, cold)) == (
        "restricted",
        engine.stage.hands.now() + timedelta(hours=2),
    )
    assert not engine.driver.handed


def test_who_writes_while_it_waits_is_warm_at_once(engine: Engine) -> None:
    lock(engine)
    cold = engine.send(COLD)
    settle(engine)
    writes(engine, COLD)
    settle(engine)
    assert engine.status(cold) == "sent"


def test_a_known_chat_that_the_page_calls_cold_waits_after_one_look(engine: Engine) -> None:
    """We wrote to them once and they never answered: only the page knows that this does not count."""
    engine.send(COLD)
    settle(engine)
    lock(engine)
    job = engine.send(COLD)
    settle(engine)
    assert (engine.status(job), why(engine, job)) == ("queued", "restricted")
    assert len(engine.driver.handed) == 1 and engine.message(job).attempts == 0


def test_what_the_page_holds_burns_no_attempt_gap_credit_or_cap(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"gap_seconds": [60, 60], "new_chats_per_day": 1, "daily_cap": 2})
    device_id = engine.stage.asha.device_id
    job = engine.send(COLD)
    engine.driver._limits[device_id] = Limits(Timelock("DEFAULT", engine.stage.hands.now() + timedelta(hours=1)))
    settle(engine)
    message = engine.message(job)
    assert (message.status, message.attempts, why(engine, job)) == ("queued", 0, "restricted")
    assert engine.driver.held and device(engine).next_send_at is None
    assert engine.stage.value("select count(*) from messages where spent_at is not null") == 0
    writes(engine)
    warm = engine.send(WARM)
    settle(engine)
    assert engine.status(warm) == "sent"
    engine.stage.close()


def test_a_hold_that_nothing_confirms_is_over_in_a_minute(engine: Engine) -> None:
    job = engine.send(COLD)
    engine.driver._limits[engine.stage.asha.device_id] = Limits(Timelock("DEFAULT", None))
    settle(engine)
    assert why(engine, job) == "restricted"
    engine.driver._limits.clear()
    engine.stage.hands.forward(seconds=61)
    settle(engine)
    assert engine.status(job) == "sent"


def test_a_full_cycle_holds_the_cold_until_it_ends(engine: Engine) -> None:
    writes(engine)
    ends = engine.stage.hands.now() + timedelta(days=4)
    engine.driver.limit(engine.stage.asha.device_id, new_chats=NewChats("capped", 100, 100, ends))
    cold, warm = engine.send(COLD), engine.send(WARM)
    settle(engine)
    assert [engine.status(job) for job in (cold, warm)] == ["queued", "sent"]
    assert (why(engine, cold), until(engine, cold)) == ("new_chats_capped", ends)
    engine.stage.hands.forward(days=4)
    settle(engine)
    assert engine.status(cold) == "sent"


def test_what_is_left_of_a_cycle_is_shared_by_its_days_and_the_smaller_cap_binds(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 10})
    ends = engine.stage.hands.now() + timedelta(days=5)
    engine.driver.limit(engine.stage.asha.device_id, new_chats=NewChats("first_warning", 90, 100, ends))
    jobs = [engine.send(f"88017110004{n:02d}") for n in range(5)]
    settle(engine)
    assert [engine.status(job) for job in jobs] == ["sent", "sent", "queued", "queued", "queued"]
    assert why(engine, jobs[2]) == "new_chat_cap"
    assert device(engine).limits == Limits(None, NewChats("second_warning", 92, 100, ends))
    engine.stage.hands.forward(days=1)
    settle(engine)
    assert [engine.status(job) for job in jobs] == ["sent", "sent", "sent", "sent", "queued"]
    engine.stage.close()


def test_refusals_that_are_not_in_a_row_or_not_cold_hold_nobody(engine: Engine) -> None:
    writes(engine)
    cold = [engine.send(f"88017110006{n:02d}") for n in range(5)]
    engine.driver.plan("refused", "refused", "acked", "refused", "refused")
    settle(engine)
    warm = [engine.send(WARM) for _ in range(4)]
    engine.driver.plan("refused", "refused", "refused")
    settle(engine)
    assert [engine.status(job) for job in (*cold, *warm)] == [
        *("failed", "failed", "sent", "failed", "failed"),
        *("failed", "failed", "failed", "sent"),
    ]
    assert device(engine).cold_rests_until is None


def test_a_lock_that_is_told_after_all_ends_the_hour_with_itself(engine: Engine) -> None:
    jobs = [engine.send(f"88017110007{n:02d}") for n in range(4)]
    engine.driver.plan("refused", "refused", "refused")
    settle(engine)
    lock(engine, 0.5)
    engine.stage.hands.forward(minutes=31)
    settle(engine)
    assert engine.status(jobs[3]) == "sent"


def test_who_is_blocked_is_skipped_with_its_reason_webhook_and_credit(engine: Engine) -> None:
    engine.driver.blocked.add(COLD)
    job, other = engine.send(COLD), engine.send(OTHER)
    settle(engine)
    found = engine.message(job)
    assert (found.status, found.error) == ("skipped", "blocked_by_you") and "Unblock" in (found.error_text or "")
    assert engine.status(other) == "sent" and found.attempts == 0
    engine.driver.blocked.clear()
    again = engine.send(COLD)
    settle(engine)
    assert engine.status(again) == "sent"


def test_a_chat_that_is_closed_for_another_reason_is_tried_again_in_an_hour(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, other = engine.send(COLD), engine.send(OTHER)
    hand_over = engine.driver.hand_over

    def closed(device_id: int, chat_id: str, *rest: Any) -> Handed:
        return Handed("held", "read_only") if chat_id.startswith(COLD) else hand_over(device_id, chat_id, *rest)

    monkeypatch.setattr(engine.driver, "hand_over", closed)
    settle(engine)
    assert (engine.status(job), why(engine, job), engine.status(other)) == ("queued", "chat_closed", "sent")
    assert until(engine, job) == engine.stage.hands.now() + timedelta(hours=1)
    monkeypatch.undo()
    engine.stage.hands.forward(hours=1)
    settle(engine)
    assert engine.status(job) == "sent"


def test_a_thousand_cold_ones_are_put_aside_in_pieces_and_stop_no_warm_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "MOST_ASIDE", 50)
    writes(engine)
    lock(engine)
    people(engine, 300)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    warm = engine.send(WARM)
    asked = 0
    while engine.turns.step(engine.stage.asha.device_id):
        asked += 1
    assert engine.status(warm) == "sent" and asked < 20
    assert engine.stage.value("select count(*) from messages where held_reason = 'restricted'") == 300
    free(engine)
    settle(engine)
    settle(engine)
    assert show(engine, campaign_id).sent == 300


def test_the_webhook_hears_of_limits_and_not_of_each_new_chat(engine: Engine) -> None:
    box, asha = engine.stage.box, engine.stage.asha
    box.db.write_now(
        endpoints.put,
        asha.id,
        url="https://example.com/h",
        events=["device.state"],
        allow=Allow(),
        seal=box.seal,
        now=engine.stage.hands.now(),
    )
    lock(engine)
    free(engine)
    free(engine)
    ends = engine.stage.hands.now() + timedelta(days=5)
    for used in (63, 64, 65):
        engine.driver.limit(asha.device_id, new_chats=NewChats("first_warning", used, 100, ends))
    told = engine.stage.value("select json_group_array(payload) from (select payload from deliveries order by id)")
    owed = [json.loads(one) for one in json.loads(told)]
    assert [(one["detail"], one["limits"]["timelock"] is not None) for one in owed] == [
        ("restricted", True),
        (None, False),
        (None, False),
    ]
    assert owed[2]["limits"]["new_chats"]["used"] == 63


# -- number checks -------------------------------------------------------------------------------------


def test_too_many_questions_slow_the_device_and_hold_only_who_must_be_asked_about(engine: Engine) -> None:
    known = engine.send(WARM)
    settle(engine)
    engine.driver.too_many_checks = True
    first, second, again = engine.send(COLD), engine.send(OTHER), engine.send(WARM)
    settle(engine)
    assert [engine.status(job) for job in (known, again)] == ["sent", "sent"]
    assert len(engine.driver.asked) == 2
    ends = engine.stage.hands.now() + timedelta(seconds=60)
    assert [(why(engine, job), until(engine, job)) for job in (first, second)] == [("too_many_checks", ends)] * 2
    engine.stage.hands.forward(seconds=61)
    settle(engine)
    assert until(engine, second) == engine.stage.hands.now() + timedelta(seconds=120)
    engine.driver.too_many_checks = False
    engine.stage.hands.forward(seconds=121)
    settle(engine)
    assert [engine.status(job) for job in (first, second)] == ["sent", "queued"]
    assert why(engine, second) == "too_many_checks", "one question, and then a pause"
    engine.stage.hands.forward(seconds=40)
    settle(engine)
    assert engine.status(second) == "sent"


def test_a_known_person_who_is_said_to_be_gone_is_asked_about_once_more_a_day_later(engine: Engine) -> None:
    engine.send(PHONE)
    settle(engine)
    engine.stage.hands.forward(days=31)
    engine.driver.not_on_whatsapp.add(PHONE)
    job, other, stranger = engine.send(PHONE), engine.send(OTHER), engine.send(COLD)
    engine.driver.not_on_whatsapp.add(COLD)
    settle(engine)
    assert (engine.status(job), why(engine, job)) == ("queued", "number_gone")
    assert until(engine, job) == engine.stage.hands.now() + chats.SURE_AFTER
    assert (engine.status(other), engine.status(stranger)) == ("sent", "failed")
    asked = len(engine.driver.asked)
    engine.stage.hands.forward(hours=23)
    settle(engine)
    assert len(engine.driver.asked) == asked
    engine.driver.not_on_whatsapp.clear()
    engine.stage.hands.forward(hours=1)
    settle(engine)
    assert engine.status(job) == "sent"


def test_a_second_no_a_day_later_counts(engine: Engine) -> None:
    engine.send(PHONE)
    settle(engine)
    engine.stage.hands.forward(days=31)
    engine.driver.not_on_whatsapp.add(PHONE)
    job = engine.send(PHONE)
    settle(engine)
    engine.stage.hands.forward(hours=24)
    settle(engine)
    assert (engine.status(job), engine.message(job).error) == ("failed", "not_on_whatsapp")
    after = engine.send(PHONE)
    settle(engine)
    assert engine.status(after) == "failed"


# -- pairs ---------------------------------------------------------------------------------------------


def held(engine: Engine) -> int:
    return int(engine.stage.value("select count(*) from messages where held_reason = 'restricted'"))


def campaign(engine: Engine, n: int = 5) -> int:
    people(engine, n)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    return campaign_id


def test_a_locked_campaign_goes_on_by_itself_and_pause_stop_and_redispatch_reach_it(engine: Engine) -> None:
    lock(engine)
    campaign_id = campaign(engine)
    settle(engine)
    assert (held(engine), show(engine, campaign_id).status, show(engine, campaign_id).queued) == (5, "sending", 5)
    act(engine, control.pause, campaign_id)
    free(engine)
    settle(engine)
    assert not engine.driver.handed
    act(engine, control.resume, campaign_id)
    lock(engine)
    settle(engine)
    act(engine, control.redispatch, campaign_id)
    settle(engine)
    assert held(engine) == 5 and not engine.driver.handed
    free(engine)
    settle(engine)
    assert show(engine, campaign_id).sent == 5


def test_a_stop_ends_what_a_lock_holds(engine: Engine) -> None:
    lock(engine)
    campaign_id = campaign(engine)
    settle(engine)
    act(engine, control.stop, campaign_id)
    assert (show(engine, campaign_id).status, show(engine, campaign_id).cancelled) == ("stopped", 5)
    free(engine)
    settle(engine)
    assert not engine.driver.handed


def test_an_opt_out_an_expiry_and_a_removed_phone_end_what_a_lock_holds(engine: Engine) -> None:
    lock(engine)
    gone = engine.send(COLD)
    late = engine.send(OTHER, expires_at=engine.stage.hands.now() + timedelta(minutes=5))
    settle(engine)
    engine.driver.write(engine.stage.asha.device_id, COLD, "STOP")
    engine.stage.hands.forward(minutes=6)
    engine.stage.box.db.write_now(leaving.expire, now=engine.stage.hands.now())
    settle(engine)
    assert [engine.message(job).error for job in (gone, late)] == ["opted_out", "expired"]


def test_a_removed_phone_ends_what_a_lock_holds(engine: Engine) -> None:
    made = engine.stage.box.db.write_now(
        orders.create, engine.stage.asha.id, "second", most=5, now=engine.stage.hands.now()
    )
    engine.link(made.id, "8801700000010")
    engine.driver.limit(made.id, timelock=Timelock("DEFAULT", None))
    job = engine.send(COLD, device_id=made.id)
    engine.turn(made.id)
    assert why(engine, job) == "restricted"
    there = engine.stage.device(made.id)
    engine.stage.box.db.write_now(leaving.device_removed, there, now=engine.stage.hands.now())
    assert (engine.status(job), engine.message(job).error) == ("cancelled", "device_removed")


def test_a_lock_of_one_phone_holds_nobody_on_another(engine: Engine) -> None:
    made = engine.stage.box.db.write_now(
        orders.create, engine.stage.asha.id, "second", most=5, now=engine.stage.hands.now()
    )
    engine.link(made.id, "8801700000010")
    lock(engine)
    job = engine.send(COLD, device_id=made.id)
    engine.turn(made.id)
    assert engine.status(job) == "sent"


def test_a_cap_that_is_raised_lets_as_many_more_go(engine: Engine) -> None:
    ends = engine.stage.hands.now() + timedelta(days=1)
    jobs = [engine.send(f"88017110008{n:02d}") for n in range(5)]
    engine.driver.limit(engine.stage.asha.device_id, new_chats=NewChats("second_warning", 8, 10, ends))
    settle(engine)
    assert [engine.status(job) for job in jobs] == ["sent"] * 2 + ["queued"] * 3
    engine.driver.limit(engine.stage.asha.device_id, new_chats=NewChats("none", 10, 12, ends))
    settle(engine)
    assert [engine.status(job) for job in jobs] == ["sent"] * 4 + ["queued"]
    assert why(engine, jobs[4]) == "new_chats_capped"


def test_a_campaign_over_two_phones_goes_on_from_the_one_that_is_free(engine: Engine) -> None:
    made = engine.stage.box.db.write_now(
        orders.create, engine.stage.asha.id, "second", most=5, now=engine.stage.hands.now()
    )
    engine.link(made.id, "8801700000010")
    lock(engine)
    people(engine, 10)
    campaign_id = launch(engine, device_ids=[engine.stage.asha.device_id, made.id])
    expand(engine, campaign_id)
    for _ in range(20):
        settle(engine)
        engine.turn(made.id)
    assert (show(engine, campaign_id).sent, show(engine, campaign_id).queued, held(engine)) == (5, 5, 5)
    engine.driver.killed()
    engine.restarted()
    engine.driver.open(engine.stage.device(engine.stage.asha.device_id).spec)
    settle(engine)
    assert held(engine) == 5, "a start in the midst of a lock sends nothing"
    free(engine)
    settle(engine)
    assert show(engine, campaign_id).sent == 10


def test_another_link_begins_without_the_limits_of_the_old_one(engine: Engine) -> None:
    number = engine.stage.asha.device_id
    lock(engine)
    job = engine.send(COLD)
    settle(engine)
    engine.driver.unlink(number)
    assert device(engine).limits is None
    engine.driver._limits.clear()
    engine.link()
    settle(engine)
    assert engine.status(job) == "sent"


def test_a_phone_on_its_way_back_keeps_its_limits(engine: Engine) -> None:
    lock(engine)
    job = engine.send(COLD)
    settle(engine)
    engine.driver.show(engine.stage.asha.device_id, "starting", "reconnecting")
    told = device(engine).limits
    assert told is not None and told.timelock is not None
    assert why(engine, job) == "device_not_ready" or why(engine, job) == "restricted"
    engine.driver.recover(engine.stage.asha.device_id)
    settle(engine)
    assert not engine.driver.handed


def test_a_lock_while_the_number_is_asked_about_holds_before_the_hand_over(engine: Engine) -> None:
    job = engine.send(COLD)
    resolve = engine.driver.resolve

    def asked(*given: Any) -> Any:
        found = resolve(*given)
        lock(engine)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.driver, "resolve", asked)
        settle(engine)
    assert (engine.status(job), why(engine, job), engine.driver.handed) == ("queued", "restricted", [])
    assert engine.driver.held == []


def test_a_second_hand_over_that_the_page_holds_is_never_pushed(engine: Engine) -> None:
    job = engine.send(COLD)
    engine.driver.plan("stuck")
    settle(engine)
    engine.driver._limits[engine.stage.asha.device_id] = Limits(Timelock("DEFAULT", None))
    engine.stage.hands.forward(seconds=61)
    settle(engine)
    assert (engine.status(job), engine.message(job).error) == ("unknown", "withheld")
    assert len(engine.driver.handed) == 1


def test_a_crash_before_it_entered_and_a_page_that_holds_it_puts_it_back(engine: Engine) -> None:
    job = engine.send(COLD)

    def die(device_id: int, message_id: str) -> None:
        raise KeyboardInterrupt

    engine.driver.before_hand_over = die
    with pytest.raises(KeyboardInterrupt):
        engine.turn()
    engine.driver.before_hand_over = None
    engine.driver._limits[engine.stage.asha.device_id] = Limits(Timelock("DEFAULT", None))
    engine.restarted()
    settle(engine)
    assert (engine.status(job), why(engine, job), engine.driver.handed) == ("queued", "restricted", [])
    assert engine.driver.held
