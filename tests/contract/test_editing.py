"""A text of ours is changed, in place and never by a second message; with Chromium and without."""

from __future__ import annotations

from tests.contract.test_driver import Shop, chat_with, new_id
from tests.contract.test_revoking import sent
from tests.contract.worlds import ChromiumWorld, World, once_there
from wabox.whatsapp.driver import Edited, Inbound, Place


def edit(world: World, shop: Shop, message_id: str, text: str, *chats: str) -> Edited:
    return once_there(world, shop, lambda: world.driver.edit(shop[0].device_id, message_id, chats, text))


def reads(world: World, message_id: str) -> str:
    there = world.arrived(message_id)
    return "" if there is None else there.text


def test_the_recipient_reads_the_new_text_in_the_same_message(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    for text in ("40 % off, all day", "40 % off, all day", "৩০ % ছাড় <b>\nall week"):
        assert edit(world, shop, message_id, text, "8801799999999@c.us", chat) == Edited("edited")
        assert reads(world, message_id) == text
    assert world.copies(message_id) == 1


def test_a_page_that_was_loaded_anew_changes_what_an_earlier_one_sent(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    mark = world.diary.mark()
    fresh = (world.restart(shop[0]), shop[1])
    world.synced(fresh[0].device_id, mark)
    assert edit(world, fresh, message_id, "40 % off", chat) == Edited("edited")
    mark = world.diary.mark()
    again = (world.restart(fresh[0]), shop[1])
    world.synced(again[0].device_id, mark)
    assert edit(world, again, message_id, "40 % off", chat) == Edited("edited")
    assert reads(world, message_id) == "40 % off"


def test_what_whatsapp_did_not_change_is_not_said_to_be_and_goes_the_next_time(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    before = reads(world, message_id)
    world.weather(edit_lost=1)
    assert edit(world, shop, message_id, "40 % off", chat).outcome == "failed"
    assert reads(world, message_id) == before
    assert edit(world, shop, message_id, "40 % off", chat) == Edited("edited")
    assert reads(world, message_id) == "40 % off"


def test_of_a_message_that_the_page_does_not_know_nothing_is_changed(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    assert edit(world, shop, new_id(), "40 % off", chat) == Edited("missing")
    assert edit(world, shop, message_id, "40 % off", "8801799999999@c.us") == Edited("missing")


def test_what_is_no_text_is_refused_by_the_page(sky: ChromiumWorld, calm: Shop) -> None:
    chat, message_id = chat_with(sky, calm), new_id()
    sky.driver.hand_over(calm[0].device_id, chat, message_id, "", Place(1, 2, "Shop"))
    assert edit(sky, calm, message_id, "40 % off", chat) == Edited("refused", "location")


def test_a_linked_recipient_hears_of_it_as_an_edit(sky: ChromiumWorld, calm: Shop) -> None:
    other = sky.linked()
    found = sky.driver.resolve(calm[0].device_id, other[1])
    assert found.chat_id is not None
    message_id = new_id()
    sky.driver.hand_over(calm[0].device_id, found.chat_id, message_id, "50 % off")
    sky.diary.wait(Inbound, lambda one: one.device_id == other[0].device_id)
    assert edit(sky, calm, message_id, "40 % off", found.chat_id) == Edited("edited")
    heard = sky.diary.wait(Inbound, lambda one: one.device_id == other[0].device_id and one.edited)
    assert heard.text == "40 % off"
