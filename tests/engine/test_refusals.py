"""WhatsApp refuses messages to new people and says nothing more: this person, or everybody new."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine import test_numbers as numbers
from tests.engine.conftest import SHOP, Engine, holds, make
from tests.engine.test_campaigns import act, expand, launch, people, show
from tests.engine.test_limits import WARM, device, lock, settle, until, writes
from tests.engine.test_numbers import OTHER, another
from tests.engine.test_pairs import told_of, why
from wabox.campaigns import control
from wabox.devices import limits, orders
from wabox.devices import stored as devices
from wabox.engine import page_events
from wabox.messages import answers, foreseeing, leaving, outbox
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Handed, Receipt
from wabox.whatsapp.fake import Outcome

HOUR = timedelta(hours=1)
REFUSED: list[Outcome] = ["refused"] * 3


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make(tmp_path)
    box, events = made.stage.box, ["delivery.sent", "delivery.failed", "delivery.skipped", "delivery.cancelled"]
    box.db.write_now(
        endpoints.put,
        made.stage.asha.id,
        url="https://example.com/h",
        events=events,
        allow=Allow(),
        seal=box.seal,
        now=made.stage.hands.now(),
    )
    yield made
    holds(made)
    made.stage.close()


def send(engine: Engine, count: int, first: int = 0) -> list[int]:
    """Messages to so many people who are new."""
    return [engine.send(f"880171200{n:04d}") for n in range(first, first + count)]


def second(engine: Engine) -> int:
    """Another phone of asha's, not linked yet."""
    made = engine.stage.box.db.write_now(
        orders.create, engine.stage.asha.id, "sales", most=5, now=engine.stage.hands.now()
    )
    return made.id


def go_on(engine: Engine, phone: str = OTHER) -> None:
    """Another number is scanned, and the owner says that it goes on from there."""
    another(engine, phone)
    numbers.go_on(engine, phone)


def statuses(engine: Engine, jobs: list[int]) -> list[str]:
    return [engine.status(job) for job in jobs]


def hours(engine: Engine, count: int) -> None:
    """Time passes, and the line goes on in it."""
    for _ in range(4 * count):
        engine.stage.hands.forward(minutes=15)
        settle(engine)


def refuse(
    engine: Engine, patch: pytest.MonkeyPatch, *, phones: set[str] | None = None, hours: float = 9e4
) -> None:
    """The server refuses these, or everybody new, for so long; the page is told nothing."""
    hand_over, ends = engine.driver.hand_over, engine.stage.hands.now() + timedelta(hours=hours)

    def judged(device_id: int, chat_id: str, *rest: Any) -> Handed:
        phone = chat_id.partition("@")[0]
        meant = phone not in engine.driver.wrote if phones is None else phone in phones
        if meant and engine.stage.hands.now() < ends:
            engine.driver.plan("refused")
        return hand_over(device_id, chat_id, *rest)

    patch.setattr(engine.driver, "hand_over", judged)


def test_three_in_a_row_go_back_to_the_line_and_nobody_new_is_tried_for_an_hour(engine: Engine) -> None:
    writes(engine)
    jobs = send(engine, 6)
    engine.driver.plan("refused", "refused", "refused")
    settle(engine)
    warm = engine.send(WARM)
    settle(engine)
    assert statuses(engine, [*jobs, warm]) == ["queued"] * 6 + ["sent"]
    assert [why(engine, job) for job in jobs] == ["new_chats_refused"] * 6
    assert {until(engine, job) for job in jobs} == {engine.stage.hands.now() + timedelta(hours=1)}
    assert engine.stage.value("select count(*) from messages where spent_at is not null") == 1
    engine.stage.hands.forward(hours=1)
    settle(engine)
    assert statuses(engine, jobs) == ["sent"] * 6
    assert [told_of(engine, job) for job in jobs] == [["delivery.sent"]] * 6
    assert len({one[2] for one in engine.driver.handed}) == 10, "a new attempt has an id of its own"


def test_a_success_says_that_the_refusals_before_it_were_for_their_own_sake(engine: Engine) -> None:
    jobs = send(engine, 4)
    engine.driver.plan("refused", "refused")
    assert [engine.turns.step(engine.stage.asha.device_id) for _ in range(2)] == [True, True]
    assert [why(engine, job) for job in jobs[:2]] == ["refusal_unclear"] * 2
    assert told_of(engine, jobs[0]) == []
    settle(engine)
    assert statuses(engine, jobs) == ["failed", "failed", "sent", "sent"]
    assert [engine.message(job).error for job in jobs[:2]] == ["refused"] * 2
    assert [told_of(engine, job) for job in jobs[:2]] == [["delivery.failed"]] * 2
    assert device(engine).cold_rests_until is None


@pytest.mark.parametrize("count", [1, 2])
def test_where_nobody_new_waits_behind_them_they_fail_at_once(engine: Engine, count: int) -> None:
    jobs = send(engine, count)
    engine.driver.plan("refused", "refused")
    settle(engine)
    assert statuses(engine, jobs) == ["failed"] * count


def test_the_third_of_three_closes_though_nobody_waits_behind_it(engine: Engine) -> None:
    jobs = send(engine, 3)
    engine.driver.plan("refused", "refused", "refused")
    settle(engine)
    assert [why(engine, job) for job in jobs] == ["new_chats_refused"] * 3


def test_without_a_verdict_it_fails_in_five_minutes(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"gap_seconds": [900, 900]})
    jobs = send(engine, 2)
    engine.driver.plan("refused")
    settle(engine)
    ends = engine.stage.hands.now() + answers.CLEAR_WITHIN
    assert (why(engine, jobs[0]), until(engine, jobs[0])) == ("refusal_unclear", ends)
    engine.stage.hands.forward(minutes=5)
    settle(engine)
    assert statuses(engine, jobs) == ["failed", "queued"]
    engine.stage.close()


def test_a_silent_lock_of_a_day_burns_nobody_and_is_tried_three_times_an_hour(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes(engine)
    refuse(engine, monkeypatch, hours=24)
    jobs = send(engine, 40)
    settle(engine)
    hours(engine, 1)
    assert (why(engine, jobs[0]), why(engine, jobs[5])) == ("new_chats_refused", "new_chats_refused")
    engine.stage.hands.forward(minutes=60)
    assert (why(engine, jobs[0]), until(engine, jobs[0])) == ("refused_before", engine.stage.hands.now() + HOUR)
    hours(engine, 22)
    assert statuses(engine, jobs) == ["queued"] * 40
    assert len(engine.driver.handed) <= 3 * 25
    hours(engine, 6)
    assert statuses(engine, jobs) == ["sent"] * 40
    assert [told_of(engine, job) for job in jobs] == [["delivery.sent"]] * 40


def test_even_three_alone_outlast_a_day(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(engine, monkeypatch, hours=24)
    jobs = send(engine, 3)
    hours(engine, 32)
    assert statuses(engine, jobs) == ["sent"] * 3


def test_what_is_refused_for_ever_fails_in_the_end_and_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(engine, monkeypatch)
    jobs = send(engine, 3)
    hours(engine, 40)
    assert statuses(engine, jobs) == ["failed"] * 3
    assert [engine.message(job).attempts for job in jobs] == [answers.MOST_REFUSALS] * 3
    assert [told_of(engine, job) for job in jobs] == [["delivery.failed"]] * 3


def test_three_who_are_always_refused_hold_nobody_up_for_long(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(engine, monkeypatch, phones={f"880171200{n:04d}" for n in range(3)})
    poison, good = send(engine, 3), send(engine, 20, first=3)
    hours(engine, 3)
    assert statuses(engine, good) == ["sent"] * 20
    hours(engine, 40)
    assert statuses(engine, poison) == ["failed"] * 3


def test_a_lock_that_is_told_after_the_first_refusal_explains_it(engine: Engine) -> None:
    jobs = send(engine, 3)
    engine.driver.plan("refused")
    engine.turns.step(engine.stage.asha.device_id)
    lock(engine, 2)
    settle(engine)
    assert [why(engine, job) for job in jobs] == ["restricted"] * 3
    assert len(engine.driver.handed) == 1
    engine.stage.hands.forward(hours=2)
    settle(engine)
    assert statuses(engine, jobs) == ["sent"] * 3


def test_the_receipt_of_the_same_refusal_counts_it_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come before the hand-over answers, and after it."""
    jobs, hand_over = send(engine, 3), engine.driver.hand_over

    def told_first(device_id: int, chat_id: str, message_id: str, *rest: Any) -> Handed:
        engine.driver.plan("refused")
        handed = hand_over(device_id, chat_id, message_id, *rest)
        engine.driver.ack(device_id, message_id, -1)
        return handed

    with monkeypatch.context() as patch:
        patch.setattr(engine.driver, "hand_over", told_first)
        engine.turns.step(engine.stage.asha.device_id)
    engine.driver.ack(engine.stage.asha.device_id, engine.driver.handed[0][2], -1)
    assert (why(engine, jobs[0]), engine.message(jobs[0]).attempts) == ("refusal_unclear", 1)
    assert engine.stage.value("select cold_refusals from devices") == 1
    settle(engine)
    assert statuses(engine, jobs) == ["failed", "sent", "sent"]


def test_a_kill_before_it_is_written_down_looks_the_refusal_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, hand_over = send(engine, 4), engine.driver.hand_over
    for _ in range(3):

        def dies(*given: object) -> Handed:
            engine.driver.plan("refused")
            hand_over(*given)  # type: ignore[arg-type]
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(engine.driver, "hand_over", dies)
            with pytest.raises(KeyboardInterrupt):
                engine.turn()
        engine.restarted()
        assert engine.turns.step(engine.stage.asha.device_id)
    settle(engine)
    assert [why(engine, job) for job in jobs] == ["new_chats_refused"] * 4
    assert not engine.driver.taken
    engine.stage.hands.forward(hours=1)
    settle(engine)
    assert statuses(engine, jobs) == ["sent"] * 4


# -- pairs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refusals", [1, 3])
def test_a_cancel_an_opt_out_and_an_expiry_end_what_was_refused(engine: Engine, refusals: int) -> None:
    now = engine.stage.hands.now()
    jobs = [*send(engine, 2), engine.send("8801712009999", expires_at=now + timedelta(minutes=4))]
    send(engine, 1, first=50)
    engine.driver.plan(*REFUSED[:refusals])
    for _ in range(refusals):
        engine.turns.step(engine.stage.asha.device_id)
    if refusals == 1:
        lock(engine, 3)  # the others wait, and say nothing of it
    engine.stage.box.db.write_now(outbox.cancel_for, engine.stage.asha.id, jobs[0], now=now)
    engine.driver.write(engine.stage.asha.device_id, "8801712000001", "STOP")
    engine.stage.hands.forward(minutes=4)
    engine.stage.box.db.write_now(leaving.expire, now=engine.stage.hands.now())
    assert [engine.message(job).error or engine.status(job) for job in jobs] == [
        "cancelled",
        "opted_out",
        "expired",
    ]
    hours(engine, 4)
    assert {one.text for one in engine.driver.taken.values() if one.chat_id != "8801712000050@c.us"} == {
        "You will get no more messages from us. Write START to get them again."
    }


@pytest.mark.parametrize("refusals", [1, 3])
def test_who_writes_after_the_refusal_is_new_no_more(engine: Engine, refusals: int) -> None:
    jobs = send(engine, 4)
    engine.driver.plan(*REFUSED[:refusals])
    for _ in range(refusals):
        engine.turns.step(engine.stage.asha.device_id)
    writes(engine, "8801712000000")
    assert engine.turns.step(engine.stage.asha.device_id)
    assert engine.status(jobs[0]) == "sent"


def test_a_stopped_campaign_takes_what_was_refused_along(engine: Engine) -> None:
    people(engine, 5)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.driver.plan("refused", "refused", "refused")
    settle(engine)
    assert (show(engine, campaign_id).status, show(engine, campaign_id).queued) == ("sending", 5)
    box, now = engine.stage.box, engine.stage.hands.now()
    box.db.write_now(lambda tx: tx.run("update devices set cold_rests_until = null"))
    engine.stage.hands.forward(minutes=1)
    foreseen = box.db.read_here(
        foreseeing.foresee_new, device(engine), campaign_id, config=box.config, now=engine.stage.hands.now()
    )
    assert foreseen == now + HOUR
    act(engine, control.stop, campaign_id)
    assert (show(engine, campaign_id).failed, show(engine, campaign_id).cancelled) == (0, 5)
    hours(engine, 2)
    assert not engine.driver.taken


# -- taken first, and refused a moment later -----------------------------------------------------------


def late(engine: Engine, count: int) -> None:
    """WhatsApp takes the next messages, each, and refuses it a second later."""
    for _ in range(count):
        engine.driver.plan("refused_later")
        assert engine.turns.step(engine.stage.asha.device_id)
        engine.stage.hands.forward(seconds=1)
        engine.driver.let_pass()


def test_three_refused_late_in_a_row_close_the_door_to_everybody_new(engine: Engine) -> None:
    writes(engine)
    jobs = send(engine, 6)
    late(engine, 3)
    warm = engine.send(WARM)
    settle(engine)
    assert statuses(engine, [*jobs, warm]) == ["failed"] * 3 + ["queued"] * 3 + ["sent"]
    assert {engine.message(job).error for job in jobs[:3]} == {"refused_later"}
    assert {why(engine, job) for job in jobs[3:]} == {"new_chats_refused"}
    engine.stage.hands.forward(hours=1)
    late(engine, 1)
    assert statuses(engine, jobs[3:]) == ["failed", "queued", "queued"]
    assert {why(engine, job) for job in jobs[4:]} == {"new_chats_refused"}, "one more is enough"
    engine.stage.hands.forward(hours=1)
    settle(engine)
    assert statuses(engine, jobs[4:]) == ["sent", "sent"]


def test_the_hour_of_refusals_is_the_numbers_and_outlives_its_link(engine: Engine) -> None:
    jobs = send(engine, 6)
    late(engine, 3)
    engine.stage.hands.forward(minutes=10)
    another(engine, SHOP)
    settle(engine)
    assert statuses(engine, jobs) == ["failed"] * 3 + ["queued"] * 3
    assert {why(engine, job) for job in jobs[3:]} == {"new_chats_refused"}
    go_on(engine)
    settle(engine)
    assert statuses(engine, jobs[3:]) == ["sent"] * 3, "it is not the other number's"
    more = send(engine, 2, first=10)
    engine.turns.step(engine.stage.asha.device_id)
    go_on(engine, SHOP)
    settle(engine)
    assert statuses(engine, more) == ["sent", "queued"], "back at the number that is refused"
    engine.stage.hands.forward(hours=1)
    settle(engine)
    assert statuses(engine, more) == ["sent", "sent"]


def test_the_row_and_the_hour_go_with_the_number_to_another_phone(engine: Engine) -> None:
    """And a phone that bore the number before, and has none now, takes nothing from it."""
    other = second(engine)
    send(engine, 2)
    late(engine, 2)
    engine.driver.unlink(engine.stage.asha.device_id)
    engine.link(other, SHOP)
    jobs = [engine.send(f"880171300{n:04d}", device_id=other) for n in range(4)]
    engine.driver.plan("refused_later")
    assert engine.turns.step(other)
    engine.stage.hands.forward(seconds=1)
    engine.driver.let_pass()
    box, number = engine.stage.box, engine.stage.asha.device_id
    box.db.write_now(lambda tx: orders.start(tx, devices.by_id(tx, number)))
    engine.driver.open(engine.stage.device(number).spec)
    assert engine.turns.step(other) is False
    assert statuses(engine, jobs) == ["failed"] + ["queued"] * 3
    engine.driver.unlink(other)
    engine.driver.scan(number, SHOP)
    cold = engine.send("8801714000001")
    settle(engine)
    assert (engine.status(cold), why(engine, cold)) == ("queued", "new_chats_refused")
    engine.stage.hands.forward(hours=1)
    settle(engine)
    assert engine.status(cold) == "sent"


def test_an_hour_that_was_seen_at_one_phone_stands_when_another_that_had_the_number_is_started(
    engine: Engine,
) -> None:
    other, number, box = second(engine), engine.stage.asha.device_id, engine.stage.box
    engine.driver.unlink(number)
    engine.link(other, SHOP)
    box.db.write_now(limits.cold_refused, other, now=engine.stage.hands.now(), sure=True)
    box.db.write_now(lambda tx: orders.start(tx, devices.by_id(tx, number)))
    engine.driver.open(engine.stage.device(number).spec)
    engine.driver.unlink(other)
    engine.driver.scan(number, SHOP)
    cold = engine.send()
    settle(engine)
    assert (engine.status(cold), why(engine, cold)) == ("queued", "new_chats_refused")


def test_what_was_refused_late_to_one_number_says_nothing_of_another(engine: Engine) -> None:
    send(engine, 2)
    late(engine, 2)
    go_on(engine)
    jobs = send(engine, 5, first=10)
    late(engine, 1)
    settle(engine)
    assert statuses(engine, jobs) == ["failed"] + ["sent"] * 4


def test_a_refusal_that_comes_late_closes_the_door_of_the_number_it_went_from(engine: Engine) -> None:
    jobs = send(engine, 3)
    settle(engine)
    ids = [engine.message(job).wa_message_id or "" for job in jobs]
    go_on(engine)
    device_id, at = engine.stage.asha.device_id, engine.stage.hands.now()
    for wa_id in ids:
        refusal = Receipt(device_id, device(engine).session, wa_id, "", -1, at)
        engine.stage.box.db.write_now(page_events.verb(refusal, engine.stage.box))
    more = send(engine, 2, first=10)
    settle(engine)
    assert statuses(engine, [*jobs, *more]) == ["failed"] * 3 + ["sent"] * 2
    last = send(engine, 1, first=20)
    go_on(engine, SHOP)
    settle(engine)
    assert statuses(engine, last) == ["queued"]


def test_a_chat_that_is_closed_to_one_number_is_asked_anew_from_another(engine: Engine) -> None:
    job = engine.send()
    box, now = engine.stage.box, engine.stage.hands.now()
    box.db.write_now(outbox.hold, job, until=now + 2 * HOUR, reason="chat_closed")
    go_on(engine)
    settle(engine)
    assert engine.status(job) == "sent"


def test_late_refusals_with_an_arrival_between_them_close_nothing(engine: Engine) -> None:
    jobs = send(engine, 6)
    late(engine, 2)
    engine.turns.step(engine.stage.asha.device_id)
    wa_id = engine.message(jobs[2]).wa_message_id
    assert wa_id is not None
    engine.driver.ack(engine.stage.asha.device_id, wa_id, 2)
    late(engine, 2)
    settle(engine)
    assert statuses(engine, jobs) == ["failed", "failed", "delivered", "failed", "failed", "sent"]


def test_late_refusals_with_one_that_stands_for_a_minute_close_nothing(engine: Engine) -> None:
    jobs = send(engine, 4)
    engine.turns.step(engine.stage.asha.device_id)
    engine.stage.hands.forward(minutes=2)
    late(engine, 2)
    settle(engine)
    assert statuses(engine, jobs) == ["sent", "failed", "failed", "sent"]


def test_what_was_refused_late_opened_no_chat(engine: Engine) -> None:
    job, again = send(engine, 1)[0], send(engine, 1)[0]
    late(engine, 1)
    assert engine.status(job) == "failed"
    assert engine.stage.value("select count(*) from chats") == 0
    assert engine.stage.value("select new_chat from messages where id = :id", id=again) == 1
    writes(engine, "8801712000000")
    settle(engine)
    assert engine.status(again) == "sent"
    refused = engine.message(again).wa_message_id
    assert refused is not None
    engine.driver.ack(engine.stage.asha.device_id, refused, -1)
    assert engine.stage.value("select count(*) from chats") == 1, "this person wrote"


def test_what_was_refused_late_counts_in_the_caps_that_whatsapp_counts(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 2, "daily_cap": 10})
    jobs = send(engine, 3)
    late(engine, 2)
    settle(engine)
    assert statuses(engine, jobs) == ["failed", "failed", "queued"]
    assert why(engine, jobs[2]) == "new_chat_cap"
    engine.stage.close()


def test_late_refusals_of_a_campaign_count_as_failures_in_a_row(engine: Engine) -> None:
    for phone in people(engine, 12):
        writes(engine, phone)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    late(engine, 4)
    assert show(engine, campaign_id).failed == 4
    assert engine.stage.value("select failures_in_row from campaigns") == 4
    settle(engine)
    assert engine.stage.value("select failures_in_row from campaigns") == 0
