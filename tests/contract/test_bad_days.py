"""Bad days of a real Chromium: each has a named state, loses nothing, and ends without a hand."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as Tab
from structlog.testing import capture_logs

from tests import browsers
from tests.contract.worlds import PATIENCE, QUICK, ChromiumWorld, once_there
from wabox.whatsapp import browser, processes, session
from wabox.whatsapp.driver import TIMELOCK, Checkup, Inbound, Link, Receipt, SessionLost, SessionSpec
from wabox.whatsapp.gateway import Gateway
from wabox.whatsapp.profile import Profile
from wabox.whatsapp.session import Session
from wabox.whatsapp.states import Seen

Shop = tuple[SessionSpec, str]


@pytest.fixture
def world(sky: ChromiumWorld) -> Iterator[ChromiumWorld]:
    yield sky
    sky.calm()


@pytest.fixture
def shop(world: ChromiumWorld, linked: Shop) -> Shop:
    """The device that has all the bad days, well again whatever the test before did to it."""
    world.well(linked[0].device_id)
    return linked


# As the sandbox's codes with a `ref_ms` of 1000.
FAST_CODES = replace(QUICK, qr_first=3, qr=1, qr_late=0.5, qr_wait=1.5, qr_failed=3, notice=0.5, dialog=1)


def closed(world: ChromiumWorld, spec: SessionSpec) -> None:
    """A device of one test alone: what nobody looks at costs all the same."""
    mark = world.diary.mark()
    world.driver.close(spec.device_id)
    world.link_is(spec.device_id, "not_started", mark)


def new_id() -> str:
    return "3EB0" + secrets.token_hex(9).upper()


def session_of(world: ChromiumWorld, shop: Shop) -> Session:
    return world.gateway._sessions[shop[0].device_id]


def tab_of(world: ChromiumWorld, shop: Shop) -> Tab:
    page = session_of(world, shop).page
    assert page is not None
    return page.tab


def browsers_of(world: ChromiumWorld, shop: Shop) -> list[int]:
    return processes.browsers_of(world.profiles / shop[0].profile)


def browser_of(world: ChromiumWorld, shop: Shop) -> list[int]:
    """The browser itself: the processes that it starts to help it come and go."""
    return [pid for pid in browsers_of(world, shop) if "--type=" not in " ".join(processes.command_line(pid))]


def chat_with(world: ChromiumWorld, shop: Shop) -> str:
    found = world.driver.resolve(shop[0].device_id, world.new_phone())
    assert found.chat_id is not None
    return found.chat_id


def recovers(world: ChromiumWorld, shop: Shop, mark: int) -> list[Link]:
    """The device says that it is reconnecting, comes back, and never shows a QR."""
    device_id = shop[0].device_id
    assert world.link_is(device_id, "starting", mark).detail == "reconnecting"
    world.synced(device_id, mark)
    links = [link for link in world.diary.all(Link, mark) if link.device_id == device_id]
    assert [link for link in links if link.state == "qr"] == []
    chat_id = once_there(world, shop, lambda: chat_with(world, shop))  # a machine at its limit doubts it once more
    handed = world.driver.hand_over(device_id, chat_id, new_id(), "back again")
    assert handed.outcome == "acked"
    return links


def outcome_of(world: ChromiumWorld, shop: Shop, chat_id: str) -> str:
    """Of handing a message over."""
    try:
        return world.driver.hand_over(shop[0].device_id, chat_id, new_id(), "hello").outcome
    except SessionLost:
        return "session_lost"


def wait_until(true: Callable[[], bool]) -> None:
    """For what gives no event: a process's end."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline
        pause.wait(0.05)


def test_killed_chromium_is_started_again(world: ChromiumWorld, shop: Shop) -> None:
    """Row 14: starting, never ready, until it is back."""
    mark = world.diary.mark()
    processes.kill(set(browsers_of(world, shop)))
    recovers(world, shop, mark)


def test_a_killed_playwright_is_noticed_and_renewed(world: ChromiumWorld, shop: Shop) -> None:
    """Row 15."""
    house = world.gateway._house
    assert house is not None
    before, mark = house.runtime.pid, world.diary.mark()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    recovers(world, shop, mark)
    assert house.runtime.pid not in (None, before)


def test_a_hung_page_is_noticed_and_its_browser_killed(world: ChromiumWorld, shop: Shop) -> None:
    """Row 16: a page that never comes to rest."""
    before, mark = set(browsers_of(world, shop)), world.diary.mark()
    tab = tab_of(world, shop)
    world.thread.run(tab.evaluate("() => void setTimeout(() => { for (;;); }, 0)"))
    recovers(world, shop, mark)
    assert not before & set(browsers_of(world, shop))


def test_a_stopped_browser_leaves_no_caller_hanging(world: ChromiumWorld, shop: Shop) -> None:
    """Row 16: the whole browser stands still."""
    chat_id, mark = chat_with(world, shop), world.diary.mark()
    for pid in browsers_of(world, shop):
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    assert outcome_of(world, shop, chat_id) in ("in_doubt", "session_lost")
    assert time.monotonic() - began < 15
    recovers(world, shop, mark)


def test_a_crashed_page_is_replaced(world: ChromiumWorld, shop: Shop) -> None:
    """Row 17."""
    tab, mark = tab_of(world, shop), world.diary.mark()
    world.thread.loop.call_soon_threadsafe(
        lambda: world.thread.loop.create_task(tab.goto("chrome://crash")).add_done_callback(
            lambda task: task.exception()
        )
    )
    recovers(world, shop, mark)


def test_a_page_that_crashes_in_mid_send_is_replaced_and_its_message_looked_up(
    world: ChromiumWorld, shop: Shop
) -> None:
    """Row 17: the renderer's crash."""
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(ack_ms=5000)
    mark, tab = world.diary.mark(), tab_of(world, shop)
    with ThreadPoolExecutor(1) as worker:
        call = worker.submit(world.driver.hand_over, device_id, chat_id, message_id, "hello")
        wait_until(lambda: world.copies(message_id) == 1)
        crash(world, tab)
        assert call.result(PATIENCE).outcome == "in_doubt"
    world.calm()
    recovers(world, shop, mark)
    found = world.driver.look_up(device_id, message_id, (chat_id,), None)
    assert found.ack is not None
    assert world.copies(message_id) == 1
    assert tab.is_closed()
    assert tab_of(world, shop) is not tab


def crash(world: ChromiumWorld, tab: Tab) -> None:
    """The page's process ends at once."""

    async def end() -> None:
        wire = await tab.context.new_cdp_session(tab)
        dying = asyncio.ensure_future(wire.send("Page.crash"))
        dying.add_done_callback(lambda done: done.cancelled() or done.exception())

    world.thread.run(end())


def test_a_page_that_wants_ever_more_memory_is_ended_and_replaced(
    world: ChromiumWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 17: the renderer is out of memory. It would take 1.6 GB, and is ended at its cap."""
    monkeypatch.setattr(browser, "HARDENING", (*browser.HARDENING, "--js-flags=--max-old-space-size=128"))
    shop = world.linked()
    mark, tab = world.diary.mark(), tab_of(world, shop)
    with pytest.raises(PlaywrightError, match="crash|closed"):
        world.thread.run(
            tab.evaluate("() => { const all = []; while (all.length < 200) all.push(new Array(1e6).fill(1.5)); }")
        )
    recovers(world, shop, mark)
    closed(world, shop[0])


def test_a_reload_in_mid_send_is_in_doubt_and_history_knows(world: ChromiumWorld, shop: Shop) -> None:
    """Row 18."""
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(ack_ms=1500)
    with ThreadPoolExecutor(1) as worker:
        call = worker.submit(world.driver.hand_over, device_id, chat_id, message_id, "hello")
        wait_until(lambda: world.copies(message_id) == 1)
        world.thread.run(tab_of(world, shop).reload())
        assert call.result(PATIENCE).outcome == "in_doubt"
    world.receipt(message_id, 2)
    found = world.driver.look_up(device_id, message_id, (chat_id,), None)
    assert found.ack is not None
    assert found.ack >= 1
    assert world.copies(message_id) == 1


def test_receipts_in_any_order_and_shape_end_in_read(world: ChromiumWorld, shop: Shop) -> None:
    """They come last first, thrice, two messages in one, by LID; and one comes without the one before it."""
    device_id, chat_id = shop[0].device_id, chat_with(world, shop)
    world.weather(receipts={"shuffle": True, "repeat": 2, "batch": True, "as": "lid"}, deliver_ms=50, read_ms=50)
    both = [new_id(), new_id()]
    for message_id in both:
        assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "acked"
    for message_id in both:
        world.receipt(message_id, 3)
    world.calm()
    world.weather(ack_skip=True, deliver_ms=50, read_ms=50)
    skipping = new_id()
    assert world.driver.hand_over(device_id, chat_id, skipping, "hello").outcome == "acked"
    world.receipt(skipping, 3)
    assert 2 not in [one.ack for one in world.diary.all(Receipt) if one.message_id == skipping]


def test_receipts_and_refusals_that_come_when_the_page_has_forgotten_its_messages(
    world: ChromiumWorld, shop: Shop
) -> None:
    device_id, chat_id, read, refused = shop[0].device_id, chat_with(world, shop), new_id(), new_id()
    world.weather(late_receipts=True, deliver_ms=50, read_ms=50)
    assert world.driver.hand_over(device_id, chat_id, read, "hello").outcome == "acked"
    world.weather(late_nack_ms=3000)
    assert world.driver.hand_over(device_id, chat_id, refused, "hello").outcome == "acked"
    world.thread.run(tab_of(world, shop).reload())
    world.receipt(read, 3)
    world.receipt(refused, -1)


def test_a_message_to_oneself_is_delivered(world: ChromiumWorld, shop: Shop) -> None:
    device_id, message_id = shop[0].device_id, new_id()
    world.weather(ack5=True, deliver_ms=50)
    found = world.driver.resolve(device_id, shop[1])
    assert world.driver.hand_over(device_id, found.chat_id or "", message_id, "note").outcome == "acked"
    world.receipt(message_id, 2)


def test_what_the_listeners_missed_is_swept_up_from_time_to_time(
    world: ChromiumWorld, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, person = world.diary.mark(), world.new_phone()
    monkeypatch.setattr(session_of(world, shop), "limits", replace(QUICK, sweep=1))
    world.thread.run(tab_of(world, shop).evaluate("() => void WPP.removeAllListeners('chat.new_message')"))
    world.write(shop[0].device_id, shop[1], person, "is it open today?")
    heard = world.diary.wait(Inbound, lambda one: one.phone == person, mark)
    assert heard.text == "is it open today?"
    world.thread.run(tab_of(world, shop).reload())
    recovers(world, shop, mark)


def test_a_refusal_of_a_second_attempt_says_nothing_of_the_first(world: ChromiumWorld, shop: Shop) -> None:
    device_id, chat_id, message_id = shop[0].device_id, chat_with(world, shop), new_id()
    world.weather(blackhole=True)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "in_doubt"
    world.calm()
    world.weather(send_error=True)
    assert world.driver.hand_over(device_id, chat_id, message_id, "hello").outcome == "in_doubt"
    assert world.driver.look_up(device_id, message_id, (chat_id,), None).ack == -1
    assert [one for one in world.diary.all(Receipt) if one.message_id == message_id] == []


def test_a_lost_network_is_reconnecting_and_sends_nothing(world: ChromiumWorld, shop: Shop) -> None:
    """Row 24, before Enter."""
    chat_id, mark = chat_with(world, shop), world.diary.mark()
    world.weather(offline=True)
    assert world.link_is(shop[0].device_id, "starting", mark).detail == "reconnecting"
    with pytest.raises(SessionLost):
        world.driver.hand_over(shop[0].device_id, chat_id, new_id(), "hello")
    world.calm()
    recovers(world, shop, mark)


def test_servers_that_stay_away_make_it_disconnected(
    world: ChromiumWorld, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is there all the time; only its socket is not."""
    device_id, mark = shop[0].device_id, world.diary.mark()
    monkeypatch.setattr(session_of(world, shop), "limits", replace(QUICK, failed_after=2))
    world.weather(offline=True)
    world.link_is(device_id, "starting", mark)
    link = world.link_is(device_id, "disconnected", mark)
    assert (link.detail, link.phone) == ("page_failed", shop[1])
    world.calm()
    world.synced(device_id, mark)
    shown = [one.state for one in world.diary.all(Link, mark) if one.device_id == device_id]
    assert list(dict.fromkeys(shown)) == ["starting", "disconnected", "ready"]


def test_servers_that_are_away_at_the_start_make_it_disconnected(
    world: ChromiumWorld, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.gateway._house is not None
    quick = replace(QUICK, failed_after=2)
    monkeypatch.setattr(world.gateway, "_house", replace(world.gateway._house, limits=quick))
    device_id, mark = shop[0].device_id, world.diary.mark()
    world.weather(offline=True)
    world.restart(shop[0])
    assert world.link_is(device_id, "disconnected", mark).detail == "page_failed"
    world.calm()
    recovers(world, shop, mark)


def test_a_missing_binding_is_named_and_looked_for_again(world: ChromiumWorld, shop: Shop) -> None:
    """Row 19: WhatsApp has changed its page."""
    device_id, mark = shop[0].device_id, world.diary.mark()
    world.weather(
        missing_exports=[
            "WAWebSendMsgChatAction.addAndSendMsgToChat",
            "WAWebQueryExistsJob.queryWidExists",
            "WAWebSocketModel.Socket",
        ]
    )
    world.restart(shop[0])
    link = world.link_is(device_id, "disconnected", mark)
    assert link.detail == "engine_incompatible"
    for name in ("addAndSendMsgToChat", "queryWidExists", "Socket", "4.6.0"):
        assert name in (link.detail_text or "")
    with pytest.raises(SessionLost):
        world.driver.hand_over(device_id, "8801711000001@c.us", new_id(), "hello")
    world.calm()
    world.synced(device_id, mark)


def test_a_page_that_tells_no_limits_is_well_and_sends_and_says_so(world: ChromiumWorld, shop: Shop) -> None:
    """What is read of limits is optional: names that are gone tomorrow stop nothing."""
    device_id, mark = shop[0].device_id, world.diary.mark()
    world.weather(
        missing_exports=[
            "WAWebUserPrefsIndexedDBStorage.userPrefsIdb",
            "WAWebReachoutTimelockUtils.canSendMsgWhileTimelocked",
            "WAWebIndividualNewChatMessageCappingLimitUtils.canSendMsgWhileCapped",
            "WAWebGetReachoutTimelockJob.fetchReachoutTimelock",
            "WAWebGetNewChatMessageCappingInfoJob.fetchOrUpdateCapStatus",
            "WAWebChatGroupUtils.updateCanSend",
        ]
    )
    world.restart(shop[0])
    assert world.synced(device_id, mark).limits is None
    world.weather(timelock={"type": "DEFAULT", "until": None})
    found = world.driver.resolve(device_id, world.new_phone())
    assert found.chat_id is not None and found.warm is False, "the chat's own token is still asked"
    handed = world.driver.hand_over(device_id, found.chat_id, new_id(), "hello")
    assert handed.outcome == "refused" and handed.reason != TIMELOCK
    world.weather(timelock=None)
    assert world.driver.hand_over(device_id, found.chat_id, new_id(), "hello").outcome == "acked"
    mark = world.diary.mark()
    world.calm()
    world.restart(shop[0])
    assert world.synced(device_id, mark).limits is not None


def test_a_lock_that_is_over_in_a_page_that_still_goes_by_it_is_asked_about(
    world: ChromiumWorld, shop: Shop
) -> None:
    device_id = shop[0].device_id
    chat_id = world.driver.resolve(device_id, world.new_phone()).chat_id
    assert chat_id is not None
    page = world.gateway._sessions[device_id].page
    assert page is not None
    ended = """() => require('WAWebUserPrefsIndexedDBStorage').userPrefsIdb.set('WAReachoutTimelockState',
        { state: 'VISIBLE', enforcement_type: 'DEFAULT', time_enforcement_ends: Date.now() - 1000 })"""
    world.thread.run(page.tab.evaluate(ended))
    handed = world.driver.hand_over(device_id, chat_id, new_id(), "hello")
    assert (handed.outcome, handed.reason, handed.until) == ("held", TIMELOCK, None)
    gone = "() => !require('WAWebReachoutTimelockUtils').isUserReachoutTimelocked()"
    wait_until(lambda: bool(world.thread.run(page.tab.evaluate(gone))))
    assert world.driver.hand_over(device_id, chat_id, new_id(), "hello").outcome == "acked"


def test_late_modules_are_waited_for(world: ChromiumWorld, shop: Shop) -> None:
    mark = world.diary.mark()
    world.weather(module_wave_ms=2500)
    world.restart(shop[0])
    recovers(world, shop, mark)


def test_open_elsewhere_is_a_conflict(world: ChromiumWorld, shop: Shop) -> None:
    """Row 21: no fight over the link; a person restarts it."""
    device_id, mark = shop[0].device_id, world.diary.mark()
    world.weather(conflict=True)
    assert world.link_is(device_id, "disconnected", mark).detail == "conflict"
    with pytest.raises(SessionLost):
        world.driver.hand_over(device_id, "8801711000001@c.us", new_id(), "hello")
    mark = world.diary.mark()
    world.calm()
    world.restart(shop[0])
    world.synced(device_id, mark)


def test_a_passkey_step_is_waited_out_and_nothing_disturbs_it(
    world: ChromiumWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The codes' time is over many times meanwhile; a reload or a request for a new code would end the step."""
    monkeypatch.setattr(world.gateway, "_house", replace(world.gateway._there(), limits=FAST_CODES))
    world.weather(passkey_gate="web", ref_ms=1000, locale="bn")
    spec = world.spec()
    world.driver.open(spec)
    world.scan(spec.device_id, world.new_phone(), world.link_is(spec.device_id, "qr").qr or "")
    link = world.diary.wait(Link, lambda one: one.detail == "passkey_required" and one.compare is not None)
    assert link.until is not None and len(link.compare or "") == 6
    mark, pages = world.diary.mark(), world.pages()
    ms = 2000 * (FAST_CODES.qr_first + FAST_CODES.qr_failed)  # what must not happen has its chance
    waits = "(ms) => new Promise((done) => setTimeout(done, ms))"
    world.thread.run(tab_of(world, (spec, "")).evaluate(waits, ms))
    assert world.pages() == pages
    assert world.diary.all(Link, mark) == []
    world.calm()
    world.link_is(spec.device_id, "ready", mark)
    closed(world, spec)


def pictured_wherever_it_stands(world: ChromiumWorld, shop: Shop) -> bool:
    """The box fills the picture, so that it can be read on a phone, though it is below what the window shows."""
    lower = "document.querySelector('.sandbox-dialog').parentElement.style.paddingTop = '2000px'"
    world.thread.run(tab_of(world, shop).evaluate(lower))
    png = world.gateway.picture(shop[0].device_id)
    return png.startswith(b"\x89PNG") and int.from_bytes(png[20:24]) < 400


def test_boxes_are_told_apart_by_what_they_are_not_by_what_they_say(world: ChromiumWorld, shop: Shop) -> None:
    spec = shop[0]
    mark = world.diary.mark()
    notice = {"role": "dialog", "text": "নতুন কী আছে: পাসকি", "button": "চালিয়ে যান", "unlink_after_ms": 9000}
    choice = {"role": "alertdialog", "text": "পাসকি যোগ করুন?", "button": ["হ্যাঁ", "এখন নয়"]}
    accept_terms_for_nobody(world, shop)
    mark = world.diary.mark()
    world.weather(dialogs=[{"role": "status", "text": "passkey restricted"}, notice, choice], locale="bn")
    link = world.diary.wait(Link, lambda one: one.detail == "action_required", mark)
    assert (link.device_id, link.state) == (spec.device_id, "ready")
    assert world.gateway.checkup(spec.device_id).pressable
    said = world.gateway.hand_over(spec.device_id, "8801711999999@c.us", new_id(), "goes on")
    assert said.outcome == "acked"
    assert pictured_wherever_it_stands(world, shop)
    texts = world.thread.run(tab_of(world, shop).locator(".sandbox-dialog p").all_inner_texts())
    assert texts == ["passkey restricted", "পাসকি যোগ করুন?"]
    mark = world.diary.mark()
    assert world.gateway.press(spec.device_id)
    world.diary.wait(Link, lambda one: one.state == "ready" and one.detail is None, mark)
    assert not world.gateway.press(spec.device_id)
    world.calm()
    forget_a_challenge_that_was_met(world, shop)
    world.weather(checkpoint="captcha")
    assert world.link_is(spec.device_id, "disconnected", mark).detail == "checkpoint"
    assert not world.gateway.press(spec.device_id)
    mark = world.diary.mark()
    world.calm()
    world.link_is(spec.device_id, "ready", mark)


def accept_terms_for_nobody(world: ChromiumWorld, shop: Shop) -> None:
    """A lone button under a link to terms is for the owner to press, and messages go on meanwhile."""
    device_id, mark = shop[0].device_id, world.diary.mark()
    world.weather(dialogs=[{"text": "শর্তাবলি", "button": "একমত", "link": "https://www.whatsapp.com/legal/updates"}])
    link = world.diary.wait(Link, lambda one: one.detail == "action_required", mark)
    assert link.state == "ready"
    assert outcome_of(world, shop, chat_with(world, shop)) == "acked"
    assert world.thread.run(tab_of(world, shop).locator(".sandbox-dialog").count()) == 1
    assert world.gateway.checkup(device_id).pressable
    assert world.gateway.press(device_id)
    world.diary.wait(Link, lambda one: one.state == "ready" and one.detail is None, mark)


def forget_a_challenge_that_was_met(world: ChromiumWorld, shop: Shop) -> None:
    """Its key stays behind in a page that works and shows no more of it: messages go on after a moment."""
    mark = world.diary.mark()
    world.weather(checkpoint="left_behind")
    world.link_is(shop[0].device_id, "starting", mark)
    world.link_is(shop[0].device_id, "ready", mark)
    assert outcome_of(world, shop, chat_with(world, shop)) == "acked"
    assert "checkpoint" not in {one.detail for one in world.diary.all(Link, mark)}


def test_a_picture_of_a_linked_page_has_no_chat_in_it(world: ChromiumWorld, shop: Shop) -> None:
    tab = tab_of(world, shop)
    blank = world.gateway.picture(shop[0].device_id)
    write = "document.getElementById('pane-side').append('secret '.repeat(200))"
    world.thread.run(tab.evaluate(write))
    assert world.gateway.picture(shop[0].device_id) == blank
    assert "hidden" not in str(world.thread.run(tab.evaluate("getComputedStyle(document.body).visibility")))


def removed_by_the_phone(world: ChromiumWorld, spec: SessionSpec, phone: str) -> None:
    world.unlink(spec.device_id, phone)


def away_for_too_long(world: ChromiumWorld, spec: SessionSpec, phone: str) -> None:
    """WhatsApp drops a device that was not connected for 30 days."""
    companion = world.sandbox.world.companions_of(phone)[0]
    companion.linked_at = companion.seen_at = time.time() - 31 * 86_400
    world.weather(idle_logout_days=30)


@pytest.mark.parametrize("how", [removed_by_the_phone, away_for_too_long])
def test_unlinked_while_away_it_is_logged_out_and_lies_a_day(
    world: ChromiumWorld, how: Callable[[ChromiumWorld, SessionSpec, str], None]
) -> None:
    """Row 20."""
    spec, phone = world.linked()
    world.driver.close(spec.device_id)
    world.link_is(spec.device_id, "not_started")
    how(world, spec, phone)
    mark = world.diary.mark()
    world.driver.open(spec)
    assert world.link_is(spec.device_id, "disconnected", mark).detail == "logged_out"
    links = [link for link in world.diary.all(Link, mark) if link.device_id == spec.device_id]
    assert [link for link in links if link.state in ("qr", "ready")] == []
    assert not world.kept(spec)
    lies = world.profiles / spec.profile
    now = datetime.now(UTC)
    assert world.driver.forget_ended(before=now - timedelta(hours=24)) == []
    assert lies.exists()
    wait_until(lambda: not browsers_of(world, (spec, phone)))
    assert world.driver.forget_ended(before=now + timedelta(seconds=5)) == [spec.profile]
    assert not lies.exists()
    assert list(world.profiles.glob(".gone-*")) == []


def test_a_linked_page_that_shows_a_qr_for_a_moment_stays_linked(
    world: ChromiumWorld, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = world.gateway._there()
    patient = replace(house, limits=replace(house.limits, qr_confirm=20))
    monkeypatch.setattr(world.gateway, "_house", patient)
    seen: list[Seen] = []
    judge = Session._unlinked

    def watched(session: Session, link: Link, look: Seen) -> Link:
        seen.append(look)
        return judge(session, link, look)

    monkeypatch.setattr(Session, "_unlinked", watched)
    mark = world.diary.mark()
    world.weather(qr_blink_ms=5000)
    fresh = world.restart(shop[0])
    world.diary.wait(Link, lambda link: link.session == fresh.session and link.synced, mark)
    states = [(one.state, one.detail) for one in world.diary.all(Link, mark) if one.session == fresh.session]
    assert not {("qr", None), ("disconnected", "logged_out")} & set(states)
    assert seen and not any(look.registered for look in seen), "it said itself that it holds no link"


def test_a_lid_account_is_written_to_where_it_lives(world: ChromiumWorld) -> None:
    world.weather(lid_accounts=True)
    spec, _ = world.linked()
    person = world.new_phone()
    found = world.driver.resolve(spec.device_id, person)
    assert found.chat_id is not None
    assert found.chat_id.endswith("@lid")
    assert f"{person}@c.us" in found.other_chat_ids
    message_id = new_id()
    handed = world.driver.hand_over(spec.device_id, found.chat_id, message_id, "hello")
    assert handed.outcome == "acked"
    both = (found.chat_id, *found.other_chat_ids)
    seen = world.driver.look_up(spec.device_id, message_id, both, None)
    assert seen.ack is not None
    assert seen.ack >= 1
    mark = world.diary.mark()
    phone = world.synced(spec.device_id).phone
    world.write(spec.device_id, phone or "", person, "thanks")
    assert world.diary.wait(Inbound, lambda one: one.text == "thanks", mark).phone == person
    assert world.driver.log_out(spec, forget=True).result(PATIENCE)
    world.link_is(spec.device_id, "disconnected", mark)
    assert not (world.profiles / spec.profile).exists()


def test_a_pairing_code_links_a_device_and_takes_no_other_link_away(world: ChromiumWorld, shop: Shop) -> None:
    """WhatsApp may take the links of a number that a code is asked for; wabox asks for none of a linked one."""
    spec, phone = world.spec(), world.new_phone()
    world.weather(pair_code_revokes=True)
    world.driver.open(spec)
    world.driver.ask_pairing_code(spec, phone)
    told = world.pairing(spec.device_id)
    assert told.code is not None
    assert len(told.code) == 8
    world.post("/sandbox/link", phone=phone, code=told.code)
    assert world.synced(spec.device_id).phone == phone
    world.driver.close(spec.device_id)
    assert world.links(shop[1]) == 1


def test_the_page_asks_nobody_but_the_site(world: ChromiumWorld, shop: Shop) -> None:
    tab, mark = tab_of(world, shop), world.diary.mark()
    asked: list[str] = []

    async def listen() -> None:
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("websocket", lambda wire: asked.append(wire.url.replace("ws", "http", 1)))

    world.thread.run(listen())
    world.thread.run(tab.reload())
    wait_until(lambda: any("/" in url for url in asked))
    message_id = new_id()
    world.synced(shop[0].device_id, mark)
    world.driver.hand_over(shop[0].device_id, chat_with(world, shop), message_id, "https://example.com")
    world.receipt(message_id, 2)
    origin = world.url.rstrip("/")
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith((origin, "data:", "blob:"))] == []


def test_nothing_but_the_site_is_reached(world: ChromiumWorld, shop: Shop) -> None:
    tab = tab_of(world, shop)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        places = [
            f"http://127.0.0.1:{port}/",
            f"http://localhost:{port}/",
            "https://example.com/",
            "https://web.whatsapp.com/",
            "https://93.184.215.14/",
        ]
        load = """(url) => new Promise((done) => {
            const image = new Image();
            image.onload = image.onerror = () => done(true);
            image.src = url;
            try { new WebSocket(url.replace(/^http/, 'ws')); } catch {}
            try { navigator.sendBeacon(url, 'x'); } catch {}
        })"""
        for place in places:
            world.thread.run(tab.evaluate(load, place))
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.accept()
    pids = set().union(*(processes.family(pid) for pid in browsers_of(world, shop)))
    assert peers(pids) <= {int(world.url.rsplit(":", 1)[1].strip("/"))}


def test_no_process_of_the_browser_listens(world: ChromiumWorld, shop: Shop) -> None:
    assert listeners(processes.family(os.getpid()) - {os.getpid()}) == set()


def test_the_page_meets_an_ordinary_chromium(world: ChromiumWorld, shop: Shop) -> None:
    tab = tab_of(world, shop)
    agent = str(world.thread.run(tab.evaluate("() => navigator.userAgent")))
    assert "Headless" not in agent
    assert "Chrome/" in agent
    workers = "() => navigator.serviceWorker?.getRegistrations?.().then((all) => all.length) ?? 0"
    assert world.thread.run(tab.evaluate(workers)) in (0, None)


def test_a_profile_is_private(world: ChromiumWorld, shop: Shop) -> None:
    assert (world.profiles / shop[0].profile).stat().st_mode & 0o777 == 0o700


def test_logs_name_devices_but_no_phones_and_no_words(world: ChromiumWorld, shop: Shop) -> None:
    mark = world.diary.mark()
    with capture_logs() as lines:
        chat_id = chat_with(world, shop)
        world.driver.hand_over(shop[0].device_id, chat_id, new_id(), "a secret word")
        world.restart(shop[0])
        world.synced(shop[0].device_id, mark)
    said = str(lines)
    assert "device_id" in said
    for secret in ("a secret word", shop[1], chat_id.partition("@")[0]):
        assert secret not in said


def test_a_left_over_chromium_and_its_lock_are_no_obstacle(
    world: ChromiumWorld, shop: Shop, tmp_path: Path
) -> None:
    """Rows 14 and 22: what a killed life left on the profile."""
    device_id, mark = shop[0].device_id, world.diary.mark()
    world.driver.close(device_id)
    world.link_is(device_id, "not_started", mark)
    lock = world.profiles / shop[0].profile / "SingletonLock"
    lock.symlink_to("another-host-4242")
    mark = world.diary.mark()
    world.driver.open(shop[0])
    world.synced(device_id, mark)


def peers(pids: set[int]) -> set[int]:
    """Ports of the other ends of all TCP connections of these processes."""
    return {remote for _, remote, state in tcp(pids) if state == "01"}


def listeners(pids: set[int]) -> set[int]:
    """Ports on which these processes listen."""
    return {local for local, _, state in tcp(pids) if state == "0A"}


def tcp(pids: set[int]) -> list[tuple[int, int, str]]:
    sockets = {link for pid in pids for link in links_of(pid)}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            parts = line.split()
            if f"socket:[{parts[9]}]" in sockets:
                ports = [int(end.rpartition(":")[2], 16) for end in parts[1:3]]
                found.append((ports[0], ports[1], parts[3]))
    return found


def links_of(pid: int) -> list[str]:
    try:
        return [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []


async def checked(gateway: Gateway, device_id: int) -> Checkup:
    return await asyncio.to_thread(gateway.checkup, device_id)


@pytest.mark.parametrize(
    ("place", "ends"),
    [("launch_socket", {"qr_rotations": 2}), ("cmd", {"qr_idle_after": 2}), ("none", {"qr_rotations": 2})],
)
def test_a_dead_qr_is_never_shown_and_is_renewed(
    world: ChromiumWorld, monkeypatch: pytest.MonkeyPatch, place: str, ends: dict[str, int]
) -> None:
    """After the last of its codes the page keeps that text, or waits for a click; else a reload brings them."""
    world.weather(ref_ms=1000, refresh_qr=place, **ends)
    monkeypatch.setattr(world.gateway, "_house", replace(world.gateway._there(), limits=FAST_CODES))
    spec, mark = world.spec(), world.diary.mark()
    world.driver.open(spec)
    texts: list[str] = []
    while len(texts) < 4:
        link = world.diary.wait(Link, lambda one: one.qr is not None and one.qr not in texts, mark)
        texts.append(link.qr or "")
        assert link.qr_at and link.qr_until and link.qr_at < link.qr_until
    links = [one for one in world.diary.all(Link, mark) if one.device_id == spec.device_id]
    second = next(at for at, one in enumerate(links) if one.qr == texts[1])
    after = next(one for one in links[second:] if one.qr != texts[1])
    assert after.qr is None  # the dead one went before the next was there
    mend = "not_needed" if place == "cmd" else "in_force"
    assert world.thread.run(checked(world.gateway, spec.device_id)).patches["refresh-qr"] == mend
    closed(world, spec)


def test_what_cannot_start_says_why(world: ChromiumWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    house = replace(world.gateway._there(), limits=replace(QUICK, failed_after=0, goto=3))

    def detail(url: str, chromium: str | None = None, room: int = 0) -> str | None:
        """Of a device in such a house."""
        with monkeypatch.context() as moved:
            there = replace(house, url=url, chromium=chromium, min_free_bytes=room)
            moved.setattr(world.gateway, "_house", there)
            spec = world.spec()
            world.driver.open(spec)
            link = world.link_is(spec.device_id, "disconnected")
        closed(world, spec)
        assert link.detail_text
        return link.detail

    assert detail(world.url, chromium="/nowhere/chromium") == "browser_missing"
    assert detail(world.url, chromium="/bin/false") == "browser_failed"
    assert detail(world.url, room=1 << 62) == "storage_full"
    assert detail("http://127.0.0.1:9", browsers.SHELL) == "page_failed"
    monkeypatch.setattr(browser, "runs_as_root", lambda: True)
    assert detail("https://web.whatsapp.com") == "run_as_root"


def test_disk_that_fills_up_closes_the_page_until_there_is_room(
    world: ChromiumWorld, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_RECHECK_SECONDS", 0.2)
    device_id, mark = shop[0].device_id, world.diary.mark()
    with monkeypatch.context() as full:
        full.setattr(Profile, "free_bytes", lambda _: 0)
        assert world.link_is(device_id, "disconnected", mark).detail == "storage_full"
        wait_until(lambda: not browsers_of(world, shop))
    world.synced(device_id, mark)


def test_files_of_browsers_are_in_a_directory_of_their_own_and_stopping_leaves_none_and_no_process(
    tmp_path: Path,
) -> None:
    """And it answers whoever is waiting."""
    world = ChromiumWorld(tmp_path, chromium=browsers.WHOLE)  # the shell makes no such socket
    spec, _ = shop = world.linked()
    place = world.gateway._temporary.path
    socket_of = (world.profiles / spec.profile / "SingletonSocket").readlink()
    assert socket_of.parent.parent == place
    marked = processes.marked(world.profiles, place)
    assert set(browsers_of(world, shop)) <= set(marked)
    assert world.gateway._there().runtime.pid in marked
    chat_id = chat_with(world, shop)
    pids = set().union(*(processes.family(pid) for pid in browsers_of(world, shop)))
    world.weather(blackhole=True)
    with ThreadPoolExecutor(1) as worker:
        call = worker.submit(world.driver.hand_over, spec.device_id, chat_id, new_id(), "hello")
        wait_until(lambda: bool(world.gateway._asking))
        began = time.monotonic()
        world.close()
        assert call.result(PATIENCE).outcome == "in_doubt"
    assert time.monotonic() - began < 10
    assert pids
    assert not [pid for pid in pids if processes.alive(pid)]
    assert not place.exists()
