"""What a page that lives for weeks goes through, on a real Chromium: renewals, reloads, a dead channel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.contract.test_bad_days import browser_of, chat_with, new_id, recovers, session_of, tab_of, wait_until
from tests.contract.worlds import PATIENCE, QUICK, ChromiumWorld
from wabox.whatsapp import processes, wajs
from wabox.whatsapp.driver import TIMELOCK, Inbound, Link, SessionLost, SessionSpec
from wabox.whatsapp.page import Page
from wabox.whatsapp.patience import Limits
from wabox.whatsapp.profile import Note, Profile
from wabox.whatsapp.wear import Wear

Shop = tuple[SessionSpec, str]


@pytest.fixture
def world(sky: ChromiumWorld) -> Iterator[ChromiumWorld]:
    yield sky
    sky.calm()


@pytest.fixture
def shop(world: ChromiumWorld, linked: Shop) -> Shop:
    """The device of this room, well again whatever the test before did to it."""
    world.well(linked[0].device_id)
    return linked


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
    before, mark, night = browser_of(world, shop), world.diary.mark(), [False]
    world.weather(ack_ms=1500)
    wears(world, shop, replace(QUICK, renew_age=0, idle=0), lambda: night[0])
    with ThreadPoolExecutor(1) as worker:
        call = worker.submit(world.driver.hand_over, device_id, chat_id, message_id, "hello")
        wait_until(lambda: world.copies(message_id) == 1)
        night[0] = True
        assert call.result(PATIENCE).outcome == "acked"
        assert browser_of(world, shop) == before
    world.calm()
    recovers(world, shop, mark)
    assert browser_of(world, shop) not in ([], before)


def loaded_anew(world: ChromiumWorld, shop: Shop) -> None:
    """The silence is known, and the page that comes of it is well; what it shows until then does not count."""
    wait_until(lambda: session_of(world, shop).silence._tried > 0)
    world.synced(shop[0].device_id, world.diary.mark())
    handed = world.driver.hand_over(shop[0].device_id, chat_with(world, shop), new_id(), "back again")
    assert handed.outcome == "acked"


def test_a_dead_channel_is_known_by_two_doubts_and_ends_with_a_reload(world: ChromiumWorld, shop: Shop) -> None:
    device_id, chat_id, lost = shop[0].device_id, chat_with(world, shop), [new_id(), new_id()]
    browsers = browser_of(world, shop)
    session_of(world, shop).silence._tried = 0
    world.weather(dead_channel=True)
    for message_id in lost:
        handed = world.driver.hand_over(device_id, chat_id, message_id, "hello")
        assert (handed.outcome, handed.reason) == ("in_doubt", "timeout")
    loaded_anew(world, shop)
    assert browser_of(world, shop) == browsers, "a reload is enough"
    for message_id in lost:
        assert world.driver.look_up(device_id, message_id, (chat_id,), None).ack in (0, None)
        assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "acked"
        assert world.copies(message_id) == 1


def test_numbers_that_nobody_says_a_word_of_are_a_dead_channel_too_and_it_ends_with_nothing_in_hand(
    world: ChromiumWorld, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (device_id, session), chat_id = (shop[0].device_id, session_of(world, shop)), chat_with(world, shop)
    monkeypatch.setattr(session, "limits", replace(session.limits, resolve=0.5))
    browsers, sent = browser_of(world, shop), new_id()
    session.silence._tried = 0
    world.weather(dead_channel=True)
    assert world.driver.resolve(device_id, world.new_phone()).answer == "unknown"
    with ThreadPoolExecutor(1) as worker:
        call = worker.submit(world.driver.hand_over, device_id, chat_id, sent, "hello")
        wait_until(lambda: not session.wear.idle)
        assert world.driver.resolve(device_id, world.new_phone()).answer == "unknown"
        assert session.silence.is_dead and session.link.state == "ready", "a message is in hand"
        assert call.result(PATIENCE).reason == "timeout"
    monkeypatch.undo()  # with half a second for an answer, a slow machine is silent too
    loaded_anew(world, shop)
    assert browser_of(world, shop) == browsers, "a reload is enough"
    assert world.driver.resolve(device_id, world.new_phone()).answer == "yes"
    assert world.driver.hand_over(device_id, chat_id, sent, "hello").outcome == "acked"
    assert world.copies(sent) == 1


def test_an_idle_page_that_has_no_answer_about_its_limits_twice_is_loaded_anew(
    world: ChromiumWorld, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    device_id, page, mark = shop[0].device_id, session_of(world, shop).page, world.diary.mark()
    monkeypatch.setattr(page, "_limits", replace(QUICK, renew=0.3, margin=0.5))
    world.thread.run(tab_of(world, shop).reload())
    world.synced(device_id, mark)
    monkeypatch.undo()
    session_of(world, shop).silence._tried = 0
    world.weather(dead_channel=True)
    loaded_anew(world, shop)


def test_nothing_is_loaded_anew_for_silence_while_a_page_is_not_well(world: ChromiumWorld, shop: Shop) -> None:
    session = session_of(world, shop)

    async def is_broken(link: Link, **state: bool) -> bool:
        before = session.board.link, session._cut_off, session._leaving
        session.board.link = link
        session._cut_off, session._leaving = state.get("cut_off", False), state.get("leaving", False)
        for question in ("exists", "send", "limits"):
            session.unanswered(question)
        session.board.link, session._cut_off, session._leaving = before
        session.silence.alive()
        return session._broken is not None

    ready = session.link
    assert ready.state == "ready" and ready.synced
    for link in (
        replace(ready, state="disconnected", detail="passkey_required"),
        replace(ready, state="disconnected", detail="checkpoint"),
        replace(ready, state="disconnected", detail="conflict"),
        replace(ready, state="starting", detail="reconnecting"),
        replace(ready, state="qr"),
        replace(ready, synced=False),
    ):
        assert not world.thread.run(is_broken(link))
    assert not world.thread.run(is_broken(ready, cut_off=True))
    assert not world.thread.run(is_broken(ready, leaving=True))


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
    world.weather(send_seen=False)  # a page that marks nothing read by itself
    assert world.driver.hand_over(spec.device_id, heard.chat_id, new_id(), "And it was sent").outcome == "acked"
    assert asking in unread_of(world, phone)


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
    world.weather(duplicate_ids="deliver", drop_ack=1, deliver_ms=None)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "in_doubt"
    world.weather(deliver_ms=50)
    world.receipt(message_id, 2)
    wait_until(lambda: (world.driver.look_up(device_id, message_id, (chat_id,), None).ack or 0) >= 1)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "acked"
    assert world.copies(message_id) == 1


def test_a_lock_that_the_page_was_not_told_of_is_asked_for_after_a_refusal(
    world: ChromiumWorld, shop: Shop
) -> None:
    device_id, chat_id = shop[0].device_id, chat_with(world, shop)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=6)
    world.weather(timelock_silent=True, timelock={"type": "DEFAULT", "until": until.isoformat()})
    handed = world.driver.hand_over(device_id, chat_id, new_id(), "hello")
    assert (handed.outcome, handed.reason, handed.until) == ("refused", TIMELOCK, until)
    handed = world.driver.hand_over(device_id, chat_id, new_id(), "hello")
    assert (handed.outcome, handed.reason) == ("held", TIMELOCK)
    world.weather(timelock=None)


def test_a_page_that_ends_its_own_first_sync_is_asked_and_says_why(world: ChromiumWorld) -> None:
    """It has wiped its keys: the link is over, though the phone has removed nothing."""
    spec, mark = world.spec(), world.diary.mark()
    world.weather(sync={"seconds": 0.5}, sync_end="history_sync_timeout")
    world.driver.open(spec)
    world.scan(spec.device_id, world.new_phone(), world.link_is(spec.device_id, "qr").qr or "")
    trying = world.link_is(spec.device_id, "disconnected", mark)
    assert (trying.detail, trying.reason) == ("trying_again", "history_sync_timeout")
    over = world.diary.wait(Link, lambda one: one.detail == "logged_out", mark)
    assert (over.device_id, over.reason) == (spec.device_id, "history_sync_timeout")
    ended = Profile(world.profiles, spec.profile).ended
    assert ended is not None and ended.reason == "history_sync_timeout"


def test_modules_that_throw_at_first_are_waited_for(world: ChromiumWorld, shop: Shop) -> None:
    mark = world.diary.mark()
    world.weather(lazy_exports=["WAWebSocketModel", "WAWebSendMsgChatAction"], service_worker="required")
    world.restart(shop[0])
    recovers(world, shop, mark)


@dataclass(slots=True)
class Week:
    """A shop that sends all the time, and whose people write to it, whatever the weather."""

    world: ChromiumWorld
    shop: Shop
    sent: set[str] = field(default_factory=set)
    doubts: list[tuple[str, str]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        """A person writes."""
        self.written.append(f"question {len(self.written)}")
        self.world.write(self.shop[0].device_id, self.shop[1], self.world.new_phone(), self.written[-1])

    def work(self) -> None:
        """One message after the other; what is in doubt rests, as in the engine, and the next one goes."""
        device_id = self.shop[0].device_id
        while not self.over.is_set():
            message_id, chat_id = new_id(), f"{self.world.new_phone()}@c.us"
            with suppress(SessionLost):
                outcome = self.world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome
                if outcome == "acked":
                    self.sent.add(message_id)
                elif outcome == "in_doubt":
                    self.doubts.append((chat_id, message_id))
            self.over.wait(0.3)

    def settle(self) -> list[str]:
        """Every doubt is looked up, and what the page has unsent goes now. Those that it does not know."""
        device_id, unknown = self.shop[0].device_id, list[str]()
        for chat_id, message_id in self.doubts:
            for _ in range(30):
                ack = self.world.driver.look_up(device_id, message_id, (chat_id,), None).ack
                if ack != 0:
                    break
                threading.Event().wait(0.1)
            if ack == 0:
                self.world.driver.hand_over(device_id, chat_id, message_id, "hello")
            (unknown.append if ack is None else self.sent.add)(message_id)
        return unknown

    def goes_on(self, mark: int) -> None:
        """The device came back since, caught up, and what it sends goes."""
        self.world.synced(self.shop[0].device_id, mark)
        self.sends()

    def sends(self) -> None:
        """Two more messages go."""
        before = len(self.sent)
        wait_until(lambda: len(self.sent) >= before + 2)


def saying(text: str) -> Callable[[Inbound], bool]:
    return lambda one: one.text == text


def test_a_week_of_all_weather_gives_up_no_link_and_loses_and_doubles_nothing(world: ChromiumWorld) -> None:
    """While it sends and people write: reloads, storms, boxes, QR blinks, another Chromium, a logout, a leak."""
    mark = world.diary.mark()
    world.weather(reload_after_link_ms=1500, reload_every_ms=2000, ack_ms=400, skew_s=-7200)
    week = Week(world, world.linked())
    spec, phone = week.shop
    with ThreadPoolExecutor(1) as worker:
        working = worker.submit(week.work)
        try:
            for day in (reloads, storms, boxes, is_logged_out, grows):
                week.write()
                day(week)
        finally:
            week.over.set()
            working.result(PATIENCE)
    never_went = week.settle()
    for text in week.written:
        world.diary.wait(Inbound, saying(text), mark)
    links = [one for one in world.diary.all(Link, mark) if one.device_id == spec.device_id]
    after = links[next(at for at, one in enumerate(links) if one.state == "ready") :]
    assert [one for one in after if one.state == "qr" or one.detail == "logged_out"] == []
    assert world.kept(spec) and world.links(phone) == 1
    assert len(week.sent) >= 10
    assert {world.copies(one) for one in week.sent} == {1}
    assert {world.copies(one) for one in never_went} <= {0}


def reloads(week: Week) -> None:
    """The page loads itself anew after it was linked, and again and again, in the midst of sending too."""
    device_id, mark = week.shop[0].device_id, 0
    for _ in range(2):
        week.world.diary.wait(Link, lambda one: (one.device_id, one.detail) == (device_id, "reconnecting"), mark)
        mark = week.world.diary.mark()
        week.write()  # while nobody listens
    week.world.weather(reload_after_link_ms=None, reload_every_ms=None, ack_ms=50)
    week.goes_on(mark)


def storms(week: Week) -> None:
    """The servers go away, and again; the page itself is answered late."""
    week.world.weather(storm={"every_ms": 1200, "down_ms": 500}, slow_load_ms=300)
    week.sends()
    week.world.weather(storm=None)


def boxes(week: Week) -> None:
    """A notice that unlinks unless it is answered, and one that is the owner's."""
    mark = week.world.diary.mark()
    notice = {"text": "What’s new", "button": "Continue", "unlink_after_ms": 4000}
    week.world.weather(dialogs=[notice, {"text": "Well?", "button": ["Yes", "No"]}], skew_s=7200)
    week.write()
    week.world.diary.wait(Link, lambda one: one.state == "ready" and one.detail == "action_required", mark)
    week.sends()
    week.world.weather(dialogs=[])


def gate_of(week: Week, names: list[str]) -> list[str]:
    """Which of these the page has no more than the names of."""

    async def look(page: Page) -> list[str]:
        found = await page.run(wajs.gate(), {"names": names, "timeoutMs": 300}, 5)
        return list(found["missing"])

    return week.world.gateway.examine(week.shop[0].device_id, look, 5)


def is_logged_out(week: Week) -> None:
    """WhatsApp ends the session for a reason that is nobody's wish; the page keeps its link."""
    mark = week.world.diary.mark()
    week.write()
    week.world.weather(logout_keeps=True, logout_reason="syncd_timeout", skew_s=0)
    link = week.world.link_is(week.shop[0].device_id, "disconnected", mark)
    assert (link.detail, link.reason) == ("trying_again", "syncd_timeout")
    week.world.weather(logout_reason=None, leak_mb_per_hour=200_000)
    week.write()
    week.goes_on(mark)


def grows(week: Week) -> None:
    """It takes ever more memory, and is replaced when it weighs too much: and by another Chromium.

    The fresh page shows a QR at first, and has no more than the names of some modules.
    """
    world, shop = week.world, week.shop
    profile, before, mark = session_of(world, shop).profile, browser_of(world, shop), world.diary.mark()
    assert profile.note is not None
    ours = profile.note.chromium
    profile.remember(replace(profile.note, chromium="1.0.0.0"))
    optional = ["WAWebUserPrefsIndexedDBStorage", "WAWebHistorySyncProgressModel", "WAWebOfflineHandler"]
    world.weather(leak_mb_per_hour=0, qr_blink_ms=1500, registered_not_requirable=optional)
    weight = processes.weight_mb(world.profiles / shop[0].profile)
    wears(world, shop, replace(QUICK, memory_mb=weight + 50, weigh=0, renew_gap=0))
    world.link_is(shop[0].device_id, "starting", mark)
    week.write()
    week.goes_on(mark)
    assert browser_of(world, shop) not in ([], before)
    on_disk = Profile(world.profiles, shop[0].profile).note
    assert on_disk is not None and (on_disk.phone, on_disk.chromium) == (shop[1], ours)
    assert gate_of(week, optional) == optional
