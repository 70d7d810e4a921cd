"""A message of ours is deleted for everyone, and never said to be when it is not; with Chromium and without."""

from __future__ import annotations

from tests.contract.test_driver import Shop, chat_with, new_id
from tests.contract.worlds import World, once_there
from wabox.whatsapp.driver import Revoked, SessionSpec


def sent(world: World, shop: Shop) -> tuple[str, str]:
    """Chat and id of a message that has gone."""
    chat, message_id = chat_with(world, shop), new_id()
    handed = once_there(
        world, shop, lambda: world.driver.hand_over(shop[0].device_id, chat, message_id, "50 % off, all day")
    )
    assert handed.outcome == "acked"
    return chat, message_id


def revoke(world: World, spec: SessionSpec, message_id: str, *chats: str) -> Revoked:
    return once_there(world, (spec, ""), lambda: world.driver.revoke(spec.device_id, message_id, chats))


def test_what_is_deleted_for_everyone_is_gone_there_and_a_second_time_does_no_harm(
    world: World, shop: Shop
) -> None:
    chat, message_id = sent(world, shop)
    _, other = sent(world, shop)
    assert not world.revoked(message_id)
    for _ in range(2):
        assert revoke(world, shop[0], message_id, chat) == Revoked("revoked")
        assert (world.revoked(message_id), world.revoked(other)) == (True, False)
    assert world.copies(message_id) == 1


def test_a_page_that_was_away_deletes_what_an_earlier_one_sent(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    mark = world.diary.mark()
    fresh = world.restart(shop[0])
    world.synced(fresh.device_id, mark)
    assert revoke(world, fresh, message_id, "8801799999999@c.us", chat) == Revoked("revoked")
    assert world.revoked(message_id)
    mark = world.diary.mark()
    again = world.restart(fresh)
    world.synced(again.device_id, mark)
    assert revoke(world, again, message_id, chat) == Revoked("revoked")


def test_what_whatsapp_did_not_delete_is_not_said_to_be_and_goes_the_next_time(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    world.weather(revoke_lost=1)
    try:
        assert revoke(world, shop[0], message_id, chat).outcome == "failed"
        assert not world.revoked(message_id)
        assert revoke(world, shop[0], message_id, chat) == Revoked("revoked")
        assert world.revoked(message_id)
    finally:
        world.calm()


def test_a_message_that_the_page_does_not_know_is_missing(world: World, shop: Shop) -> None:
    chat, message_id = sent(world, shop)
    assert revoke(world, shop[0], new_id(), chat) == Revoked("missing")
    assert revoke(world, shop[0], message_id, "8801799999999@c.us") == Revoked("missing")
    assert not world.revoked(message_id)
