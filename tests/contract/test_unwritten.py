"""What a chat shows and nobody wrote is told to nobody, at once nor afterwards; with Chromium and without."""

from __future__ import annotations

from tests.contract.test_driver import Shop, chat_with, new_id
from tests.contract.worlds import ChromiumWorld, World
from wabox.whatsapp.driver import SILENT, WRITTEN, Inbound, Poll, Reaction, is_theirs, is_written

OF_THE_SYSTEM = (
    "notification",
    "notification_template",
    "group_notification",
    "gp2",
    "broadcast_notification",
    "e2e_notification",
    "newsletter_notification",
    "call_log",
    "protocol",
    "ciphertext",
    "revoked",
    "reaction",
    "poll_update",
    "pinned_message",
    "keep_in_chat",
    "debug",
    "of_tomorrow",
)
NOT_A_PERSONS = ("whatsapp", "status", "group", "newsletter")


def heard_after(world: World, shop: Shop, mark: int, text: str) -> list[str]:
    """The texts that were heard since, until a person has written this one."""
    world.write(shop[0].device_id, shop[1], world.new_phone(), text)
    world.diary.wait(Inbound, lambda one: one.text == text, mark)
    return [one.text for one in world.diary.all(Inbound, mark)]


def test_what_nobody_wrote_is_not_heard(world: World, shop: Shop) -> None:
    (spec, phone), person, mark = shop, world.new_phone(), world.diary.mark()
    for kind in OF_THE_SYSTEM:
        world.notice(spec.device_id, phone, person, kind, "person", "STOP")
    for chat in NOT_A_PERSONS:
        world.notice(spec.device_id, phone, person, "chat", chat, "STOP")
    assert heard_after(world, shop, mark, "after the notices") == ["after the notices"]
    mark = world.diary.mark()
    world.synced(world.restart(spec).device_id, mark)
    assert "STOP" not in heard_after(world, shop, mark, "after the sweep")


def test_a_vote_is_not_heard(world: World, shop: Shop) -> None:
    (spec, phone), message_id = shop, new_id()
    chat, mark = chat_with(world, shop), world.diary.mark()
    poll = Poll("Shall we stop?", ("STOP", "Go on"))
    assert world.driver.hand_over(spec.device_id, chat, message_id, "", poll).outcome == "acked"
    world.vote(spec.device_id, phone, chat.partition("@")[0], message_id, "STOP")
    assert heard_after(world, shop, mark, "after the vote") == ["after the vote"]
    assert world.diary.all(Reaction, mark) == []


def test_the_page_has_what_nobody_wrote_and_wa_js_tells_it(sky: ChromiumWorld, calm: Shop) -> None:
    """Else the tests above would hold for a sandbox that makes nothing."""
    spec, phone = calm
    person = sky.new_phone()
    listen = """() => {
      window.heardTypes = [];
      const note = (what) => window.heardTypes.push(what);
      WPP.on('chat.new_message', (msg) => msg.id.fromMe || note(`${msg.type} ${msg.id.remote}`));
      WPP.on('chat.poll_response', ({ selectedOptions }) => note(`vote ${selectedOptions.at(-1).name}`));
    }"""
    sky.gateway.examine(spec.device_id, lambda page: page.run(listen, None, 5), 6)
    chat, message_id = f"{person}@c.us", new_id()
    sky.driver.resolve(spec.device_id, person)
    poll = Poll("Shall we stop?", ("Go on", "STOP"))
    assert sky.driver.hand_over(spec.device_id, chat, message_id, "", poll).outcome == "acked"
    for kind in OF_THE_SYSTEM:
        sky.notice(spec.device_id, phone, person, kind, "person", "STOP")
    for where in NOT_A_PERSONS:
        sky.notice(spec.device_id, phone, person, "chat", where, "STOP")
    sky.vote(spec.device_id, phone, person, message_id, "STOP")
    sky.write(spec.device_id, phone, person, "last")
    sky.diary.wait(Inbound, lambda one: one.text == "last")
    told = sky.gateway.examine(spec.device_id, lambda page: page.run("() => window.heardTypes", None, 5), 6)
    chats = ("0@c.us", "status@broadcast", "120363000000000001@g.us", "120363000000000002@newsletter")
    shown = [f"{kind} {person}@c.us" for kind in OF_THE_SYSTEM] + [f"chat {one}" for one in chats]
    assert sorted(told) == sorted([*shown, "vote STOP", f"chat {person}@c.us"])


def test_a_persons_message_of_a_type_of_tomorrow_is_heard_without_its_words(
    sky: ChromiumWorld, calm: Shop
) -> None:
    (spec, phone), mark = calm, sky.diary.mark()
    person = sky.new_phone()
    between = {"from": person, "to": phone, "text": "STOP"}
    for kind in ("of_tomorrow", "unknown"):
        sky.post("/sandbox/inbound", **between, kind=kind)
    sky.post("/sandbox/notice", **between, kind="unknown", subtype="pinned_message")
    sky.post("/sandbox/notice", **between, kind="ciphertext", subtype="view_once_unavailable_fanout")
    sky.write(spec.device_id, phone, person, "last")
    sky.diary.wait(Inbound, lambda one: one.text == "last", mark)
    told = [(one.kind, one.text) for one in sky.diary.all(Inbound, mark)]
    assert told == [("of_tomorrow", ""), ("unknown", ""), ("view_once", ""), ("chat", "last")]


def test_only_what_people_write_in_a_chat_with_one_person_is_written() -> None:
    assert not [kind for kind in (*OF_THE_SYSTEM, "", "CHAT") if is_written("8801711000001@c.us", kind)]
    assert not [kind for kind in SILENT if is_theirs("8801711000001@c.us", kind)]
    assert all(is_written(chat, kind) for kind in WRITTEN for chat in ("8801711000001@c.us", "99@lid"))
    assert not [
        chat
        for chat in ("0@c.us", "status@broadcast", "1-2@g.us", "1@newsletter", "1@broadcast")
        if is_written(chat, "chat")
    ]
