"""Edges between two nouns, as tables: what is in doubt x what came meanwhile, and pairs that were found broken.

After each row every promise about the rows holds, and WhatsApp has no message twice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import PHONE, SHOP, Engine, holds, make
from tests.engine.test_campaigns import expand, launch, people, show
from wabox.accounts import users
from wabox.accounts.states import Actor
from wabox.alerts import choices
from wabox.billing import ledger
from wabox.campaigns import control, expansion, launching, replies
from wabox.contacts import audiences, conditions, own, own_values, phones, segments, suppression, writing
from wabox.contacts import stored as contacts
from wabox.contacts.lists import csv_files, imports, layouts
from wabox.contacts.stored import Consent
from wabox.contacts.writing import Draft
from wabox.content import rules
from wabox.devices import idle_warnings, limits, orders
from wabox.devices import stored as devices
from wabox.devices.rules import DaysOff
from wabox.engine import alerting
from wabox.engine.expansion import Expansion, _settle
from wabox.engine.turns import Turns
from wabox.errors import Invalid, NotFound
from wabox.messages import addressees, answers, claiming, explaining, leaving, outbox, ruling, stored
from wabox.messages import log as messages_log
from wabox.messages.line import of_device
from wabox.texts import renaming
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Handed, NewChats, PhoneUsed, Timelock
from wabox.whatsapp.fake import Outcome

OTHER = "8801711000002"
Meanwhile = Callable[[Engine, int], object]


SECTIONS = {"sending": {"quiet_hours": ["23:00", "08:00"]}, "accounts": {"registration": "open"}}


def write(engine: Engine, verb: Callable[..., Any], *args: Any, **more: Any) -> Any:
    return engine.stage.box.db.write_now(verb, *args, **more, now=engine.stage.hands.now())


def why(engine: Engine, job_id: int) -> str | None:
    box, now = engine.stage.box, engine.stage.hands.now()
    waits = box.db.read_here(explaining.explain, [engine.message(job_id)], config=box.config, now=now)
    return waits[job_id].reason if job_id in waits else None


def killed_before_it_entered(engine: Engine) -> None:
    """wabox dies armed: the message has its id, and WhatsApp's page never got it."""

    def die(device_id: int, message_id: str) -> None:
        raise KeyboardInterrupt

    engine.driver.before_hand_over = die
    with pytest.raises(KeyboardInterrupt):
        engine.turn()
    engine.driver.before_hand_over = None


def stays_without_ack(engine: Engine) -> None:
    """The page has it and the server does not say so; wabox has rested and looks once more."""
    engine.driver.plan("stuck")
    engine.turn()


def pass_time(engine: Engine, job_id: int) -> None:
    engine.stage.hands.forward(minutes=10)


def night_falls(engine: Engine, job_id: int) -> None:
    """Midnight in Dhaka."""
    engine.stage.hands.forward(hours=12)


def _rules(engine: Engine, verb: Callable[..., Any], *args: Any) -> None:
    box, asha = engine.stage.box, engine.stage.box.db.read_here(users.by_id, engine.stage.asha.id)
    given = {"days_off": DaysOff(("tuesday",))}
    write(engine, verb, asha, *args, given, config=box.config)


def box_has_a_day_off(engine: Engine, job_id: int) -> None:
    _rules(engine, ruling.set_box)


def phone_has_a_day_off(engine: Engine, job_id: int) -> None:
    _rules(engine, ruling.set_phone, engine.stage.device())


def owner_opts_out(engine: Engine, job_id: int) -> None:
    write(engine, replies.opt_out_by_owner, engine.stage.asha.id, PHONE, source="owner", by=None)


def person_writes_stop(engine: Engine, job_id: int) -> None:
    engine.driver.write(engine.stage.asha.device_id, PHONE, "STOP")


def cancels(engine: Engine, job_id: int) -> None:
    claimed = engine.status(job_id) == "sending"
    found = write(engine, outbox.cancel_for, engine.stage.asha.id, job_id)
    assert found.status == ("sending" if claimed else "cancelled")


def is_suspended(engine: Engine, job_id: int) -> None:
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update users set state = 'suspended' where id = :id", id=engine.stage.asha.id)
    )


def is_limited(engine: Engine, job_id: int) -> None:
    until = engine.stage.hands.now() + timedelta(hours=3)
    engine.driver.limit(engine.stage.asha.device_id, timelock=Timelock("DEFAULT", until))


def is_capped(engine: Engine, job_id: int) -> None:
    until = engine.stage.hands.now() + timedelta(hours=3)
    engine.driver.limit(engine.stage.asha.device_id, new_chats=NewChats("capped", 10, 10, until))


def is_blocked(engine: Engine, job_id: int) -> None:
    engine.driver.blocked.add(PHONE)


def rule_refuses(engine: Engine, job_id: int) -> None:
    draft = rules.Draft("word", "Hello", "refuse", "Not here.")
    write(engine, rules.add, draft, by=Actor(engine.stage.asha.id, None))


def rule_holds(engine: Engine, job_id: int) -> None:
    draft = rules.Draft("word", "Hello", "hold", "Read first.")
    write(engine, rules.add, draft, by=Actor(engine.stage.asha.id, None))


def clock_is_wrong(engine: Engine, job_id: int) -> None:
    engine.stage.box.db.write_now(lambda tx: tx.run("insert into box (key, value) values ('clock_wrong', 'x')"))


# what came meanwhile -> how a message that never entered ends: status, error, reason of its wait
SINGLE: list[tuple[Meanwhile, str, str | None, str | None]] = [
    (pass_time, "skipped", "expired", None),
    (owner_opts_out, "skipped", "opted_out", None),
    (person_writes_stop, "skipped", "opted_out", None),
    (cancels, "cancelled", None, None),
    (night_falls, "queued", None, "quiet_hours"),
    (box_has_a_day_off, "queued", None, "day_off"),
    (phone_has_a_day_off, "queued", None, "day_off"),
    (is_suspended, "queued", None, "account_suspended"),
    (is_limited, "queued", None, "restricted"),
    (is_capped, "queued", None, "new_chats_capped"),
    (is_blocked, "skipped", "blocked_by_you", None),
    (rule_refuses, "skipped", "content_refused", None),
    (rule_holds, "queued", None, "content_review"),
    (clock_is_wrong, "queued", None, "clock_wrong"),
]
NAMES = [row[0].__name__ for row in SINGLE]


def send_one(engine: Engine, meanwhile: Meanwhile) -> int:
    expires = engine.stage.hands.now() + timedelta(minutes=5) if meanwhile is pass_time else None
    return engine.send(expires_at=expires)


@pytest.mark.parametrize(("meanwhile", "status", "error", "reason"), SINGLE, ids=NAMES)
def test_what_may_no_longer_go_after_a_kill_is_not_handed_over(
    engine: Engine, meanwhile: Meanwhile, status: str, error: str | None, reason: str | None
) -> None:
    job = send_one(engine, meanwhile)
    killed_before_it_entered(engine)
    meanwhile(engine, job)
    engine.restarted()
    engine.turn()
    engine.turn()
    write(engine, leaving.expire)
    assert "Hello" not in [text for _, _, _, text in engine.driver.handed]
    assert (engine.status(job), engine.message(job).error, why(engine, job)) == (status, error, reason)


@pytest.mark.parametrize("meanwhile", [row[0] for row in SINGLE], ids=NAMES)
def test_what_the_page_has_without_an_ack_is_not_pushed_again_when_it_may_no_longer_go(
    engine: Engine, meanwhile: Meanwhile
) -> None:
    job = send_one(engine, meanwhile)
    stays_without_ack(engine)
    meanwhile(engine, job)
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    assert (engine.status(job), engine.message(job).error) == ("unknown", "withheld")
    assert len([one for one in engine.driver.handed if one[3] == "Hello"]) == 1


def test_a_short_wait_is_waited_out_by_what_the_page_has(engine: Engine) -> None:
    job = engine.send()
    stays_without_ack(engine)
    engine.stage.box.db.write_now(
        limits.rest, engine.stage.asha.device_id, engine.stage.hands.now() + timedelta(seconds=80)
    )
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    assert engine.status(job) == "sending"
    engine.stage.hands.forward(seconds=20)
    engine.turn()
    assert engine.status(job) == "sent"


def test_a_message_put_back_by_a_kill_goes_under_its_id_when_it_may_again(engine: Engine) -> None:
    job = engine.send()
    killed_before_it_entered(engine)
    wa_id = engine.message(job).wa_message_id
    night_falls(engine, job)
    engine.restarted()
    engine.turn()
    assert why(engine, job) == "quiet_hours"
    engine.stage.hands.forward(hours=9)
    engine.turn()
    assert engine.status(job) == "sent"
    assert list(engine.driver.taken) == [wa_id]


def test_its_own_first_attempt_fills_no_cap(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"daily_cap": 1, "hourly_cap": 1, "new_chats_per_day": 1})
    job, behind = engine.send(), engine.send(OTHER)
    killed_before_it_entered(engine)
    engine.restarted()
    engine.turn()
    assert (engine.status(job), engine.status(behind)) == ("sent", "queued")
    holds(engine)
    engine.stage.close()


def test_a_cap_that_others_filled_meanwhile_holds_what_was_armed(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"daily_cap": 1})
    job, other = engine.send(), engine.send(OTHER)
    killed_before_it_entered(engine)
    engine.stage.box.db.write_now(
        lambda tx: tx.run(
            "update messages set status = 'sent', spent_at = :at, sent_at = :at, account = :shop where id = :id",
            id=other,
            shop=SHOP,
            at=engine.stage.hands.now().isoformat(),
        )
    )
    engine.restarted()
    engine.turn()
    assert (engine.status(job), why(engine, job)) == ("queued", "daily_cap")
    assert not engine.driver.handed
    engine.stage.close()


def stops(engine: Engine, campaign_id: int) -> None:
    claimed = engine.stage.value("select count(*) from messages where status = 'sending'")
    ended = write(engine, control.stop, engine.stage.asha.id, campaign_id)
    assert ended.on_its_way == claimed


def pauses(engine: Engine, campaign_id: int) -> None:
    write(engine, control.pause, engine.stage.asha.id, campaign_id)


@pytest.mark.parametrize(
    ("meanwhile", "ends"),
    [(stops, ("cancelled", "campaign_stopped", None)), (pauses, ("queued", None, "campaign_paused"))],
    ids=["stops", "pauses"],
)
def test_a_campaign_ended_in_the_dead_time_takes_its_message_in_doubt_along(
    engine: Engine, meanwhile: Meanwhile, ends: tuple[str, str | None, str | None]
) -> None:
    people(engine, 3)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    killed_before_it_entered(engine)
    job = engine.stage.value("select id from messages where status = 'sending'")
    meanwhile(engine, campaign_id)
    engine.restarted()
    engine.turn()
    assert (engine.status(job), engine.message(job).error, why(engine, job)) == ends
    assert not engine.driver.handed
    campaign = show(engine, campaign_id)
    assert campaign.queued == (0 if ends[0] == "cancelled" else 3)


@pytest.fixture(params=["asked ahead", "claimed first"])
def order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether WhatsApp is asked for the chat before the claim, or after one that came to an unforeseen message."""
    if request.param == "claimed first":
        monkeypatch.setattr(claiming, "to_ask", lambda *_given, **_more: None)
    return str(request.param)


@pytest.mark.parametrize("meanwhile", [owner_opts_out, cancels, is_suspended], ids=lambda one: one.__name__)
def test_what_comes_before_the_hand_over_binds_too(engine: Engine, meanwhile: Meanwhile, order: str) -> None:
    """Asking WhatsApp for the chat may take long; the gate is asked again when the message is armed."""
    job = engine.send()
    resolve = engine.driver.resolve

    def slowly(device_id: int, phone: str) -> Any:
        assert engine.status(job) == ("queued" if order == "asked ahead" else "sending")
        meanwhile(engine, job)
        return resolve(device_id, phone)

    engine.driver.resolve = slowly  # type: ignore[method-assign]
    engine.turn()
    assert not engine.driver.handed
    assert engine.status(job) in ("skipped", "cancelled", "queued")


@pytest.mark.usefixtures("order")
def test_a_kill_while_the_chat_is_asked_for_sends_it_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 5. Whatever was claimed alone was surely not handed over."""
    job = engine.send()

    def dies(*_given: object) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(engine.driver, "resolve", dies)
        engine.turn()
    engine.restarted()
    engine.turn()
    assert (engine.status(job), len(engine.driver.handed)) == ("sent", 1)
    holds(engine)


@pytest.mark.usefixtures("order")
def test_a_lost_session_gives_a_stopped_campaigns_message_back_as_cancelled(engine: Engine) -> None:
    people(engine, 2)
    campaign_id = launch(engine)
    expand(engine, campaign_id)

    def gone(device_id: int, phone: str) -> Any:
        stops(engine, campaign_id)
        engine.driver.show(device_id, "starting", "reconnecting")
        return original(device_id, phone)

    original, engine.driver.resolve = engine.driver.resolve, gone  # type: ignore[method-assign]
    engine.turn()
    campaign = show(engine, campaign_id)
    assert (campaign.cancelled, campaign.queued) == (2, 0)


def test_an_answer_asked_ahead_is_kept_when_another_message_comes_first(engine: Engine) -> None:
    first, box = engine.send(), engine.stage.box
    resolve = engine.driver.resolve
    others: list[int] = []

    def slowly(device_id: int, phone: str) -> Any:
        if not others:
            others.append(engine.send(OTHER))
            until = engine.stage.hands.now() + timedelta(seconds=30)
            box.db.write_now(outbox.hold, first, until=until, reason="number_check")
        return resolve(device_id, phone)

    engine.driver.resolve = slowly  # type: ignore[method-assign]
    assert engine.turns.step(engine.stage.asha.device_id)
    assert (engine.status(first), engine.status(others[0])) == ("queued", "sent")
    engine.stage.hands.forward(minutes=1)
    engine.turn()
    assert engine.status(first) == "sent"
    assert [phone for _, phone in engine.driver.asked] == [PHONE, OTHER]
    holds(engine)


# -- campaign x device removed -------------------------------------------------------------------------


def shop_with_second_phone(engine: Engine) -> int:
    second: int = write(engine, orders.create, engine.stage.asha.id, "second", most=5).id
    engine.link(second, "8801700000002")
    return second


def remove(engine: Engine, device_id: int) -> None:
    write(engine, lambda tx, now: leaving.device_removed(tx, devices.by_id(tx, device_id), now=now))


def test_a_campaign_due_without_its_phones_fails_with_the_reason_and_reserves_nothing(engine: Engine) -> None:
    second = shop_with_second_phone(engine)
    people(engine, 3)
    later = engine.stage.hands.now() + timedelta(hours=1)
    campaign_id = launch(engine, device_ids=[second], scheduled_for=later)
    remove(engine, second)
    write(engine, launching.launch_scheduled, campaign_id, [1, 2, 3])
    campaign = show(engine, campaign_id)
    assert (campaign.status, campaign.status_reason, campaign.reserved) == ("failed", "no_devices", 0)


@pytest.mark.parametrize("paused", [False, True])
def test_a_campaign_that_loses_its_phones_pauses_with_the_reason_until_it_is_stopped(
    engine: Engine,
    paused: bool,  # noqa: FBT001
) -> None:
    second = shop_with_second_phone(engine)
    people(engine, 700)
    campaign_id = launch(engine, device_ids=[second])
    part_by_part(engine, campaign_id)
    if paused:
        pauses(engine, campaign_id)
    remove(engine, second)
    for _ in range(3):
        expand(engine, campaign_id)
    campaign = show(engine, campaign_id)
    assert (campaign.status, campaign.status_reason) == ("paused", "no_devices")
    with pytest.raises(Invalid, match="deleted"):
        write(engine, control.resume, engine.stage.asha.id, campaign_id)
    write(engine, control.stop, engine.stage.asha.id, campaign_id)
    campaign = show(engine, campaign_id)
    assert (campaign.status, campaign.queued, campaign.reserved) == ("stopped", 0, 0)


def part_by_part(engine: Engine, campaign_id: int) -> None:
    """One part of 500 is written, the rest is not."""
    assert Expansion(engine.stage.box).step(campaign_id)


def test_a_part_prepared_for_a_phone_that_is_deleted_before_it_is_written_is_made_anew(engine: Engine) -> None:
    second = shop_with_second_phone(engine)
    people(engine, 10)
    campaign_id = launch(engine)
    now = engine.stage.hands.now()
    part = engine.stage.box.db.read_here(expansion.prepare, campaign_id, require_consent=False, now=now)
    assert part is not None
    remove(engine, second)
    assert not write(engine, expansion.write, part)
    expand(engine, campaign_id)
    stranded = "select count(*) from messages where status = 'queued' and device_id = :second"
    assert engine.stage.value(stranded, second=second) == 0
    assert engine.stage.value("select count(*) from messages where status = 'queued'") == 10


# -- redispatch x known chats --------------------------------------------------------------------------


def test_redispatch_asks_again_who_is_a_new_chat_for_the_phone_that_sends(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 3})
    second = shop_with_second_phone(engine)
    numbers = people(engine, 12)
    for number in numbers:
        engine.driver.write(second, number, "hello")
    campaign_id = launch(engine, device_ids=[second, engine.stage.asha.device_id])
    expand(engine, campaign_id)
    engine.driver.unlink(second)
    write(engine, control.redispatch, engine.stage.asha.id, campaign_id)
    engine.turn()
    engine.turn()
    assert len(engine.driver.taken) == 3
    write(engine, _settle_at)
    holds(engine)
    engine.stage.close()


def _settle_at(tx: Any, *, now: Any) -> None:
    _settle(tx, now, tripwires=True)


def test_a_stale_mark_of_a_known_chat_passes_no_cap(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 1})
    first, second = engine.send(), engine.send(OTHER)
    engine.stage.box.db.write_now(lambda tx: tx.run("update messages set new_chat = 0"))
    engine.turn()
    engine.turn()
    assert (engine.status(first), engine.status(second), why(engine, second)) == ("sent", "queued", "new_chat_cap")
    engine.stage.close()


# -- settle x pace -------------------------------------------------------------------------------------


def test_settling_touches_neither_the_pause_nor_the_anchor(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"gap_seconds": [8, 20]})
    doubtful = engine.send()
    engine.driver.plan("stuck", "stuck")
    engine.turn()
    for _ in range(2):
        engine.stage.hands.forward(minutes=6)
        engine.turn()
    assert engine.status(doubtful) == "unknown"
    engine.send(OTHER)
    engine.turn()
    before = engine.stage.device()
    write(engine, outbox.settle, engine.stage.asha.id, doubtful, "sent")
    after = engine.stage.device()
    assert engine.status(doubtful) == "sent"
    assert (after.next_send_at, after.anchor) == (before.next_send_at, before.anchor)
    assert before.anchor is not None
    holds(engine)
    engine.stage.close()


def test_a_late_receipt_begins_the_pause_anew_and_leaves_the_anchor(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"gap_seconds": [10, 10]})
    doubtful = engine.send()
    engine.driver.plan("stuck", "stuck")
    engine.turn()
    for _ in range(2):
        engine.stage.hands.forward(minutes=6)
        engine.turn()
    engine.send(OTHER)
    engine.turn()
    anchor = engine.stage.device().anchor
    engine.stage.hands.forward(seconds=4)
    wa_id = engine.message(doubtful).wa_message_id
    assert wa_id is not None
    engine.driver.ack(engine.stage.asha.device_id, wa_id, 1)
    device = engine.stage.device()
    assert engine.status(doubtful) == "sent"
    assert (device.anchor, device.next_send_at) == (anchor, engine.stage.hands.now() + timedelta(seconds=10))
    engine.stage.close()


# -- late refusal x counters, credits, settle, erase, a second attempt ---------------------------------


def refused_later(engine: Engine, job_id: int, *, times: int = 1) -> None:
    """WhatsApp says no to what it had taken, once or again."""
    wa_id = engine.message(job_id).wa_message_id
    assert wa_id is not None
    for _ in range(times):
        engine.driver.ack(engine.stage.asha.device_id, wa_id, -1)


def told_of(engine: Engine, job_id: int) -> list[str]:
    """What the webhook was owed about this message."""
    rows = engine.stage.box.db.read_here(
        lambda rows: rows.all("select event from deliveries where message_id = :id order by id", id=job_id)
    )
    return [row["event"] for row in rows]


def test_a_late_refusal_takes_back_the_count_and_the_credit_once(engine: Engine) -> None:
    user = engine.stage.asha.id
    events = ("delivery.sent", "delivery.failed")
    box, target = engine.stage.box, "https://shop.example/hook"
    write(engine, endpoints.put, user, url=target, events=events, allow=Allow(), seal=box.seal)
    write(engine, ledger.grant, user, 10, note="test", by="test")
    people(engine, 2)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.turn()
    of_campaign = "select id from messages where campaign_id = :id order by id"
    rows = engine.stage.box.db.read_here(lambda rows: rows.all(of_campaign, id=campaign_id))
    job, other = (row["id"] for row in rows)
    refused_later(engine, job, times=3)
    campaign = show(engine, campaign_id)
    assert (campaign.sent, campaign.failed) == (1, 1)
    assert (engine.status(job), engine.message(job).error, engine.status(other)) == (
        "failed",
        "refused_later",
        "sent",
    )
    assert engine.stage.box.db.read_here(ledger.credits_left, user) == 9
    assert sorted(told_of(engine, job)) == ["delivery.failed", "delivery.sent"]
    day = timedelta(days=1)
    now = engine.stage.hands.now()
    counted = engine.stage.box.db.read_here(messages_log.reached, user, now - day, now + day)
    assert (counted["sent"], counted["failed"]) == (1, 1)


@pytest.mark.parametrize("ack", [2, 3])
def test_what_has_reached_somebody_is_refused_no_more(engine: Engine, ack: int) -> None:
    job = engine.send()
    engine.turn()
    wa_id = engine.message(job).wa_message_id
    assert wa_id is not None
    engine.driver.ack(engine.stage.asha.device_id, wa_id, ack)
    refused_later(engine, job)
    assert engine.status(job) == {2: "delivered", 3: "read"}[ack]


def test_a_late_refusal_of_one_of_two_attempts_ends_nothing(engine: Engine) -> None:
    job = engine.send()
    engine.driver.plan("stuck", "acked")
    engine.turn()
    engine.stage.hands.forward(minutes=2)
    engine.turn()
    assert engine.status(job) == "sent"
    refused_later(engine, job)
    assert engine.status(job) == "sent", "the other attempt may have gone"


def test_a_late_refusal_of_what_a_person_settled_as_sent_ends_it(engine: Engine) -> None:
    job = engine.send()
    engine.driver.plan("stuck")
    engine.turn()
    engine.driver.lose_history(engine.stage.asha.device_id)
    engine.stage.hands.forward(minutes=2)
    engine.restarted("boot-2")
    engine.turn()
    assert engine.status(job) == "unknown"
    write(engine, outbox.settle, engine.stage.asha.id, job, "sent")
    wa_id, now = engine.message(job).wa_message_id, engine.stage.hands.now()
    assert wa_id is not None
    engine.stage.box.db.write_now(answers.receipt, wa_id, -1, at=now, next_send_at=now)
    assert (engine.status(job), engine.message(job).error) == ("failed", "refused_later")


def test_a_late_refusal_of_an_erased_persons_message_tells_nobody_who_it_was(engine: Engine) -> None:
    job = engine.send()
    engine.turn()
    write(engine, addressees.erase, engine.stage.asha.id, PHONE, addressees.Traces())
    refused_later(engine, job)
    assert (engine.status(job), engine.message(job).phone) == ("failed", "")
    assert (
        engine.stage.value("select count(*) from deliveries where payload like '%' || :phone || '%'", phone=PHONE)
        == 0
    )


def test_a_refusal_found_in_the_history_ends_only_what_was_sent_before_it(engine: Engine) -> None:
    job = engine.send()
    killed_before_it_entered(engine)
    night_falls(engine, job)
    engine.restarted()
    engine.turn()
    wa_id, early = engine.message(job).wa_message_id, engine.stage.hands.now()
    assert wa_id is not None

    def swept(at: datetime) -> None:
        engine.stage.box.db.write_now(answers.receipt, wa_id, -1, at=at, next_send_at=at, stored_only=True)

    swept(early)
    assert engine.status(job) == "queued"
    engine.stage.hands.forward(hours=9)
    engine.turn()
    swept(early)
    assert engine.status(job) == "sent", "that answered the attempt before"
    swept(engine.stage.hands.now())
    assert engine.status(job) == "failed"


def test_a_receipt_for_what_was_put_back_counts_as_sent(engine: Engine) -> None:
    job = engine.send()
    killed_before_it_entered(engine)
    night_falls(engine, job)
    engine.restarted()
    engine.turn()
    assert engine.status(job) == "queued"
    wa_id = engine.message(job).wa_message_id
    assert wa_id is not None
    now = engine.stage.hands.now()
    engine.stage.box.db.write_now(answers.receipt, wa_id, 1, at=now, next_send_at=now)
    engine.stage.hands.forward(hours=9)
    engine.turn()
    assert engine.status(job) == "sent"
    assert not engine.driver.handed


def test_a_phone_deleted_while_its_message_is_handed_over_keeps_the_counts(engine: Engine) -> None:
    second = shop_with_second_phone(engine)
    people(engine, 2)
    campaign_id = launch(engine, device_ids=[second])
    expand(engine, campaign_id)
    engine.driver.before_hand_over = lambda device_id, message_id: remove(engine, second)
    engine.turn(second)
    engine.driver.before_hand_over = None
    campaign = show(engine, campaign_id)
    assert (campaign.sent, campaign.cancelled, campaign.unknown, campaign.queued) == (1, 1, 0, 0)


# -- number check x an id that is there already --------------------------------------------------------


def test_an_unclear_number_waits_even_with_an_id_from_an_earlier_attempt(engine: Engine) -> None:
    job = engine.send()
    engine.driver.plan("not_entered")
    engine.turn()
    assert engine.message(job).wa_message_id is not None
    engine.driver.every_existence_unknown = True
    engine.turn()
    assert (engine.status(job), why(engine, job)) == ("queued", "number_check")
    handed = len(engine.driver.handed)
    for _ in range(5):
        engine.turn()
    assert len(engine.driver.handed) == handed
    engine.driver.every_existence_unknown = False
    engine.stage.hands.forward(seconds=31)
    engine.turn()
    assert engine.status(job) == "sent"


def test_who_waited_for_an_unclear_number_goes_at_once_when_the_page_is_back(engine: Engine) -> None:
    """Not after their grown gap; and nobody who waits for something else, or must not go any more."""
    device_id = engine.stage.asha.device_id
    engine.driver.every_existence_unknown = True
    jobs = [engine.send(f"88017110001{n:02d}") for n in range(3)]
    for _ in range(5):
        engine.turn()
        engine.stage.hands.forward(minutes=10)
    later = engine.send("8801711000199", scheduled_for=engine.stage.hands.now() + timedelta(hours=3))
    engine.turn()
    assert [why(engine, job) for job in jobs] == ["number_check"] * 3
    engine.stage.box.db.write_now(
        lambda tx: outbox.cancel(tx, stored.by_id(tx, jobs[2]), now=engine.stage.hands.now())
    )
    engine.driver.every_existence_unknown = False
    engine.turn()
    assert engine.status(jobs[0]) == "queued"
    engine.driver.show(device_id, "starting", "reconnecting")
    engine.driver.recover(device_id)
    engine.turn()
    assert [engine.status(job) for job in (*jobs, later)] == ["sent", "sent", "cancelled", "queued"]


# -- restriction x refusal -----------------------------------------------------------------------------


def test_a_refusal_for_a_lock_that_nobody_knew_of_waits_and_fails_nothing(engine: Engine) -> None:
    jobs = [engine.send(f"88017110001{n:02d}") for n in range(5)]
    engine.driver.plan("limited", "limited", "limited")
    for _ in range(3):
        engine.turn()
    assert [engine.status(job) for job in jobs] == ["queued"] * 5
    assert len(engine.driver.handed) == 1 and why(engine, jobs[0]) == "new_chats_refused"
    engine.stage.hands.forward(minutes=61)
    is_limited(engine, jobs[0])
    engine.turn()
    assert why(engine, jobs[0]) == "restricted"
    assert len(engine.driver.handed) == 1


# -- consent x every way to write ----------------------------------------------------------------------


def test_consent_withdrawn_while_it_waits_skips_the_message(tmp_path: Path) -> None:
    engine = make(tmp_path, guards={"require_consent": True})
    now = engine.stage.hands.now()

    def agree(tx: Any) -> int:
        draft = Draft(phones.parse(PHONE, country="BD"), name="A", consent=Consent("order", now, None, None))
        return writing.bulk(tx, engine.stage.asha.id, [draft], now=now).created

    engine.stage.box.db.write_now(agree)
    engine.driver.show(engine.stage.asha.device_id, "starting", "reconnecting")
    first, second = engine.send(), engine.send()
    engine.driver.recover(engine.stage.asha.device_id)
    killed_before_it_entered(engine)
    contact_id = engine.stage.value("select id from contacts")
    engine.stage.box.db.write_now(writing.patch, engine.stage.asha.id, contact_id, consent=None, now=now)
    engine.restarted()
    engine.turn()
    engine.turn()
    assert [engine.message(job).error for job in (first, second)] == ["no_consent"] * 2
    assert not engine.driver.taken
    holds(engine)
    engine.stage.close()


# -- recipient cap x a long line -----------------------------------------------------------------------


def test_people_at_their_cap_are_held_in_pieces_and_all_of_them_till_midnight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "MOST_ASIDE", 7)
    engine = make(tmp_path, guards={"campaign_messages_per_day": 1})
    numbers = people(engine, 30)
    engine.stage.box.db.write_now(seen_today, engine, numbers[:25])
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    held, asked = [0], 0
    while len(engine.driver.taken) < 5:
        assert engine.turns.step(engine.stage.asha.device_id)
        held.append(engine.stage.value("select count(*) from messages where held_reason = 'recipient_cap'"))
        asked += 1
    assert held[-1] == 25 and asked < 20
    assert max(after - before for before, after in pairwise(held)) <= 2 * 7
    assert not engine.turns.step(engine.stage.asha.device_id)
    engine.stage.hands.forward(hours=13)
    for _ in range(30):
        engine.turns.step(engine.stage.asha.device_id)
    assert len(engine.driver.taken) == 30
    holds(engine, counted=False)
    engine.stage.close()


def seen_today(tx: Any, engine: Engine, numbers: list[str]) -> None:
    """Each of them got a message of an earlier campaign this morning."""
    tx.run(
        """insert into campaigns (user_id, name, message, audience, status, created_at, total, expanded, sent)
           values (:user, 'before', 'x', '{}', 'completed', :at, :n, 1, :n)""",
        user=engine.stage.asha.id,
        at=engine.stage.hands.now().isoformat(),
        n=len(numbers),
    )
    for number in numbers:
        tx.run(
            """insert into messages (user_id, device_id, campaign_id, phone, text, status, queued_at, spent_at,
                                     sent_at)
               values (:user, :device, 1, :phone, 'x', 'sent', :at, :at, :at)""",
            user=engine.stage.asha.id,
            device=engine.stage.asha.device_id,
            phone=number,
            at=engine.stage.hands.now().isoformat(),
        )
    tx.run("update message_totals set n = n + :n where user_id = :user", n=len(numbers), user=engine.stage.asha.id)
    tx.run(
        "insert or ignore into message_totals (user_id, n) values (:user, :n)",
        n=len(numbers),
        user=engine.stage.asha.id,
    )


def test_a_line_walks_over_nothing_that_is_planned_for_later(engine: Engine) -> None:
    """A hundred thousand messages for tomorrow cost today's line nothing."""
    later = engine.stage.hands.now() + timedelta(hours=2)
    planned = engine.send(OTHER, scheduled_for=later)
    device_id, config = engine.stage.asha.device_id, engine.stage.box.config

    def plan(rows: Any) -> tuple[str, Any]:
        line = of_device(rows, devices.by_id(rows, device_id), config=config, now=engine.stage.hands.now())
        sql = f"select m.id from messages m where {line.passable()} order by m.priority desc, m.id limit 1"
        asked = {"device_id": device_id, "campaign_id": None}
        found = rows.all("explain query plan " + sql, **asked)
        return " ".join(row["detail"] for row in found), rows.value(sql, **asked)

    told, head = engine.stage.box.db.read_here(plan)
    assert "USING INDEX line" in told.replace("COVERING ", "") and "TEMP B-TREE" not in told
    assert head is None and why(engine, planned) == "scheduled"
    engine.stage.hands.forward(hours=2)
    engine.turn()
    assert engine.status(planned) == "sent"


def test_a_kill_after_a_refusal_by_a_limited_number_waits_too(engine: Engine) -> None:
    job = engine.send()
    engine.driver.plan("refused")
    killed_after_the_hand_over(engine)
    is_limited(engine, job)
    engine.restarted()
    engine.turn()
    assert (engine.status(job), why(engine, job)) == ("queued", "restricted")


def test_a_late_refusal_of_the_second_attempt_proves_nothing_of_the_first(engine: Engine) -> None:
    job = engine.send()
    engine.driver.plan("stuck", "stuck")
    engine.turn()
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    wa_id = engine.message(job).wa_message_id
    assert wa_id is not None
    engine.driver.ack(engine.stage.asha.device_id, wa_id, -1)
    assert (engine.status(job), engine.message(job).error) == ("unknown", "no_answer")


def killed_after_the_hand_over(engine: Engine) -> None:
    """wabox dies before it writes down what WhatsApp said."""

    class Dying(Turns):
        def _record(self, armed: stored.Message, handed: Handed) -> bool:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Dying(engine.stage.box, engine.driver, "boot-1").turn(engine.stage.asha.device_id)


def test_redispatch_goes_piece_by_piece_and_a_stop_in_between_ends_it(engine: Engine) -> None:
    people(engine, 10)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    later = (engine.stage.hands.now() + timedelta(hours=1)).isoformat()
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update messages set held_until = :at, held_reason = 'number_check'", at=later)
    )
    held = "select count(*) from messages where held_until is not null"
    first = write(engine, control.redispatch, engine.stage.asha.id, campaign_id, most=4)
    assert first is not None and engine.stage.value(held) == 6
    second = write(engine, control.redispatch, engine.stage.asha.id, campaign_id, after=first, most=4)
    assert second is not None and engine.stage.value(held) == 2
    write(engine, control.stop, engine.stage.asha.id, campaign_id)
    assert write(engine, control.redispatch, engine.stage.asha.id, campaign_id, after=second, most=4) is None
    with pytest.raises(Invalid):
        write(engine, control.redispatch, engine.stage.asha.id, campaign_id)


# -- receipt x resolving, away x pace, holds x line ----------------------------------------------------


@pytest.mark.parametrize("ack", [1, -1])
def test_a_receipt_that_comes_while_the_chat_is_asked_for_ends_the_attempt(
    engine: Engine, ack: int, order: str
) -> None:
    """Before the claim there is none: a refusal answers one that counts no more, and it goes."""
    job, ahead = engine.send(), order == "asked ahead"
    killed_before_it_entered(engine)
    night_falls(engine, job)
    engine.restarted()
    engine.turn()
    engine.stage.hands.forward(hours=9)
    wa_id, resolve = engine.message(job).wa_message_id, engine.driver.resolve
    assert wa_id is not None
    engine.stage.box.db.write_now(lambda tx: tx.run("delete from numbers"))  # what is remembered is not asked for

    def told_meanwhile(*given: Any) -> Any:
        now = engine.stage.hands.now()
        engine.stage.box.db.write_now(answers.receipt, wa_id, ack, at=now, next_send_at=now)
        return resolve(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.driver, "resolve", told_meanwhile)
        engine.turn()
    assert engine.status(job) == ("sent" if ack > 0 or ahead else "failed")
    assert len(engine.driver.handed) == (ack < 0 and ahead)


def test_a_page_without_network_is_not_asked_after_every_commit(engine: Engine) -> None:
    job = engine.send()
    asked = []

    def away(*given: Any) -> Handed:
        asked.append(given)
        return Handed("not_entered", reason="not_connected")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.driver, "hand_over", away)
        for _ in range(30):
            engine.turn()
    assert len(asked) == 1 and why(engine, job) == "gap"
    engine.stage.hands.forward(seconds=4)
    engine.turn()
    assert engine.status(job) == "sent"


def test_a_single_does_not_stand_behind_what_a_paused_campaign_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "MOST_ASIDE", 7)
    engine = make(tmp_path)
    people(engine, 30)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    at = engine.stage.hands.now() + timedelta(hours=1)
    engine.stage.box.db.write_now(
        lambda tx: tx.run("update messages set held_until = :at, held_reason = 'recipient_cap'", at=at.isoformat())
    )
    pauses(engine, campaign_id)
    job = engine.send(OTHER, scheduled_for=at + timedelta(minutes=1))
    engine.stage.hands.forward(hours=2)
    engine.turn()
    assert engine.status(job) == "sent"
    while engine.turns.step(engine.stage.asha.device_id):
        pass
    assert engine.stage.value("select count(*) from messages where held_until is not null") == 0
    engine.stage.close()


@pytest.mark.parametrize("limited", [False, True])
def test_a_receipt_of_a_refusal_by_a_limited_number_fails_nothing(engine: Engine, limited: bool) -> None:  # noqa: FBT001
    job = engine.send()
    engine.driver.plan("limited")
    if limited:
        killed_after_the_hand_over(engine)
        is_limited(engine, job)
    else:
        engine.turn()
    wa_id = engine.driver.handed[-1][2]
    engine.driver.ack(engine.stage.asha.device_id, wa_id, -1)
    assert (engine.status(job), engine.message(job).error) == ("queued", None)


def test_a_hold_says_so_even_where_its_reason_has_gone_and_a_start_judges_it_anew(tmp_path: Path) -> None:
    engine = make(tmp_path)
    job = engine.send()
    until = engine.stage.hands.now() + timedelta(hours=5)
    engine.stage.box.db.write_now(outbox.hold, job, until=until, reason="recipient_cap")
    assert why(engine, job) == "recipient_cap"
    assert engine.stage.box.db.write_now(claiming.judge_caps_anew) == 1
    engine.turn()
    assert engine.status(job) == "sent"
    engine.stage.close()


def test_who_writes_is_held_no_longer_as_a_new_chat(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 1})
    _, second = engine.send(), engine.send(OTHER)
    engine.stage.box.db.write_now(lambda tx: tx.run("update messages set new_chat = 0"))
    engine.turn()
    engine.turn()
    assert why(engine, second) == "new_chat_cap"
    engine.driver.write(engine.stage.asha.device_id, OTHER, "hello")
    engine.turn()
    assert engine.status(second) == "sent"
    engine.stage.close()


def test_what_is_due_counts_as_ahead_though_the_phone_is_away(engine: Engine) -> None:
    engine.driver.show(engine.stage.asha.device_id, "starting", "reconnecting")
    due = engine.send(scheduled_for=engine.stage.hands.now() + timedelta(minutes=5))
    behind = engine.send(OTHER)
    engine.stage.hands.forward(minutes=6)
    box, both = engine.stage.box, [engine.message(due), engine.message(behind)]
    waits = box.db.read_here(explaining.explain, both, config=box.config, now=engine.stage.hands.now())
    assert (waits[due].ahead, waits[behind].ahead) == (0, 1)


LID = "111222333444555"


def hides(engine: Engine, phone: str = PHONE) -> None:
    """The page does not know this person's number."""
    engine.driver.lids[phone] = LID
    engine.driver.people.hidden.add(phone)


def test_stop_by_a_hidden_id_ends_what_waits_when_the_number_is_known(engine: Engine) -> None:
    device_id = engine.stage.asha.device_id
    hides(engine)
    engine.driver.write(device_id, PHONE, "STOP")
    engine.turn()
    chats = [one.chat_id for one in engine.driver.taken.values()]
    assert chats == [f"{LID}@lid"], "the confirmation, and it asks for no number"
    assert engine.driver.asked == []
    waits = engine.send(scheduled_for=engine.stage.hands.now() + timedelta(hours=1))
    engine.driver.reveal(device_id, PHONE)
    assert (engine.status(waits), engine.message(waits).error) == ("skipped", "opted_out")
    assert engine.message(engine.send()).error == "opted_out"


def test_a_number_check_that_finds_who_said_stop_sends_nothing(engine: Engine) -> None:
    hides(engine)
    engine.driver.write(engine.stage.asha.device_id, PHONE, "STOP")
    waits = engine.send()
    engine.stage.hands.forward(minutes=5)
    for _ in range(3):
        engine.turn()
        engine.stage.hands.forward(minutes=1)
    assert (engine.status(waits), engine.message(waits).error) == ("skipped", "opted_out")
    assert [one.text[:12] for one in engine.driver.taken.values()] == ["You will get"]


def test_a_hidden_person_in_doubt_is_looked_up_and_joined_meanwhile(engine: Engine) -> None:
    device_id = engine.stage.asha.device_id
    hides(engine)
    engine.driver.write(device_id, PHONE, "hello")
    job_id = engine.send(phone=f"{LID}@lid")
    killed_before_it_entered(engine)
    engine.driver.reveal(device_id, PHONE)
    assert (engine.status(job_id), engine.message(job_id).phone) == ("sending", PHONE)
    engine.restarted()
    engine.turn()
    assert (engine.status(job_id), engine.message(job_id).wa_chat_id) == ("sent", f"{LID}@lid")


def test_an_opt_out_of_a_hidden_person_in_doubt_is_not_handed_over_again(engine: Engine) -> None:
    device_id = engine.stage.asha.device_id
    hides(engine)
    engine.driver.write(device_id, PHONE, "hello")
    job_id = engine.send(phone=f"{LID}@lid")
    killed_before_it_entered(engine)
    engine.driver.write(device_id, PHONE, "STOP")
    engine.restarted()
    engine.turn()
    assert (engine.status(job_id), engine.message(job_id).error) == ("skipped", "opted_out")


def test_a_removed_phone_takes_a_hidden_persons_messages_along(engine: Engine) -> None:
    second = write(engine, orders.create, engine.stage.asha.id, "second", most=9)
    device_id = second.id
    engine.link(device_id, "8801700000008")
    hides(engine)
    engine.driver.write(device_id, PHONE, "STOP")
    write(engine, lambda tx, now: leaving.device_removed(tx, devices.by_id(tx, device_id), now=now))
    engine.stage.box.db.write_now(
        lambda tx: addressees.told(
            tx, engine.stage.asha.id, lid=LID, phone=PHONE, username=None, now=engine.stage.hands.now()
        )
    )
    out = engine.stage.box.db.read_here(suppression.is_out, engine.stage.asha.id, PHONE)
    assert out


def test_a_joining_that_is_killed_is_whole_or_not_at_all(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    device_id = engine.stage.asha.device_id
    hides(engine)
    engine.driver.write(device_id, PHONE, "STOP")
    waits = engine.send()
    with monkeypatch.context() as patched:
        patched.setattr(suppression, "even_out", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.driver.reveal(device_id, PHONE)
    assert engine.status(waits) == "queued"
    assert engine.stage.value("select count(*) from inbox where phone = :p", p=f"{LID}@lid") == 1
    engine.driver.reveal(device_id, PHONE)
    assert engine.message(waits).error == "opted_out"
    assert engine.stage.value("select count(*) from inbox where phone = :p", p=PHONE) == 1


def nobody_uses_the_phone(engine: Engine) -> None:
    engine.stage.hands.forward(hours=24 * 11)
    assert write(engine, idle_warnings.look_at, engine.stage.asha.device_id)


@pytest.mark.parametrize("outcome", ["acked", "lost_answer", "stuck"])
def test_a_warning_that_nobody_uses_the_phone_holds_nothing_and_doubles_nothing(
    engine: Engine, outcome: Outcome
) -> None:
    nobody_uses_the_phone(engine)
    job = engine.send()
    engine.driver.plan(outcome)
    for _ in range(3):
        engine.turn()
        engine.stage.hands.forward(minutes=10)
        engine.driver.use_phone(engine.stage.asha.device_id)
    assert engine.status(job) == "sent"
    assert engine.stage.device().signs.told is None


def test_a_sign_of_the_number_before_says_nothing_of_the_one_that_is_linked_now(engine: Engine) -> None:
    before = engine.stage.device()
    engine.driver.unlink(before.id)
    engine.link(phone=OTHER)
    linked_at = engine.stage.hands.now()
    nobody_uses_the_phone(engine)
    late = PhoneUsed(before.id, before.session, engine.stage.hands.now())
    write(engine, idle_warnings.phone_used, late)
    device = engine.stage.device()
    assert (device.number_changed, device.signs.told, device.signs.phone) == (True, "phone", linked_at)


def test_a_device_deleted_with_a_warning_takes_it_along(engine: Engine) -> None:
    sales = write(engine, orders.create, engine.stage.asha.id, "sales", most=5)
    engine.link(sales.id, OTHER)
    engine.stage.hands.forward(hours=24 * 11)
    assert write(engine, idle_warnings.look_at, sales.id)
    write(engine, leaving.device_removed, engine.stage.device(sales.id))
    assert not write(engine, idle_warnings.look_at, sales.id)
    assert engine.stage.device(sales.id).warning(engine.stage.hands.now()) is None
    assert sales.id not in engine.stage.box.db.read_here(idle_warnings.perhaps)


# -- campaign x field of the user's own ----------------------------------------------------------------


def field_of(engine: Engine, name: str = "city") -> own_values.Field:
    return engine.stage.box.db.read_here(own.of_user, engine.stage.asha.id, name)


def give_field(engine: Engine, phone: str, **fields: str) -> None:
    write(engine, writing.upsert, engine.stage.asha.id, phone=phone, fields=fields)


def rename(engine: Engine) -> None:
    box = engine.stage.box
    box.db.write_now(
        renaming.change,
        engine.stage.asha.id,
        field_of(engine).id,
        name="town",
        currency="BDT",
        now=engine.stage.hands.now(),
    )


def make_date(engine: Engine) -> None:
    box = engine.stage.box
    box.db.write_now(
        renaming.change,
        engine.stage.asha.id,
        field_of(engine).id,
        kind="date",
        currency="BDT",
        now=engine.stage.hands.now(),
    )


def remove_field(engine: Engine) -> None:
    engine.stage.box.db.write_now(
        renaming.remove, engine.stage.asha.id, field_of(engine).id, now=engine.stage.hands.now()
    )


def is_planned(engine: Engine) -> int:
    return launch(engine, "From {city:x}", scheduled_for=engine.stage.hands.now() + timedelta(hours=1))


def runs_unexpanded(engine: Engine) -> int:
    return launch(engine, "From {city:x}")


def rests_unexpanded(engine: Engine) -> int:
    campaign_id = launch(engine, "From {city:x}")
    pauses(engine, campaign_id)
    return campaign_id


def asks_for_it(engine: Engine) -> int:
    segment = segments.Segment(fields=(conditions.Condition("city", "is", "Dhaka"),))
    box, user_id = engine.stage.box, engine.stage.asha.id
    made = write(
        engine,
        launching.create,
        user_id,
        name="April",
        message="Hello",
        audience=segments.write(segment),
        contact_ids=box.db.read_here(segments.ids, user_id, segment),
        device_ids=None,
        scheduled_for=engine.stage.hands.now() + timedelta(hours=1),
    )
    return int(made.id)


@pytest.mark.parametrize("meanwhile", [rename, make_date, remove_field], ids=lambda one: one.__name__)
@pytest.mark.parametrize(
    "begun", [is_planned, runs_unexpanded, rests_unexpanded, asks_for_it], ids=lambda one: one.__name__
)
def test_a_field_that_an_open_campaign_needs_stays_as_it_is(
    engine: Engine, begun: Callable[[Engine], int], meanwhile: Callable[[Engine], None]
) -> None:
    number = people(engine, 1)[0]
    give_field(engine, number, city="Dhaka")
    campaign_id = begun(engine)
    before = field_of(engine)
    with pytest.raises(Invalid) as refused:
        meanwhile(engine)
    assert refused.value.code == "in_use" and "April" in refused.value.sentence
    assert field_of(engine) == before
    write(engine, control.stop, engine.stage.asha.id, campaign_id)
    if meanwhile is make_date:
        give_field(engine, number, city="1990-04-25")
    meanwhile(engine)
    with pytest.raises(NotFound) if meanwhile is not make_date else nullcontext():
        assert field_of(engine).kind == "date"


@pytest.mark.parametrize("meanwhile", [rename, remove_field], ids=lambda one: one.__name__)
def test_what_is_expanded_keeps_its_words_whatever_becomes_of_the_field(
    engine: Engine, meanwhile: Callable[[Engine], None]
) -> None:
    number = people(engine, 1)[0]
    give_field(engine, number, city="Dhaka")
    campaign_id = launch(engine, "From {city:x}")
    expand(engine, campaign_id)
    give_field(engine, number, city="Sylhet")
    meanwhile(engine)
    engine.turn()
    assert [text for _, _, _, text in engine.driver.handed] == ["From Dhaka"]


def test_a_campaign_says_what_people_have_when_its_messages_are_made(engine: Engine) -> None:
    numbers, box, user_id = people(engine, 2), engine.stage.box, engine.stage.asha.id
    due = write(engine, own.create, user_id, name="due", kind="number", currency="BDT")
    for number in numbers:
        give_field(engine, number, city="Dhaka", due="1250")
    later = engine.stage.hands.now() + timedelta(hours=1)
    campaign_id = launch(engine, "{city:x} {due}", scheduled_for=later)
    give_field(engine, numbers[0], city="Sylhet")
    give_field(engine, numbers[1], city="")
    box.db.write_now(
        renaming.change, user_id, due.id, display="money", currency="BDT", now=engine.stage.hands.now()
    )
    engine.stage.hands.forward(hours=2)
    write(engine, launching.launch_scheduled, campaign_id, [1, 2])
    expand(engine, campaign_id)
    engine.turn()
    engine.turn()
    assert sorted(text for _, _, _, text in engine.driver.handed) == ["Sylhet ৳1,250", "x ৳1,250"]


def test_a_field_that_a_running_import_fills_stays_until_it_is_done(engine: Engine, tmp_path: Path) -> None:
    give_field(engine, PHONE, city="Dhaka")
    examined = csv_files.examine(b"phone,city\n01711000009,Khulna\n")
    file = imports.keep(tmp_path, examined.content)
    user_id = engine.stage.asha.id
    found = write(
        engine,
        imports.create,
        user_id,
        name="shop.csv",
        file=file,
        examined=examined,
        layout=layouts.laid_out(examined, country="BD"),
        country="BD",
    )
    write(engine, imports.start, user_id, found.id)
    for meanwhile in (rename, remove_field):
        with pytest.raises(Invalid) as refused:
            meanwhile(engine)
        assert refused.value.code == "in_use" and "shop.csv" in refused.value.sentence
    write(engine, imports.cancel, user_id, found.id)
    rename(engine)


def test_somebodys_fields_stay_theirs_when_a_hidden_id_is_found_to_be_them(engine: Engine) -> None:
    give_field(engine, PHONE, city="Dhaka")
    stage = engine.stage
    write(engine, addressees.heard, stage.asha.id, "77@lid", phone=None, lid="77", name="Rina")
    write(engine, addressees.join, stage.asha.id, "77@lid", PHONE)
    contact = stage.box.db.read_here(contacts.by_phone, stage.asha.id, PHONE)
    assert contact is not None and [(one.field.name, one.text) for one in contact.fields] == [("city", "Dhaka")]
    found = stage.box.db.read_here(addressees.traces, stage.asha.id, PHONE)
    write(engine, addressees.erase, stage.asha.id, PHONE, found)
    assert stage.value("select count(*) from field_values") == 0


def kept_and_planned(engine: Engine) -> tuple[list[str], int]:
    """Two people, and a campaign of tomorrow's to an audience that is kept under a name."""
    numbers, user_id = people(engine, 2), engine.stage.asha.id
    leads = segments.of_tag("leads")
    kept = write(engine, audiences.add, user_id, "Leads", leads)
    found = engine.stage.box.db.read_here(segments.ids, user_id, leads)
    campaign = write(
        engine,
        launching.create,
        user_id,
        name="Friday",
        message="Hello",
        audience=kept.kept,
        audience_id=kept.id,
        contact_ids=found,
        device_ids=None,
        scheduled_for=engine.stage.hands.now() + timedelta(hours=1),
    )
    return numbers, campaign.id


def opts_out(engine: Engine, phone: str) -> None:
    write(engine, replies.opt_out_by_owner, engine.stage.asha.id, phone, source="owner", by=None)


def is_forgotten(engine: Engine, phone: str) -> None:
    found = engine.stage.box.db.read_here(addressees.traces, engine.stage.asha.id, phone)
    write(engine, addressees.erase, engine.stage.asha.id, phone, found)


@pytest.mark.parametrize("meanwhile", [opts_out, is_forgotten])
def test_a_kept_audience_brings_nobody_back_who_left_it(
    engine: Engine, meanwhile: Callable[[Engine, str], None]
) -> None:
    numbers, campaign_id = kept_and_planned(engine)
    meanwhile(engine, numbers[0])
    engine.stage.hands.forward(hours=2)
    box, now = engine.stage.box, engine.stage.hands.now()
    stamp, found = box.db.read_here(launching.meant_now, campaign_id, box.config, now)
    write(engine, launching.launch_scheduled, campaign_id, found, stamp=stamp)
    expand(engine, campaign_id)
    engine.turn()
    engine.turn()
    assert [chat for _, chat, _, _ in engine.driver.handed] == [f"{numbers[1]}@c.us"]


@pytest.mark.parametrize("meanwhile", [night_falls, box_has_a_day_off], ids=lambda one: one.__name__)
def test_an_alert_on_whatsapp_waits_as_any_message_does(engine: Engine, meanwhile: Meanwhile) -> None:
    user_id, number = engine.stage.asha.id, shop_with_second_phone(engine)
    given = {"whatsapp": OTHER}
    write(engine, choices.change, user_id, given, role="owner", country="BD")
    meanwhile(engine, 0)
    engine.driver.unlink(engine.stage.asha.device_id)
    engine.stage.box.db.write_now(alerting.look_and_tell, engine.stage.box, {})
    job_id = engine.stage.value("select max(id) from messages")
    engine.turn(number)
    assert engine.driver.handed == []
    assert why(engine, job_id) in ("quiet_hours", "day_off")
