"""What the engine may rely on, whoever drives: tried without a browser and with a real Chromium."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from tests import browsers
from tests.contract.worlds import World, once_there
from wabox.whatsapp.driver import (
    BLOCKED,
    CAPPED,
    TIMELOCK,
    TOO_MANY,
    Inbound,
    Joined,
    Link,
    NewChats,
    Pairing,
    PhoneUsed,
    Receipt,
    Resolved,
    SessionLost,
    SessionSpec,
    Timelock,
)

CHROMIUM = browsers.WHOLE  # as a shop has it
Shop = tuple[SessionSpec, str]
T = TypeVar("T")


def new_id() -> str:
    return "3EB0" + secrets.token_hex(9).upper()


def asked(world: World, shop: Shop, phone: str) -> Resolved:
    """What WhatsApp says of the number."""
    return once_there(world, shop, lambda: world.driver.resolve(shop[0].device_id, phone))


def chat_with(world: World, shop: Shop) -> str:
    """A chat with a person nobody wrote to before."""
    found = asked(world, shop, world.new_phone())
    assert found.answer == "yes"
    assert found.chat_id is not None
    return found.chat_id


def test_scanning_the_qr_makes_a_device_ready(world: World, shop: Shop) -> None:
    spec, phone = shop
    links = [link for link in world.diary.all(Link) if link.device_id == spec.device_id]
    states = [link.state for link in links]
    assert states[0] == "starting"
    assert states.index("qr") < states.index("ready")
    assert links[-1].phone == phone
    assert links[-1].pushname == "Shop"
    assert links[-1].qr is None


def test_opening_twice_is_opening_once(world: World, shop: Shop) -> None:
    mark = world.diary.mark()
    world.driver.open(replace(shop[0], session=world.driver.opened()[shop[0].device_id]))
    world.driver.resolve(shop[0].device_id, world.new_phone())
    assert world.diary.all(Link, mark) == []


def test_a_number_is_on_whatsapp_or_not_or_nobody_knows(world: World, shop: Shop) -> None:
    device_id, known, absent = shop[0].device_id, world.new_phone(), world.new_phone()
    world.weather(not_on_whatsapp=[absent])
    yes = world.driver.resolve(device_id, known)
    assert (yes.answer, yes.chat_id) == ("yes", f"{known}@c.us")
    assert world.driver.resolve(device_id, absent).answer == "no"
    world.weather(exists_error=True)
    assert world.driver.resolve(device_id, world.new_phone()).answer == "unknown"


def test_a_message_is_acked_and_its_receipts_follow(world: World, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    handed = world.driver.hand_over(device_id, chat_id, message_id, "Your order is ready")
    assert handed.outcome == "acked"
    world.read(device_id, message_id)
    for ack in (1, 2, 3):
        receipt = world.receipt(message_id, ack)
        assert (receipt.device_id, receipt.chat_id) == (device_id, chat_id)
        assert abs(receipt.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert world.copies(message_id) == 1


def test_what_the_server_took_and_then_refused_is_told_as_refused(world: World, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(late_nack_ms=100)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "acked"
    world.moment_later()
    world.receipt(message_id, 1)
    refusal = world.receipt(message_id, -1)
    assert (refusal.device_id, refusal.stored) == (device_id, False)
    assert world.driver.look_up(device_id, message_id, (chat_id,), None).ack == -1


def test_a_lost_answer_is_in_doubt_and_history_says_that_it_went(world: World, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(drop_ack=True, deliver_ms=3000)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "in_doubt"
    world.read(device_id, message_id)
    world.receipt(message_id, 2)
    found = world.driver.look_up(device_id, message_id, (chat_id,), None)
    assert found.ack is not None
    assert found.ack >= 1
    assert world.copies(message_id) == 1


def test_what_the_server_never_saw_has_ack_0(world: World, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(blackhole=True)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "in_doubt"
    assert world.driver.look_up(device_id, message_id, (chat_id,), None).ack == 0
    assert world.copies(message_id) == 0


def test_what_was_stuck_goes_once_when_handed_over_again(world: World, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(blackhole=True)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "in_doubt"
    world.calm()
    handed = once_there(world, shop, lambda: world.driver.hand_over(device_id, chat_id, message_id, "hello"))
    assert handed.outcome == "acked"
    assert world.copies(message_id) == 1


def test_a_refused_message_is_surely_not_sent(world: World, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(send_error=True)
    handed = world.driver.hand_over(device_id, chat_id, message_id, "hello")
    assert handed.outcome == "refused"
    assert handed.reason
    assert world.copies(message_id) == 0
    assert world.driver.look_up(device_id, message_id, (chat_id,), None).ack == -1
    world.calm()
    after = new_id()
    assert world.driver.hand_over(device_id, chat_id, after, "hello").outcome == "acked"
    world.receipt(after, 1)
    told = [one for one in world.diary.all(Receipt) if one.message_id == message_id]
    assert told == [], "the hand-over has told it"


def in_hours(hours: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)


def locked(link: Link) -> bool:
    return link.limits is not None and link.limits.timelock is not None


def test_a_timelock_is_told_and_holds_the_cold_before_anything_is_entered(world: World, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    mark, until = world.diary.mark(), in_hours(6)
    world.weather(timelock={"type": "WEB_COMPANION_ONLY", "until": until.isoformat()})
    link = world.diary.wait(Link, lambda one: one.device_id == device_id and locked(one), mark)
    assert link.limits is not None and link.limits.timelock == Timelock("WEB_COMPANION_ONLY", until)
    assert (link.state, link.detail) == ("ready", None)
    for _ in range(2):
        handed = world.driver.hand_over(device_id, chat_id, message_id, "hello")
        assert (handed.outcome, handed.reason, handed.until) == ("held", TIMELOCK, until)
    assert world.driver.look_up(device_id, message_id, (chat_id,), None).ack is None
    mark = world.diary.mark()
    world.calm()
    world.diary.wait(Link, lambda one: one.device_id == device_id and not locked(one), mark)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "acked"
    assert world.copies(message_id) == 1


def test_who_has_written_is_warm_and_gets_it_under_a_lock(world: World, shop: Shop) -> None:
    device_id, person, mark = shop[0].device_id, world.new_phone(), world.diary.mark()
    world.weather(timelock={"type": "DEFAULT", "until": None})
    world.diary.wait(Link, lambda one: one.device_id == device_id and locked(one), mark)
    assert world.driver.resolve(device_id, person).warm is False
    world.write(device_id, shop[1], person, "hello")
    world.diary.wait(Inbound, lambda one: one.phone == person, mark)
    found = world.driver.resolve(device_id, person)
    assert found.warm is True and found.chat_id is not None
    assert world.driver.hand_over(device_id, found.chat_id, new_id(), "hello").outcome == "acked"


def test_new_chats_are_counted_and_a_full_cycle_holds_the_cold(world: World, shop: Shop) -> None:
    device_id, first, second = shop[0].device_id, chat_with(world, shop), chat_with(world, shop)
    start, end, mark = in_hours(-240), in_hours(240), world.diary.mark()
    world.weather(capping={"total": 9, "used": 8, "cycle_start": start.isoformat(), "cycle_end": end.isoformat()})

    def quota(used: int) -> Link:
        return world.diary.wait(
            Link, lambda one: bool(one.limits and one.limits.new_chats and one.limits.new_chats.used == used), mark
        )

    quota(8)
    assert world.driver.hand_over(device_id, first, new_id(), "hello").outcome == "acked"
    told = quota(9).limits
    assert told is not None and told.new_chats == NewChats("capped", 9, 9, end)
    handed = world.driver.hand_over(device_id, second, new_id(), "hello")
    assert (handed.outcome, handed.reason, handed.until) == ("held", CAPPED, end)


def test_a_refusal_that_whatsapp_explains_is_no_fault_of_the_message(world: World, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(nack={"code": 463, "chats": "cold"})
    handed = world.driver.hand_over(device_id, chat_id, message_id, "hello")
    assert (handed.outcome, handed.reason, handed.until) == ("refused", TIMELOCK, None)
    assert world.copies(message_id) == 0
    world.calm()
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "acked"


def test_a_person_whom_the_owner_has_blocked_is_not_written_to(world: World, shop: Shop) -> None:
    device_id, person, message_id = shop[0].device_id, world.new_phone(), new_id()
    found = asked(world, shop, person)
    assert found.chat_id is not None
    world.weather(blocked_by_me=[person])
    asked(world, shop, world.new_phone())  # so the page has heard of it
    handed = world.driver.hand_over(device_id, found.chat_id, message_id, "hello")
    assert (handed.outcome, handed.reason) == ("held", BLOCKED)
    assert world.driver.look_up(device_id, message_id, (found.chat_id,), None).ack is None


def test_too_many_questions_about_numbers_are_told_as_such(world: World, shop: Shop) -> None:
    device_id = shop[0].device_id
    world.weather(exists_rate=1)
    answers = [world.driver.resolve(device_id, world.new_phone()) for _ in range(2)]
    assert (answers[-1].answer, answers[-1].reason) == ("unknown", TOO_MANY)


def test_a_message_never_handed_over_is_not_found(world: World, shop: Shop) -> None:
    device_id, chat_id, sent = shop[0].device_id, chat_with(world, shop), new_id()
    world.driver.hand_over(device_id, chat_id, sent, "the anchor")
    found = world.driver.look_up(device_id, new_id(), (chat_id,), (chat_id, sent))
    assert (found.ack, found.anchor_found) == (None, True)
    other = chat_with(world, shop)
    assert not world.driver.look_up(device_id, sent, (chat_id,), (other, new_id())).anchor_found


def test_handing_over_an_acked_id_again_stays_acked(world: World, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    for _ in range(2):
        handed = world.driver.hand_over(device_id, chat_id, message_id, "once")
        assert handed.outcome == "acked"


@pytest.mark.parametrize(
    "text",
    ["বন্ধুরা, আজ ছাড় আছে 🎉", "two\nlines\n\nand more", "<b>no</b> & 'quotes' \"\\", "x" * 4096],
    ids=["bengali", "lines", "markup", "longest"],
)
def test_any_text_goes(world: World, shop: Shop, text: str) -> None:
    device_id, chat_id = shop[0].device_id, chat_with(world, shop)
    assert world.driver.hand_over(device_id, chat_id, new_id(), text).outcome == "acked"


def test_a_person_writing_is_told(world: World, shop: Shop) -> None:
    (spec, phone), person, mark = shop, world.new_phone(), world.diary.mark()
    world.write(spec.device_id, phone, person, "STOP")
    told = world.diary.wait(Inbound, lambda one: one.phone == person, mark)
    assert (told.device_id, told.text, told.kind) == (spec.device_id, "STOP", "chat")
    assert told.chat_id == f"{person}@c.us"
    assert abs(told.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_is_written_on_the_phone_itself_is_a_sign_that_it_is_used(world: World, shop: Shop) -> None:
    """Also if the page was away meanwhile; what wabox sends is none."""
    (spec, phone), mark = shop, world.diary.mark()
    assert world.driver.hand_over(spec.device_id, chat_with(world, shop), new_id(), "hello").outcome == "acked"
    assert world.diary.all(PhoneUsed, mark) == []
    world.use_phone(spec.device_id, phone, world.new_phone())
    told = world.diary.wait(PhoneUsed, lambda one: one.device_id == spec.device_id, mark)
    assert abs(told.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert world.diary.all(Inbound, mark) == []


def test_who_hides_the_number_is_told_by_lid_until_the_page_knows_it(world: World, shop: Shop) -> None:
    (spec, phone), person = shop, world.new_phone()
    mark = world.diary.mark()
    world.weather(hidden_number=[person])
    world.write(spec.device_id, phone, person, "it is me")
    heard = world.diary.wait(Inbound, lambda one: one.text == "it is me", mark)
    assert heard.phone is None
    assert heard.chat_id == f"{heard.lid}@lid"
    world.weather(hidden_number=[])
    told = world.diary.wait(Joined, lambda one: one.lid == heard.lid, mark)
    assert told.phone == person


def test_what_could_not_be_read_at_first_is_heard_once_when_it_can(world: World, shop: Shop) -> None:
    (spec, phone), person = shop, world.new_phone()
    mark = world.diary.mark()
    world.weather(ciphertext_ms=400)
    world.write(spec.device_id, phone, person, "STOP")
    heard = world.diary.wait(Inbound, lambda one: one.phone == person, mark)
    world.weather(ciphertext_ms=0)
    world.write(spec.device_id, phone, person, "and after it")
    world.diary.wait(Inbound, lambda one: one.text == "and after it", mark)
    told = [one.text for one in world.diary.all(Inbound, mark) if one.message_id == heard.message_id]
    assert told == ["STOP"]


def test_an_edit_is_told_under_the_id_of_what_it_changes(world: World, shop: Shop) -> None:
    (spec, phone), person, mark = shop, world.new_phone(), world.diary.mark()
    world.edit(spec.device_id, phone, person, "stop it, please", "STOP")
    first = world.diary.wait(Inbound, lambda one: one.text == "stop it, please", mark)
    edited = world.diary.wait(Inbound, lambda one: one.text == "STOP" and one.edited, mark)
    assert (edited.message_id, edited.phone, first.edited) == (first.message_id, person, False)


def test_a_pairing_code_needs_a_waiting_device(world: World, shop: Shop) -> None:
    spec = world.spec()
    world.driver.ask_pairing_code(spec, world.new_phone())
    told = world.diary.wait(Pairing, lambda one: one.device_id == spec.device_id)
    assert told.code is None
    assert told.reason


def test_a_closed_device_answers_nothing(world: World) -> None:
    device_id = world.spec().device_id
    with pytest.raises(SessionLost):
        world.driver.resolve(device_id, world.new_phone())
    with pytest.raises(SessionLost):
        world.driver.hand_over(device_id, "8801711000001@c.us", new_id(), "hello")
    with pytest.raises(SessionLost):
        world.driver.look_up(device_id, new_id(), ("8801711000001@c.us",), None)


def test_a_device_comes_back_without_a_qr_and_misses_nothing(world: World, shop: Shop) -> None:
    (spec, phone), person, message_id = shop, world.new_phone(), new_id()
    chat_id = chat_with(world, shop)
    world.driver.hand_over(spec.device_id, chat_id, message_id, "before the pause")
    mark = world.diary.mark()
    world.driver.close(spec.device_id)
    world.link_is(spec.device_id, "not_started", mark)
    world.write(spec.device_id, phone, person, "while you were away")
    world.use_phone(spec.device_id, phone, person)
    mark = world.diary.mark()
    world.driver.open(spec)
    world.synced(spec.device_id, mark)
    links = [link for link in world.diary.all(Link, mark) if link.device_id == spec.device_id]
    assert [link.state for link in links if link.state == "qr"] == []
    assert (links[0].state, links[0].detail) == ("starting", "reconnecting")
    world.diary.wait(Inbound, lambda one: one.text == "while you were away", mark)
    world.diary.wait(PhoneUsed, lambda one: one.device_id == spec.device_id, mark)
    found = world.driver.look_up(spec.device_id, message_id, (chat_id,), (chat_id, message_id))
    assert found.ack is not None
    assert found.ack >= 1
    assert found.anchor_found


def test_a_restart_reconnects(world: World, shop: Shop) -> None:
    spec, mark = shop[0], world.diary.mark()
    world.restart(spec)
    assert world.link_is(spec.device_id, "starting", mark).detail == "reconnecting"
    world.synced(spec.device_id, mark)


def test_every_event_carries_the_number_of_its_session(world: World, shop: Shop) -> None:
    (spec, phone), message_id = shop, new_id()
    first, began = world.driver.opened()[spec.device_id], world.diary.mark()
    chat_id = chat_with(world, shop)
    world.driver.hand_over(spec.device_id, chat_id, message_id, "hello")
    world.receipt(message_id, 1)
    mark = world.diary.mark()
    second = world.restart(spec)
    third = world.restart(spec)
    assert world.driver.opened()[spec.device_id] == third.session
    world.diary.wait(Link, lambda one: one.session == third.session and one.synced, mark)
    world.write(spec.device_id, phone, world.new_phone(), "hello you")
    world.diary.wait(Inbound, lambda one: one.session == third.session, mark)
    numbers = world.numbers(spec.device_id, began)
    order = (first, second.session, third.session)
    assert numbers == [one for one in order if one in numbers], "an older session speaks after a newer one"
    last = [one.session for one in world.diary.all(Link) if one.device_id == spec.device_id][-1]
    assert last == third.session
    world.driver.close(spec.device_id)
    assert world.link_is(spec.device_id, "not_started", mark).session == third.session
    mark = world.diary.mark()
    world.restart(spec)
    world.synced(spec.device_id, mark)
