"""What a page that lives for weeks goes through, on a real Chromium: renewals, reloads, a dead channel."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
from structlog.testing import capture_logs

from tests.contract.test_bad_days import browsers_of, chat_with, new_id, recovers, session_of, tab_of, wait_until
from tests.contract.worlds import PATIENCE, QUICK, ChromiumWorld
from wabox.whatsapp.driver import Inbound, Link, SessionLost, SessionSpec
from wabox.whatsapp.page import Limits
from wabox.whatsapp.profile import Note, Profile
from wabox.whatsapp.wear import Wear

Shop = tuple[SessionSpec, str]


@pytest.fixture
def world(sky: ChromiumWorld) -> Iterator[ChromiumWorld]:
    yield sky
    sky.calm()


@pytest.fixture(scope="module")
def shop(sky: ChromiumWorld) -> Shop:
    return sky.linked()


def wears(world: ChromiumWorld, shop: Shop, limits: Limits, night: Callable[[], bool] = lambda: False) -> None:
    """Its page wears so from now on, and as ever once it is renewed."""
    session, clock = session_of(world, shop), world.thread.loop.time
    wear = Wear(limits, clock, night)

    def renewed() -> None:
        session.wear = Wear(QUICK, clock, lambda: False)
        session.wear.opened()

    wear.opened = renewed  # type: ignore[method-assign]
    session.wear = wear


def test_an_old_page_is_renewed_at_night_and_never_with_a_message_in_hand(
    world: ChromiumWorld, shop: Shop
) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    before, mark, night = set(browsers_of(world, shop)), world.diary.mark(), [False]
    world.weather(ack_ms=1500)
    wears(world, shop, replace(QUICK, renew_age=0, idle=0), lambda: night[0])
    with ThreadPoolExecutor(1) as worker:
        call = worker.submit(world.driver.hand_over, device_id, chat_id, message_id, "hello")
        wait_until(lambda: world.copies(message_id) == 1)
        night[0] = True
        assert call.result(PATIENCE).outcome == "acked"
        assert set(browsers_of(world, shop)) == before
    world.calm()
    recovers(world, shop, mark)
    assert not before & set(browsers_of(world, shop))


def test_a_browser_that_weighs_too_much_is_renewed(world: ChromiumWorld, shop: Shop) -> None:
    before, mark = set(browsers_of(world, shop)), world.diary.mark()
    wears(world, shop, replace(QUICK, memory_mb=1, weigh=0, renew_gap=0))
    recovers(world, shop, mark)
    assert not before & set(browsers_of(world, shop))


def test_a_dead_channel_is_known_by_two_doubts_and_ends_with_a_reload(world: ChromiumWorld, shop: Shop) -> None:
    device_id, chat_id, lost = shop[0].device_id, chat_with(world, shop), [new_id(), new_id()]
    browsers, mark = set(browsers_of(world, shop)), world.diary.mark()
    world.weather(dead_channel=True)
    for message_id in lost:
        handed = world.driver.hand_over(device_id, chat_id, message_id, "hello")
        assert (handed.outcome, handed.reason) == ("in_doubt", "timeout")
    recovers(world, shop, mark)
    assert set(browsers_of(world, shop)) == browsers, "a reload is enough"
    for message_id in lost:
        assert world.driver.look_up(device_id, message_id, (chat_id,), None).ack in (0, None)
        assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "acked"
        assert world.copies(message_id) == 1


def test_reloads_of_its_own_lose_and_double_nothing(world: ChromiumWorld, shop: Shop) -> None:
    """The page loads itself anew every few seconds, in the midst of sending too."""
    device_id, chat_id = shop[0].device_id, chat_with(world, shop)
    world.weather(reload_every_ms=5000, ack_ms=900)
    world.thread.run(tab_of(world, shop).reload())
    sent: set[str] = set()
    ends = monotonic() + 2 * PATIENCE
    while len(sent) < 4 and monotonic() < ends:
        message_id = "3EB0" + secrets.token_hex(9).upper()
        try:
            outcome = world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome
        except SessionLost:
            wait_until(lambda: session_of(world, shop).link.state == "ready")
            continue
        if outcome in ("acked", "in_doubt"):
            sent.add(message_id)
    world.calm()
    mark = world.diary.mark()
    world.restart(shop[0])  # the page may be on its way to another document just now
    recovers(world, shop, mark)
    assert len(sent) == 4
    for message_id in sent:
        found = world.driver.look_up(device_id, message_id, (chat_id,), None)
        assert (found.ack or 0) >= 1 or world.copies(message_id) == 0
        assert world.copies(message_id) <= 1
    assert [
        one for one in world.diary.all(Link) if one.device_id == device_id and one.detail == "logged_out"
    ] == []


@pytest.mark.parametrize(("sync", "says_so"), [({"seconds": 7}, True), ({"seconds": 7, "stall_at": 30}, False)])
def test_a_sync_counts_as_done_when_the_page_says_so_or_comes_no_further(
    world: ChromiumWorld,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    sync: dict[str, int],
    says_so: bool,  # noqa: FBT001
) -> None:
    """Patience is counted from the last step: it is shorter than the sync, and does not cut it short."""
    house = world.gateway._house
    assert house is not None
    monkeypatch.setattr(world.gateway, "_house", replace(house, limits=replace(QUICK, unsynced=1.5)))
    mark = world.diary.mark()
    world.weather(sync=sync)
    world.restart(shop[0])
    world.synced(shop[0].device_id, mark)
    said = world.thread.run(tab_of(world, shop).evaluate("() => WPP.whatsapp.Socket.hasSynced"))
    assert said is says_so


def test_another_chromium_finds_no_caches_and_the_link_where_it_was(tmp_path: Path) -> None:
    profile = Profile(tmp_path, "shop")
    profile.prepare()
    caches = ("Default/Cache", "Default/Code Cache", "ShaderCache")
    stores = (
        "Default/IndexedDB/x.leveldb",
        "Default/Local Storage/leveldb",
        "Default/Service Worker/CacheStorage",
    )
    for name in (*caches, *stores):
        (profile.directory / name).mkdir(parents=True)
    profile.remember(Note("8801700000009", 1, 2))
    assert not profile.runs_on("156.0.1.2"), "noted for the first time"
    assert not profile.runs_on("156.0.1.2")
    assert profile.runs_on("157.0.0.1")
    assert [name for name in caches if (profile.directory / name).exists()] == []
    assert all((profile.directory / name).is_dir() for name in stores)
    assert Profile(tmp_path, "shop").note == Note("8801700000009", 1, 2, "157.0.0.1")


def unread_of(world: ChromiumWorld, phone: str) -> list[str]:
    """With whom the phone shows a chat as unread."""
    accounts = world.http.get("/sandbox/state").raise_for_status().json()["accounts"]
    return next(one["unread"] for one in accounts if one["phone"] == phone)


def test_a_question_stays_unread_under_an_automatic_message(world: ChromiumWorld, shop: Shop) -> None:
    (spec, phone), asking, silent, mark = shop, world.new_phone(), world.new_phone(), world.diary.mark()
    world.write(spec.device_id, phone, asking, "is it open today?")
    heard = world.diary.wait(Inbound, lambda one: one.phone == asking, mark)
    for chat_id in (heard.chat_id, f"{silent}@c.us"):
        world.driver.resolve(spec.device_id, silent)
        assert world.driver.hand_over(spec.device_id, chat_id, new_id(), "Your order is ready").outcome == "acked"
    wait_until(lambda: asking in unread_of(world, phone))
    assert silent not in unread_of(world, phone)


def test_what_the_page_has_unsent_is_sent_by_the_pages_own_way(world: ChromiumWorld, shop: Shop) -> None:
    """Adding it a second time throws here."""
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(blackhole=1, second_add="throw", enter_ms=200)
    with capture_logs() as logs:
        assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "in_doubt"
    noted = next(one for one in logs if one["event"] == "hand_over_unclear")
    assert (noted["message_id"], noted["reason"], noted["send_failure"]) == (message_id, "timeout", False)
    assert "hello" not in str(logs)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "acked"
    assert world.copies(message_id) == 1


def test_a_second_copy_is_no_ones_when_the_server_delivers_both(world: ChromiumWorld, shop: Shop) -> None:
    """The server drops no second copy here: that one was sent is known before it is handed over again."""
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(duplicate_ids="deliver", drop_ack=1, deliver_ms=2500)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "in_doubt"
    world.receipt(message_id, 2)
    assert (world.driver.look_up(device_id, message_id, (chat_id,), None).ack or 0) >= 1
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "acked"
    assert world.copies(message_id) == 1


def test_modules_that_throw_at_first_are_waited_for(world: ChromiumWorld, shop: Shop) -> None:
    mark = world.diary.mark()
    world.weather(lazy_exports=["WAWebSocketModel", "WAWebSendMsgChatAction"], service_worker="required")
    world.restart(shop[0])
    recovers(world, shop, mark)
