"""Another number is linked in a device's place x everything else: nothing goes from it before its owner's word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import PHONE, SHOP, Engine, make
from tests.engine.test_campaigns import expand, launch, people, show
from tests.engine.test_pairs import (
    killed_before_it_entered,
    owner_opts_out,
    shop_with_second_phone,
    stays_without_ack,
    why,
    write,
)
from tests.engine.test_plans_in_force import give
from wabox.billing.plans import Terms
from wabox.campaigns import control
from wabox.devices import linking, orders, sentences
from wabox.engine.ended_links import EndedLinks
from wabox.errors import Invalid
from wabox.messages import answers, chats, explaining, line, outbox
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow

OTHER = "8801700000010"
THIRD = "8801700000011"
PERSON = "8801711000002"
Meanwhile = Callable[[Engine, int], object]


SECTIONS = {"sending": {"quiet_hours": ["23:00", "08:00"]}, "accounts": {"registration": "open"}}


def another(engine: Engine, phone: str = OTHER) -> None:
    """The phone has unlinked the device, and this one scans its new QR."""
    engine.driver.unlink(engine.stage.asha.device_id)
    engine.link(phone=phone)


def go_on(engine: Engine, phone: str = OTHER) -> None:
    write(engine, chats.go_on, engine.stage.device(), phone)


def allowance(engine: Engine, device_id: int | None = None) -> line.Allowance:
    box, now = engine.stage.box, engine.stage.hands.now()
    device = engine.stage.device(device_id)
    return box.db.read_here(line.allowance, device, config=box.config, now=now)


def test_what_was_sent_today_is_counted_where_no_cap_asks(engine: Engine) -> None:
    engine.send()
    engine.send(PERSON)
    engine.turn()
    engine.turn()
    assert (allowance(engine).daily_cap, allowance(engine).sent_today) == (None, 2)
    engine.stage.hands.forward(days=1)
    assert allowance(engine).sent_today == 0


def test_what_waits_stays_until_the_owner_lets_it_go(engine: Engine) -> None:
    first, second = engine.send(), engine.send(PERSON)
    another(engine)
    engine.turn()
    device = engine.stage.device()
    assert (device.state, device.number_changed, device.previous_phone) == ("ready", True, SHOP)
    assert [why(engine, job) for job in (first, second, engine.send("8801711000003"))] == ["number_changed"] * 3
    box, now = engine.stage.box, engine.stage.hands.now()
    groups = box.db.read_here(explaining.groups, engine.stage.asha.id, config=box.config, now=now)
    assert [(one.reason, one.count) for one in groups] == [("number_changed", 3)]
    assert not engine.driver.handed
    go_on(engine)
    engine.turn()
    assert len(engine.driver.taken) == 3
    assert not engine.stage.device().number_changed


@pytest.mark.parametrize(
    "links", [(SHOP,), (OTHER, SHOP), (OTHER, THIRD, SHOP)], ids=["again", "back", "back after two"]
)
def test_its_own_number_needs_no_word(engine: Engine, links: tuple[str, ...]) -> None:
    job = engine.send()
    for phone in links:
        another(engine, phone)
    engine.turn()
    assert engine.status(job) == "sent"


def test_the_first_number_ever_needs_no_word(engine: Engine) -> None:
    number = engine.stage.bilal.device_id
    engine.link(number, OTHER)
    job = engine.send(device_id=number)
    engine.turn(number)
    assert engine.status(job) == "sent"


def test_a_page_whose_number_changes_while_it_is_open_waits_too(engine: Engine) -> None:
    doubtful, job = engine.send(), engine.send(PERSON)
    stays_without_ack(engine)
    engine.driver.link_as(engine.stage.asha.device_id, OTHER)
    engine.stage.hands.forward(minutes=10)
    engine.turn()
    assert (engine.status(doubtful), engine.message(doubtful).error) == ("unknown", "link_lost")
    assert (engine.status(job), why(engine, job)) == ("queued", "number_changed")


def test_the_owner_lets_go_on_only_the_number_that_they_have_seen(engine: Engine) -> None:
    job = engine.send()
    another(engine)
    another(engine, THIRD)
    for phone in (OTHER, SHOP, ""):
        with pytest.raises(Invalid, match="not the number"):
            go_on(engine, phone)
    engine.driver.unlink(engine.stage.asha.device_id)
    with pytest.raises(Invalid, match="No phone is linked"):
        go_on(engine, THIRD)
    engine.link(phone=THIRD)
    engine.turn()
    assert engine.status(job) == "queued"
    go_on(engine, THIRD)
    go_on(engine, THIRD)  # again: as it was
    engine.turn()
    assert engine.status(job) == "sent"


def test_a_long_line_of_new_people_is_asked_anew_whole_and_keeps_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first piece goes back to the line with the owner's word, the rest at the next claims."""
    monkeypatch.setattr(chats, "GOING_ON", 2)
    engine = make(tmp_path, sending={"new_chats_per_day": 3})
    jobs = [engine.send(f"88017110009{n:02d}") for n in range(12)]
    for _ in range(20):
        engine.turn()
    assert [engine.status(job) for job in jobs] == ["sent"] * 3 + ["queued"] * 9
    write(
        engine,
        lambda tx, now: tx.run("""update messages set held_until = '2099', held_reason = 'new_chat_cap'
        where status = 'queued'"""),
    )
    another(engine)
    go_on(engine)
    for _ in range(20):
        engine.turn()
    assert [engine.status(job) for job in jobs] == ["sent"] * 6 + ["queued"] * 6
    engine.stage.hands.forward(days=1)
    for _ in range(20):
        engine.turn()
    assert [engine.status(job) for job in jobs] == ["sent"] * 9 + ["queued"] * 3
    engine.stage.close()


def test_the_webhook_hears_of_the_change_and_of_the_word(engine: Engine) -> None:
    told: dict[str, Any] = {"allow": Allow(), "seal": engine.stage.box.seal, "events": ["device.state"]}
    write(engine, endpoints.put, engine.stage.asha.id, url="https://example.com/x", **told)
    another(engine)
    go_on(engine)
    found = engine.stage.box.db.read_here(
        lambda rows: rows.all(
            """select json_extract(payload, '$.state') as state, json_extract(payload, '$.detail') as detail,
                 json_extract(payload, '$.phone') as phone, json_extract(payload, '$.previous_phone') as before
               from deliveries where event = 'device.state' order by id desc limit 2"""
        )
    )
    assert [tuple(row) for row in found] == [
        ("ready", None, OTHER, None),
        ("ready", "number_changed", OTHER, SHOP),
    ]
    engine.driver.unlink(engine.stage.asha.device_id, "account_locked")
    reason = """select json_extract(payload, '$.detail') || ' ' || json_extract(payload, '$.reason')
                from deliveries where event = 'device.state' order by id desc"""
    assert engine.stage.value(reason) == "logged_out account_locked"


# -- number changed x what else holds or ends a message ------------------------------------------------


def expires(engine: Engine, job: int) -> None:
    engine.stage.hands.forward(minutes=10)


def cancelled(engine: Engine, job: int) -> None:
    write(engine, outbox.cancel_for, engine.stage.asha.id, job)


def logged_out(engine: Engine, job: int) -> None:
    engine.stage.box.db.write_now(lambda tx: orders.logout(tx, engine.stage.device()))


def night(engine: Engine, job: int) -> None:
    engine.stage.hands.forward(hours=12)


def killed(engine: Engine, job: int) -> None:
    engine.driver.killed()
    engine.stage.box.db.write_now(linking.all_starting)
    engine.driver.open(engine.stage.device().spec)
    engine.restarted()


def reads(engine: Engine, job: int) -> None:
    """The person writes to the number that is linked now."""
    engine.driver.write(engine.stage.asha.device_id, PHONE, "hello")


# what comes while another number is linked -> status, error, why it waits; and after the owner's word
MEANWHILE: list[tuple[Meanwhile, str, str | None, str | None, str]] = [
    (expires, "skipped", "expired", None, "skipped"),
    (owner_opts_out, "skipped", "opted_out", None, "skipped"),
    (cancelled, "cancelled", None, None, "cancelled"),
    (night, "queued", None, "number_changed", "queued"),
    (killed, "queued", None, "number_changed", "sent"),
    (reads, "queued", None, "number_changed", "sent"),
]


@pytest.mark.parametrize(
    ("meanwhile", "status", "error", "reason", "after"), MEANWHILE, ids=[row[0].__name__ for row in MEANWHILE]
)
def test_whatever_comes_meanwhile(
    engine: Engine, meanwhile: Meanwhile, status: str, error: str | None, reason: str | None, after: str
) -> None:
    lasts = engine.stage.hands.now() + (timedelta(minutes=5) if meanwhile is expires else timedelta(days=1))
    job = engine.send(expires_at=lasts)
    another(engine)
    meanwhile(engine, job)
    engine.turn()
    assert (engine.status(job), engine.message(job).error, why(engine, job)) == (status, error, reason)
    assert not engine.driver.handed
    go_on(engine)
    engine.turn()
    assert engine.status(job) == after


@pytest.mark.parametrize(
    ("doubt", "copies"), [(killed_before_it_entered, 0), (stays_without_ack, 0)], ids=["armed", "stuck"]
)
def test_what_was_in_doubt_of_the_number_before_ends_as_it_did(
    engine: Engine, doubt: Callable[[Engine], None], copies: int
) -> None:
    job = engine.send()
    doubt(engine)
    another(engine)
    engine.restarted()
    engine.turn()
    assert (engine.status(job), engine.message(job).error) == ("unknown", "link_lost")
    assert len(engine.driver.taken) == copies


def test_what_is_armed_when_the_number_changes_is_not_handed_over(engine: Engine) -> None:
    """Asking for the chat takes a while, in which another number is linked."""
    job = engine.send()
    resolve = engine.driver.resolve

    def slowly(device_id: int, phone: str) -> object:
        engine.driver.resolve = resolve  # type: ignore[method-assign]
        engine.driver.link_as(device_id, OTHER)
        return resolve(device_id, phone)

    engine.driver.resolve = slowly  # type: ignore[method-assign, assignment]
    engine.turn()
    assert (engine.status(job), why(engine, job), engine.driver.handed) == ("queued", "number_changed", [])


def test_logging_the_other_number_out_keeps_what_waits_for_the_one_before(engine: Engine) -> None:
    job = engine.send()
    another(engine)
    logged_out(engine, job)
    assert not engine.stage.device().number_changed
    assert why(engine, job) == "device_not_ready"
    assert not engine.stage.device().may_ever_send
    engine.driver.log_out(engine.stage.device().spec)
    engine.stage.box.db.write_now(lambda tx: orders.command_done(tx, engine.stage.device()))
    engine.link()
    engine.turn()
    assert engine.status(job) == "sent"


# -- x campaign, redispatch, stop, plan ----------------------------------------------------------------


def test_a_campaign_waits_on_that_phone_and_goes_on_from_the_others(engine: Engine) -> None:
    second = shop_with_second_phone(engine)
    people(engine, 6)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    another(engine)
    engine.turn()
    engine.turn(second)
    assert {one[0] for one in engine.driver.handed} == {second}
    waits = "select count(*) from messages where status = 'queued' and device_id = :id"
    assert engine.stage.value(waits, id=engine.stage.asha.device_id) == 3
    write(engine, control.redispatch, engine.stage.asha.id, campaign_id)
    engine.turn(second)
    assert show(engine, campaign_id).sent == 6
    assert {one[0] for one in engine.driver.handed} == {second}


def test_a_campaign_that_has_no_other_phone_waits_and_can_be_stopped(engine: Engine) -> None:
    people(engine, 3)
    another(engine)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    engine.turn()
    job = engine.stage.value("select min(id) from messages where status = 'queued'")
    assert (why(engine, job), engine.driver.handed) == ("number_changed", [])
    write(engine, control.redispatch, engine.stage.asha.id, campaign_id)
    engine.turn()
    assert not engine.driver.handed
    write(engine, control.stop, engine.stage.asha.id, campaign_id)
    assert show(engine, campaign_id).cancelled == 3
    go_on(engine)
    engine.turn()
    assert not engine.driver.handed


def test_a_person_met_on_another_phone_is_given_to_it_while_this_one_waits(engine: Engine) -> None:
    second = shop_with_second_phone(engine)
    another(engine)
    people(engine, 5)
    campaign_id = launch(engine)
    expand(engine, campaign_id)
    assert engine.stage.value("select count(*) from messages where device_id = :id", id=second) == 5


def test_the_plan_is_asked_before_the_number(tmp_path: Path) -> None:
    engine = make(tmp_path, billing={"enabled": True})
    shop, stage = engine.stage.bilal, engine.stage
    give(engine, shop, Terms("Basic", 50_000, "BDT", 30, 1_000, max_wa_accounts=2))
    engine.link(shop.device_id, SHOP)
    second = write(engine, orders.create, shop.id, "second", most=5).id
    stage.hands.forward(minutes=1)
    engine.link(second, OTHER)
    job = engine.send(device_id=second)
    engine.driver.unlink(second)
    engine.link(second, THIRD)
    assert why(engine, job) == "number_changed"
    give(engine, shop, Terms("Small", 20_000, "BDT", 30, 100, max_wa_accounts=1))
    assert why(engine, job) == "over_plan"
    stage.close()


# -- what belongs to the number ------------------------------------------------------------------------


def test_a_number_that_moves_to_another_device_keeps_its_chats_counts_and_warm_up(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 1, "daily_cap": 3, "warmup": True})
    first = engine.stage.asha.device_id
    engine.send()
    engine.turn()
    engine.driver.write(first, PERSON, "hello")
    second = write(engine, orders.create, engine.stage.asha.id, "second", most=5).id
    engine.stage.hands.forward(hours=1)
    engine.driver.unlink(first)
    engine.link(second, SHOP)
    jobs = [engine.send(one, device_id=second) for one in (PERSON, PHONE, "8801711000009", PHONE)]
    engine.turn(second)
    assert [engine.status(one) for one in jobs] == ["sent", "sent", "queued", "queued"]
    assert [why(engine, one) for one in jobs[2:]] == ["new_chat_cap", "daily_cap"]
    assert (allowance(engine, second).sent_today, allowance(engine, second).warmup_day) == (3, 1)
    engine.stage.close()


def test_another_number_begins_with_its_own_chats_counts_and_warm_up(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 1, "warmup": True})
    jobs = [engine.send(), engine.send(PERSON)]
    engine.turn()
    engine.stage.hands.forward(hours=1)
    assert (why(engine, jobs[1]), allowance(engine).sent_today) == ("new_chat_cap", 1)
    another(engine)
    go_on(engine)
    known = engine.send()  # to whom only the number before has written
    engine.turn()
    assert [engine.status(one) for one in (*jobs, known)] == ["sent", "sent", "queued"]
    assert (why(engine, known), allowance(engine).sent_today) == ("new_chat_cap", 1)
    engine.stage.close()


def test_a_receipt_of_the_number_before_opens_no_chat_of_the_one_after(tmp_path: Path) -> None:
    engine = make(tmp_path, sending={"new_chats_per_day": 1})
    job = engine.send()
    engine.driver.plan("lost_answer")
    engine.turns.step(engine.stage.asha.device_id)
    wa_id = engine.message(job).wa_message_id
    assert wa_id is not None
    another(engine)
    engine.turn()
    assert engine.status(job) == "unknown"
    now = engine.stage.hands.now()
    engine.stage.box.db.write_now(answers.receipt, wa_id, 2, at=now, next_send_at=now)
    assert engine.status(job) == "delivered"
    chats = engine.stage.box.db.read_here(lambda rows: rows.all("select account, phone from chats"))
    assert [tuple(row) for row in chats] == [(SHOP, PHONE)]
    engine.stage.close()


def test_a_code_is_not_asked_for_a_number_that_any_device_of_the_box_is_linked_to(engine: Engine) -> None:
    bilals = engine.stage.device(engine.stage.bilal.device_id)
    engine.stage.box.db.write_now(orders.start, bilals)
    with pytest.raises(Invalid) as refused:
        engine.stage.box.db.write_now(orders.ask_pairing_code, bilals, SHOP)
    assert refused.value.code == "number_linked"
    assert "asha" not in refused.value.sentence and SHOP not in refused.value.sentence
    assert engine.stage.device(bilals.id).pairing_phone is None
    engine.driver.unlink(engine.stage.asha.device_id)
    engine.stage.box.db.write_now(orders.ask_pairing_code, bilals, SHOP)
    assert engine.stage.device(bilals.id).pairing_phone == SHOP


# -- why WhatsApp ended the session --------------------------------------------------------------------


def test_a_session_that_whatsapp_ended_by_itself_is_kept_and_goes_on(engine: Engine) -> None:
    job = engine.send()
    engine.driver.unlink(engine.stage.asha.device_id, "storage_quota_exceeded")
    device = engine.stage.device()
    assert (device.linked, device.wanted, device.detail) == (True, True, "storage_full")
    assert device.reason == "storage_quota_exceeded"
    assert "Free some space" in (sentences.sentence(device) or "")
    assert why(engine, job) == "device_not_ready"
    engine.driver.recover(device.id)
    engine.turn()
    assert engine.status(job) == "sent"
    assert engine.stage.device().reason is None


def test_a_link_that_is_over_says_why_until_it_is_linked_again(engine: Engine) -> None:
    number = engine.stage.asha.device_id
    engine.driver.unlink(number, "account_locked")
    device = engine.stage.device()
    assert (device.linked, device.wanted, device.detail, device.reason) == (
        False,
        False,
        "logged_out",
        "account_locked",
    )
    assert "locked this account" in (sentences.sentence(device) or "")
    engine.link()
    assert engine.stage.device().reason is None


def test_another_disks_trouble_is_not_told_in_whatsapps_words(engine: Engine) -> None:
    number = engine.stage.asha.device_id
    engine.driver.unlink(number, "syncd_timeout")
    engine.driver.show(number, "disconnected", "storage_full")
    assert engine.stage.device().reason is None
    assert sentences.sentence(engine.stage.device()) == sentences._SENTENCES["storage_full"]


def test_what_the_phone_removed_is_forgotten_a_day_later(engine: Engine) -> None:
    number, endings = engine.stage.asha.device_id, EndedLinks(engine.stage.box, engine.driver)
    profile = engine.stage.device().profile
    engine.driver.unlink(number)
    engine.stage.hands.forward(hours=23)
    asyncio.run(endings.tick())
    assert profile in engine.driver.kept()
    engine.stage.hands.forward(hours=2)
    asyncio.run(endings.tick())
    assert profile not in engine.driver.kept()


def test_what_ended_otherwise_is_forgotten_when_whatsapp_itself_has_dropped_it(engine: Engine) -> None:
    """Dead keys of somebody's account lie on no disk for ever."""
    endings, profile = EndedLinks(engine.stage.box, engine.driver), engine.stage.device().profile
    engine.driver.unlink(engine.stage.asha.device_id, "account_locked")
    engine.stage.hands.forward(days=30)
    asyncio.run(endings.tick())
    assert profile in engine.driver.kept()
    engine.stage.hands.forward(days=2)
    asyncio.run(endings.tick())
    assert profile not in engine.driver.kept()


def test_a_profile_that_is_opened_again_is_forgotten_by_nobody(engine: Engine) -> None:
    profile = engine.stage.device().profile
    engine.driver.unlink(engine.stage.asha.device_id)
    engine.link()
    engine.stage.hands.forward(days=3)
    asyncio.run(EndedLinks(engine.stage.box, engine.driver).tick())
    assert profile in engine.driver.kept()
    job = engine.send()
    engine.turn()
    assert engine.status(job) == "sent"
