"""An emoji to a message, ours and theirs, and theirs to ours; with Chromium and without."""

from __future__ import annotations

from functools import partial

from tests.contract.test_driver import Shop, chat_with, new_id
from tests.contract.test_revoking import sent
from tests.contract.worlds import World, once_there
from wabox.whatsapp.driver import Inbound, Reacted, Reaction


def react(world: World, shop: Shop, message_id: str, emoji: str, *chats: str, own: bool) -> Reacted:
    return once_there(
        world, shop, lambda: world.driver.react(shop[0].device_id, message_id, chats, emoji, own=own)
    )


def test_an_emoji_is_put_to_ours_changed_and_taken_back(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    for emoji, there in (("👍", ["👍"]), ("👍", ["👍"]), ("❤️", ["❤️"]), ("", [])):
        assert react(world, shop, message_id, emoji, "8801799999999@c.us", chat, own=True) == Reacted("reacted")
        assert world.reactions(message_id) == there
    assert world.copies(message_id) == 1


def test_an_emoji_is_put_to_what_a_person_wrote(world: World, shop: Shop) -> None:
    person = world.new_phone()
    world.write(shop[0].device_id, shop[1], person, "Are you open?")
    heard = world.diary.wait(Inbound, lambda one: one.text == "Are you open?" and one.phone == person)
    assert react(world, shop, heard.message_id, "👍", heard.chat_id, own=False) == Reacted("reacted")
    assert world.reactions(heard.message_id) == ["👍"]
    assert react(world, shop, heard.message_id, "👍", heard.chat_id, own=True) == Reacted("missing")


def test_what_the_server_did_not_take_is_not_said_to_be_there(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    world.weather(react_lost=1)
    assert react(world, shop, message_id, "👍", chat, own=True).outcome == "refused"
    assert world.reactions(message_id) == []
    assert react(world, shop, message_id, "👍", chat, own=True) == Reacted("reacted")


def test_of_a_message_that_the_page_does_not_know_it_is_missing(world: World, shop: Shop) -> None:
    chat = chat_with(world, shop)
    assert react(world, shop, new_id(), "👍", chat, own=True) == Reacted("missing")


def is_it(message_id: str, emoji: str, told: Reaction) -> bool:
    return (told.message_id, told.emoji) == (message_id, emoji)


def test_a_persons_emoji_is_told_and_is_no_message(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    person = chat.partition("@")[0]
    for emoji in ("👍", "STOP", ""):
        world.person_reacts(shop[0], shop[1], person, message_id, emoji)
        told = world.diary.wait(Reaction, partial(is_it, message_id, emoji))
        assert (told.chat_id, told.own, told.by_us) == (chat, True, False)
    assert [one for one in world.diary.all(Inbound) if one.phone == person] == []
