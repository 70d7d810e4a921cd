"""A place or a contact card goes instead of a text: it arrives as it was given, once, on either driver."""

from __future__ import annotations

import pytest

from tests.contract.test_driver import Shop, chat_with, new_id
from tests.contract.worlds import ChromiumWorld, World, once_there
from wabox.whatsapp.driver import Card, Inbound, Instead, Place, Poll

WHEN = Poll("When shall we come?", ("Morning", "সন্ধ্যা <b>"))
SHOP = Place(23.780573, 90.279239, "Rahim Store", "12 Road 5, Mirpur, ঢাকা")


@pytest.mark.parametrize(
    ("given", "there"),
    [
        (SHOP, SHOP),
        (Place(-90.0, 180.0), Place(-90.0, 180.0)),
        (Place(0.0, -0.5, "Boat"), Place(0.0, -0.5, "Boat")),
        (Place(1.5, 2.5, None, "12 Road"), Place(1.5, 2.5, "12 Road")),
        (Card("Karim <b>; the, driver\\", "8801711123456"), Card("Karim <b>; the, driver\\", "8801711123456")),
        (Card("করিম", "14155550123"), Card("করিম", "14155550123")),
        (WHEN, WHEN),
        (Poll("?", tuple("abcdefghijkl"), many=True), Poll("?", tuple("abcdefghijkl"), many=True)),
    ],
    ids=["whole", "corner", "named", "address alone", "odd signs", "bangla", "poll", "long poll"],
)
def test_it_arrives_as_it_was_given(world: World, shop: Shop, given: Instead, there: Instead) -> None:
    chat_id, message_id = chat_with(world, shop), new_id()
    handed = world.driver.hand_over(shop[0].device_id, chat_id, message_id, "", given)
    assert handed.outcome == "acked"
    assert world.enclosed(message_id) == there
    assert world.copies(message_id) == 1
    world.receipt(message_id, 1)
    found = world.driver.look_up(shop[0].device_id, message_id, (chat_id,), None)
    assert found.ack is not None
    assert found.ack >= 1


@pytest.mark.parametrize("given", [SHOP, Card("Karim", "8801711123456"), WHEN], ids=["place", "card", "poll"])
def test_a_lost_answer_leaves_one_copy_and_history_says_that_it_went(
    world: World, shop: Shop, given: Instead
) -> None:
    chat_id, message_id = chat_with(world, shop), new_id()
    world.weather(drop_ack=True, deliver_ms=4000)
    assert world.driver.hand_over(shop[0].device_id, chat_id, message_id, "", given).outcome == "in_doubt"
    world.read(shop[0].device_id, message_id)
    world.receipt(message_id, 3)
    found = once_there(world, shop, lambda: world.driver.look_up(shop[0].device_id, message_id, (chat_id,), None))
    assert found.ack is not None
    assert found.ack >= 1
    assert world.copies(message_id) == 1


@pytest.mark.parametrize("given", [SHOP, Card("Karim", "8801711123456"), WHEN], ids=["place", "card", "poll"])
def test_what_the_page_alone_has_goes_once_when_it_is_given_again_in_the_same_page(
    world: World, shop: Shop, given: Instead
) -> None:
    chat_id, message_id = chat_with(world, shop), new_id()
    world.weather(blackhole=1)
    assert world.driver.hand_over(shop[0].device_id, chat_id, message_id, "", given).outcome == "in_doubt"
    assert world.enclosed(message_id) is None
    found = once_there(world, shop, lambda: world.driver.look_up(shop[0].device_id, message_id, (chat_id,), None))
    assert found.ack == 0
    again = once_there(
        world, shop, lambda: world.driver.hand_over(shop[0].device_id, chat_id, message_id, "", given)
    )
    assert again.outcome == "acked"
    assert world.enclosed(message_id) == given
    assert world.copies(message_id) == 1


@pytest.fixture(scope="module")
def other(sky: ChromiumWorld) -> Shop:
    """Another shop on the same box."""
    return sky.linked()


@pytest.mark.parametrize("given", [SHOP, WHEN], ids=["place", "poll"])
def test_a_page_that_was_loaded_anew_still_has_what_it_is(sky: ChromiumWorld, calm: Shop, given: Instead) -> None:
    """What is resent after a restart of the browser is the place, not an empty text."""
    chat_id, message_id = chat_with(sky, calm), new_id()
    sky.weather(blackhole=1)
    assert sky.driver.hand_over(calm[0].device_id, chat_id, message_id, "", given).outcome == "in_doubt"
    mark = sky.diary.mark()
    again = (sky.restart(calm[0]), calm[1])
    sky.synced(again[0].device_id, mark)
    handed = once_there(
        sky, again, lambda: sky.driver.hand_over(again[0].device_id, chat_id, message_id, "", given)
    )
    assert handed.outcome == "acked"
    assert sky.enclosed(message_id) == given
    assert sky.copies(message_id) == 1


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        (SHOP, "location", ""),
        (Card("Karim", "8801711123456"), "vcard", ""),
        (WHEN, "poll_creation", WHEN.question),
    ],
    ids=["place", "card", "poll"],
)
def test_a_linked_phone_that_gets_one_hears_what_kind_it_is(
    sky: ChromiumWorld, calm: Shop, other: Shop, given: Instead, kind: str, text: str
) -> None:
    """Between two shops on one box; what stands on it is not told yet."""
    mark = sky.diary.mark()
    found = sky.driver.resolve(calm[0].device_id, other[1])
    assert found.chat_id is not None
    handed = sky.driver.hand_over(calm[0].device_id, found.chat_id, new_id(), "", given)
    assert handed.outcome == "acked"
    heard = sky.diary.wait(Inbound, lambda one: one.device_id == other[0].device_id, mark)
    assert (heard.kind, heard.text) == (kind, text)
